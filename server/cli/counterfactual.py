"""Counterfactuals for people: a sentence, and a remark."""

import re
from collections.abc import Iterator

from retrieval.counterfactual import Counterfactual
from retrieval.receipt import named
from server.cli.receipt import ordinal

_PASSAGE_ID = re.compile(r"psg-[0-9a-f]+")


def counterfactual_lines(found: Counterfactual) -> Iterator[str]:
    """The lines of a counterfactual."""
    title = named(found)
    place = f"still be {ordinal(found.rank)}"
    if found.rank != found.rank_without:
        place = f"be {ordinal(found.rank_without)}, not {ordinal(found.rank)}"
    scores = f"(score {found.score_without:.3g} instead of {found.score:.3g})"
    if found.score == found.score_without:
        scores = f"(score {found.score:.3g}, as with it)"
    yield f"Without {_left_out(found)}, {title} would {place} {scores}."
    if found.note:
        yield found.note


def _left_out(found: Counterfactual) -> str:
    """the name 'Ann Lee' (and 'Ann'); passage 'Title' (1st); document 'a.md' ('Title', 1st)."""
    rank = [ordinal(found.left_out_rank)] if found.left_out_rank else []
    key = found.without.passage
    if key and not _PASSAGE_ID.fullmatch(key):
        titles = [f"'{name}'" for name in found.names if name != key]
        inside = ", ".join(titles + rank)
        return f"document '{key}'" + (f" ({inside})" if inside else "")
    kind = "the name" if found.without.entity else "the fact" if found.without.fact else "passage"
    first, *others = [f"'{name}'" for name in found.names]
    what = f"{kind} {first}" + (f" (and {', '.join(others)})" if others else "")
    return " ".join([what, *(f"({one})" for one in rank)])
