"""Full-width letters, ligatures and other forms that Unicode has of ordinary letters and digits,
read as these.

A question typed in full-width letters, a passage with the ligatures of a PDF or with bold letters
of mathematics is the same text in other characters. Many models do not know them, and take a word
with one of them for an unknown word. So they are replaced by their compatibility forms (NFKC), by
which names and words are compared, too.

The whole text is not normalised: NFKC also makes 106 of 10⁶, and English punctuation of Chinese,
both of which models know as they are.
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import cached_property

from inference.embedder import Bundle, Kind, Part, Progress, Vectors
from inference.wrapper import EmbedderWrapper

RULES = "folded-1"
"""Part of the identity of an embedder whose texts are folded. Whoever changes what a text is folded
to raises the number."""

_FORMS = (
    "\u2100-\u2115\u2117-\u211f\u2121\u2123-\u214f"  # letterlike symbols, but not №, ℠ and ™
    "\u2160-\u217f"  # Roman numerals
    "\u2460-\u24ea"  # letters and numbers in circles and brackets
    "\u2e9f\u2ef3\u2f00-\u2fd5"  # radicals, as which PDFs have some Chinese characters
    "\u3200-\u33ff"  # East Asian letters and words in circles, brackets and squares
    "\ufb00-\ufb4f"  # ligatures, and Hebrew presentation forms
    "\ufb50-\ufc5d\ufc64-\ufdfb\ufe80-\ufefc"  # Arabic presentation forms, but not bare marks
    "\U0001d400-\U0001d7ff"  # mathematical letters and digits
    "\U0001f100-\U0001f14f"  # more letters and numbers in circles, brackets and squares
)
_WIDE = "\uff10-\uff19\uff21-\uff3a\uff41-\uff5a\uff66-\uff9d\uffa1-\uffdc"
"""Full-width letters and digits; half-width Japanese and Korean letters."""
_BETWEEN = (
    "\u3000\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65\uff9e\uff9f"
    "\uffe0-\uffe2\uffe4-\uffe6"  # but not the overline, the only one that becomes two characters
)
"""The space, punctuation, signs and voicing marks that are folded beside such letters; by
themselves they belong to Chinese or Japanese text."""
_FOLDED = re.compile(f"[{_FORMS}{_WIDE}]")
_RUN = re.compile(f"[{_FORMS}]+|[{_WIDE}{_BETWEEN}]+")


def folded(text: str) -> str:
    """The text with ordinary letters and digits; the same object if it has no other forms of
    them."""
    if text.isascii() or not _FOLDED.search(text):
        return text
    return _RUN.sub(_ordinary, text)


def _ordinary(run: re.Match[str]) -> str:
    found = run[0]
    return unicodedata.normalize("NFKC", found) if _FOLDED.search(found) else found


class FoldingEmbedder(EmbedderWrapper):
    """Folds the texts that another embedder gets.

    That may be a cache: then all forms of a text share an entry, and entries from before there was
    folding remain valid.
    """

    @cached_property
    def model_id(self) -> str:
        """The other's, and by which rules texts are folded."""
        return f"{self._embedder.model_id}:{RULES}"

    def count_tokens(self, text: str) -> int:
        return super().count_tokens(folded(text))

    def embed(self, texts: Sequence[str], kind: Kind, progress: Progress | None = None) -> Vectors:
        return super().embed([folded(text) for text in texts], kind, progress)

    def embed_bundles(self, bundles: Sequence[Bundle], kind: Kind) -> list[Vectors]:
        """See `inference.embedder.BundleEmbedder`; parts are spans of the texts as given."""
        return super().embed_bundles([_folded(bundle) for bundle in bundles], kind)


def _folded(bundle: Bundle) -> Bundle:
    text = folded(bundle.text)
    parts = bundle.parts
    if text is not bundle.text:
        parts = tuple([_moved(part, bundle.text) for part in parts])
    return Bundle(text, parts, tuple([folded(other) for other in bundle.beside]))


def _moved(part: Part, text: str) -> Part:
    """The part's spans in the folded text, where what precedes them may be longer."""
    return tuple([(len(folded(text[:start])), len(folded(text[:end]))) for start, end in part])
