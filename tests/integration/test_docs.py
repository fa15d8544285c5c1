"""Pages for people lead where they say, and the commands in them are there."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from server.cli.app import app
from server.settings import Settings
from server.settings.loading import CONFIG_VARIABLE
from server.settings.settings import PREFIX

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
PAGE = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


def calls(page: Path, program: str) -> Iterator[list[str]]:
    """The words after the program's name, a pattern, wherever a page has it in code."""
    text = page.read_text(encoding="utf-8")
    blocks = re.findall(r"^```\w*\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    spans = re.findall(r"`([^`]+)`", prose)
    for line in (*spans, *(line for block in blocks for line in block.splitlines())):
        for command in re.split(r"&&|\||;", line.replace("…", "ELLIPSIS")):
            plain = " ".join(command.split())
            if found := re.match(rf"(?:\$ )?(?:\.venv/bin/)?{program}(.*)", plain):
                yield _words(found[1])


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text, comments=True)
    except ValueError:  # a quotation goes on in the next line
        return text.partition('"')[0].split()


def unknown(words: list[str]) -> list[str]:
    """What `ammon` does not know of these words."""
    command: Any = typer.main.get_command(app)
    known = {"--help"}
    while True:
        known.update(option for parameter in command.params for option in parameter.opts)
        known.update(option for parameter in command.params for option in parameter.secondary_opts)
        following = getattr(command, "commands", {})
        if not words or not following or words[0].startswith("-"):
            break
        if words[0] not in following:
            return words[:1]
        command, words = following[words[0]], words[1:]
    options = [word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)]
    return [option for option in options if option not in known]


@PAGE
def test_every_link_within_the_checkout_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


@PAGE
def test_commands_are_there_with_their_options(page: Path) -> None:
    wrong = {" ".join(words): unknown(words) for words in calls(page, r"ammon\b(?= |$)")}
    assert {command: what for command, what in wrong.items() if what} == {}


@PAGE
def test_benchmarks_are_there_with_their_options(page: Path) -> None:
    shared = "".join(
        (ROOT / "bench" / f"{name}.py").read_text(encoding="utf-8")
        for name in ("options", "sources")
    )
    for name, *words in calls(page, r"python -m (?=bench\.[a-z])"):
        file = ROOT / f"{name.replace('.', '/')}.py"
        assert file.is_file(), name
        options = [word.removeprefix("--") for word in words if word.startswith("--")]
        source = shared + file.read_text(encoding="utf-8")
        missing = [one for one in options if not re.search(rf'"(--)?{one}"', source)]
        assert missing == [], name


@PAGE
def test_targets_of_make_are_there(page: Path) -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)
    wanted = [words[0] for words in calls(page, r"make(?= )") if words]
    assert [target for target in wanted if target not in targets] == []


@PAGE
def test_files_of_tests_are_there_with_what_is_chosen_of_them(page: Path) -> None:
    for words in calls(page, r"python -m pytest(?= )"):
        paths = [ROOT / word for word in words if word.startswith("tests/")]
        assert all(path.exists() for path in paths), words
        if "-k" in words:
            chosen = words[words.index("-k") + 1]
            assert any(chosen in path.read_text(encoding="utf-8") for path in paths), words


@PAGE
def test_variables_are_those_of_settings(page: Path) -> None:
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields} | {CONFIG_VARIABLE}
    named = set(re.findall(rf"\b{PREFIX}[A-Z0-9_]+", page.read_text(encoding="utf-8")))
    assert named - known == set()


@pytest.mark.parametrize("name", Settings.model_fields)
def test_the_page_of_settings_has_each_with_its_meaning(name: str) -> None:
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    meaning = " ".join((Settings.model_fields[name].description or "").split())
    (row,) = (line for line in page.splitlines() if line.startswith(f"| `{name}` |"))
    assert row.endswith(f"| {meaning} |")


def test_the_page_of_settings_has_their_defaults() -> None:
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    shown = dict(re.findall(r"^\| `(\w+)` \| `([^`]+)` \|", page, re.MULTILINE))
    defaults = {
        name: str(field.get_default()).lower()
        for name, field in Settings.model_fields.items()
        if not field.default_factory and isinstance(field.default, (str, int, float))
    }
    assert {name: text.lower() for name, text in shown.items()} == {
        name: text for name, text in defaults.items() if text
    }
