"""A Neo4j Browser in a headless Chromium, for tests."""

import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.servers.neo4j import Neo4jServer
from tests.servers.sharing import missing, need

if TYPE_CHECKING:
    from playwright.sync_api import Page

_MILLISECONDS = 60_000.0
_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Neo4j Browser asks others for fonts, and would be waited for until these have answered.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]
_DROP = """file => {
  const data = new DataTransfer();
  data.items.add(new File([file.text], file.name, {type: 'text/plain'}));
  const target = document.querySelector('[data-testid=main]');
  for (const name of ['dragenter', 'dragover', 'drop']) {
    const how = {dataTransfer: data, bubbles: true, cancelable: true};
    target.dispatchEvent(new DragEvent(name, how));
  }
}"""
_FIT = "button[aria-label='zoom-to-fit']"


@dataclass(frozen=True, slots=True)
class Neo4jBrowser:
    """What a person does in Neo4j Browser."""

    page: "Page"

    def open(self, link: str, server: Neo4jServer) -> None:
        """Follow a link, and log in."""
        self._load(link)
        self.page.get_by_test_id("username").fill(server.user)
        self.page.get_by_test_id("password").fill(server.password)
        self.page.get_by_test_id("connect").click()
        self.page.get_by_text("You are connected as user").wait_for()

    def _load(self, link: str) -> None:
        """Until one can log in; a page that does not come is asked for once more."""
        from playwright.sync_api import TimeoutError as TimedOut

        form = self.page.get_by_test_id("username")
        with suppress(TimedOut):
            self.page.goto(link, wait_until="commit")
            form.wait_for()
            return
        self.page.goto(link, wait_until="commit")
        form.wait_for()

    def drop_style(self, file: Path) -> None:
        """Drop a style file on it."""
        text = file.read_text(encoding="utf-8")
        self.page.evaluate(_DROP, {"name": file.name, "text": text})
        self.page.get_by_text("node.Passage").first.wait_for()

    def run(self) -> None:
        """Run what the editor holds, and wait until it is drawn."""
        self.page.get_by_test_id("editor-Run").click()
        self.page.locator("svg.neod3viz g.node").first.wait_for()
        self.page.locator("svg.neod3viz g.relationship").first.wait_for()

    def drawn(self, kind: str) -> int:
        """How many there are of 'node' or 'relationship'."""
        return self.page.locator(f"svg.neod3viz g.{kind}").count()

    def captions(self, colour: str) -> set[str]:
        """What stands in the nodes of this colour."""
        outline = f"circle.b-outline[fill='{colour}']"
        nodes = self.page.locator("svg.neod3viz g.node", has=self.page.locator(outline))
        return {" ".join(text.split()) for text in nodes.all_text_contents()}

    def screenshot(self, file: Path) -> None:
        """Take a picture of the graph alone, as large as the window."""
        self.page.get_by_test_id("frame").first.get_by_title("Fullscreen").click()
        self.page.get_by_title("Collapse the node properties display").first.click()
        self.page.locator("[data-testid=vizInspector]").first.wait_for(state="hidden")
        self.page.locator(_FIT).first.click()
        self.page.wait_for_timeout(1500)  # it moves there
        self.page.screenshot(path=file)


@pytest.fixture
def neo4j_browser() -> Iterator[Neo4jBrowser]:
    """A Chromium of this test's own."""
    need("chromium", "install Chromium")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing("Playwright is not installed: pip install playwright")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=_ARGUMENTS
        )
        try:
            page = chromium.new_page(viewport={"width": 1200, "height": 800})
            page.set_default_timeout(_MILLISECONDS)
            yield Neo4jBrowser(page)
        finally:
            chromium.close()
