"""Packages that several threads import first, at the same time, from different ends."""

import subprocess
import sys

import pytest

MEET = """
import sys, threading, time
from importlib.abc import MetaPathFinder

ends, troubles = {ends!r}, []


class Meeting(MetaPathFinder):
    '''Lets the second thread begin in the middle of the first one's import.'''

    def find_spec(self, name, path=None, target=None):
        if name == {middle!r} and not others:
            others.append(threading.Thread(target=run, args=(ends[1],)))
            others[0].start()
            time.sleep(0.3)


def run(end):
    try:
        exec(end, {{}})
    except BaseException as error:
        troubles.append(repr(error))


others = []
sys.meta_path.insert(0, Meeting())
run(ends[0])
assert others, "the second thread was not begun"
others[0].join()
print(troubles)
"""


def met(middle: str, first: str, second: str) -> str:
    """What went wrong in a new process where a second thread begins when the first one is about to
    import the module `middle`."""
    code = MEET.format(ends=(first, second), middle=middle)
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


PASSAGE = "Passage(id='psg-1', title='Hebb', heading='', text='Donald Hebb wrote a book.')"
EXTRACT = f"""
from indexer.extraction.spacy import SpacyExtractor
from kg.records import Passage
(found,) = SpacyExtractor().extract([{PASSAGE}])
assert 'Donald Hebb' in [entity.name for entity in found.entities]
"""
WORDS = """
from indexer.snapshot.stopwords import is_function_word
assert is_function_word('the')
"""


@pytest.mark.parametrize("middle", ["spacy.errors", "spacy.pipeline.attributeruler", "spacy.lang"])
def test_a_document_is_read_while_function_words_are_first_looked_up(middle: str) -> None:
    assert met(middle, EXTRACT, WORDS) == "[]"


@pytest.mark.parametrize("middle", ["numba.core.config", "numba.core.errors"])
def test_the_loops_are_imported_by_two_threads(middle: str) -> None:
    assert met(middle, "import retrieval.loops.best", "import retrieval.loops.products") == "[]"
