"""Prints a retrieval for people: passages, what led to them, what to try next."""

import re
from collections.abc import Iterable, Sequence

from rich.padding import Padding
from rich.text import Text

from kg.tokens import tokenise
from retrieval.quoting import is_heading
from retrieval.results import Explanation, Hit, Retrieval, Span
from server.cli.output import console, printable

_SENTENCE = re.compile(r"[^\s。！？][^\n。！？]*?(?:[.!?](?=\s)|[。！？]|(?=\n)|\Z)")
_BLOCK = re.compile(r"\S.*?(?=\s*\n[^\S\n]*\n|\s*\Z)", re.DOTALL)
_FAR = {"minilm": 0.3}
"""Embedder -> the similarity below which even the best passage may be unrelated to the question. Of
366 questions that their collections can answer, none has less than 0.34."""
_SNIPPET_CHARS = 300
_SHOWN = 6
"""How many entities of each role, and facts, are shown without --explain."""
_PLACES = 3
"""How many of the places of a passage are shown without --explain: a footer may be in thousands."""
_ROLES = {"question": "named in the question", "seed": "started from", "bridge": "went through"}


def print_answer(found: Retrieval, *, k: int, explain: bool, embedder: str = "") -> None:
    """Print a retrieval on standard output. `embedder`: the collection's, if known."""
    out = console()
    for hit in found.hits:
        out.print(heading(hit, None if explain else _PLACES))
        text = printable(hit.text if explain else snippet(hit, found.question))
        out.print(Padding(Text(text), (0, 0, 0, 4)) if out.is_terminal else f"    {text}")
    if doubt := doubt_of(found.hits, embedder):
        out.print(Text(f"  {doubt}", style="yellow"))
    for line in _led_there(found.explanation, explain=explain):
        out.print(line)
    if explain:
        times = ", ".join(f"{name} {ms:.0f} ms" for name, ms in found.timings.items())
        out.print(Text(f"Mode {found.mode}, revision {found.revision}; {times}", style="dim"))
    out.print(Text("\nTry next", style="bold"))
    for tip in _tips(found, k=k, explain=explain):
        out.print(f"  {tip}")


def doubt_of(hits: Sequence[Hit], embedder: str) -> str:
    """A warning that perhaps none of the passages is about the question; '' if one seems to be, or
    if that is unknown."""
    nearest = max((hit.similarity for hit in hits if hit.similarity is not None), default=1.0)
    if nearest >= _FAR.get(embedder, -1.0):
        return ""
    return (
        "Perhaps none of these answers the question: the nearest has a similarity of "
        f"{nearest:.2f}, and where there is an answer it is {_FAR[embedder]} or more as a rule."
    )


def snippet(hit: Hit, question: str) -> str:
    """A short passage in full; of a long one, the sentence nearest to the question, with as much of
    its context as fits."""
    flat = _flat(hit.text)
    if len(flat) <= _SNIPPET_CHARS:
        return flat
    at = hit.sentence or _most_shared(hit.text, question)
    start, end = _widened(hit.text, at.start, at.end)
    chosen = _flat(hit.text[start:end])
    cut = chosen[:_SNIPPET_CHARS].rsplit(" ", 1)[0] if len(chosen) > _SNIPPET_CHARS else chosen
    more = end < len(hit.text.rstrip()) or len(cut) < len(chosen)
    return ("… " if hit.text[:start].strip() else "") + cut + (" …" if more else "")


def _most_shared(text: str, question: str) -> Span:
    """The sentence that shares the most words with the question, for modes without vectors."""
    wanted = {token.form for token in tokenise(question)}
    spans = [Span(start=match.start(), end=match.end()) for match in _SENTENCE.finditer(text)]
    shared = [
        len(wanted & {token.form for token in tokenise(text[span.start : span.end])})
        for span in spans
    ]
    return spans[shared.index(max(shared))]


def _widened(text: str, start: int, end: int) -> tuple[int, int]:
    """A part of a text, widened by as many neighbouring sentences as fit: first those that follow,
    then those before."""
    spans = [match.span() for match in _SENTENCE.finditer(text)]
    for _, after in spans:
        if end < after <= start + _SNIPPET_CHARS:
            end = after
    for before, _ in reversed(spans):
        if end - _SNIPPET_CHARS <= before < start:
            start = before
    return start, end


def _flat(text: str) -> str:
    """A text on one line, with a colon after each heading."""
    blocks = [
        " ".join(block.group().split()) + (":" if is_heading(text, *block.span()) else "")
        for block in _BLOCK.finditer(text)
    ]
    return " ".join(blocks)


def heading(hit: Hit, most: int | None = None) -> Text:
    """'1  Title > heading — source, p. 3; source; and 2 more  (0.123)', with at most so many of its
    places."""
    name = " > ".join(part for part in (hit.title, hit.heading) if part) or "(no title)"
    line = Text.assemble((f"{hit.rank:>2}  ", "bold cyan"), (printable(name), "bold"))
    places = [
        printable(place.source) + (f", p. {place.page}" if place.page else "")
        for place in hit.citations
    ]
    if places:
        shown = list(dict.fromkeys(places))
        if most is not None and len(shown) > most + 1:  # a last one is as short as "and 1 more"
            shown = [*shown[:most], f"and {len(shown) - most:,} more"]
        line.append(f" — {'; '.join(shown)}", style="green")
    return line.append(f"  ({hit.score:.4f})", style="dim")


def _led_there(explanation: Explanation, *, explain: bool) -> Iterable[Text]:
    limit = None if explain else _SHOWN
    for note in explanation.notes:
        yield Text(f"  {note}", style="yellow")
    if explanation.entities or explanation.facts:
        yield Text("\nWhat led there", style="bold")
    for role in dict.fromkeys(entity.role for entity in explanation.entities):
        of_role = [entity for entity in explanation.entities if entity.role == role][:limit]
        names = ", ".join(
            f"{entity.name} ({entity.weight:.2f})" if explain else entity.name for entity in of_role
        )
        yield Text.assemble((f"  {_ROLES.get(role, role)}: ", "cyan"), printable(names))
    for fact in explanation.facts[:limit]:
        told = f"{fact.subject} — {fact.relation} — {fact.object}"
        weight = f" ({fact.score:.2f})" if explain else ""
        yield Text.assemble(("  fact: ", "cyan"), printable(told), weight)
    if explain and explanation.clauses:
        yield Text.assemble(("  read as: ", "cyan"), " | ".join(explanation.clauses))


def _tips(found: Retrieval, *, k: int, explain: bool) -> Iterable[str]:
    if not found.hits:
        yield f"ammon ingest PATH --collection {found.collection!r}    (add documents)"
        yield "ammon status    (see what is there)"
        return
    asked = f'ammon query "…" --collection {found.collection!r}'
    bridges = [entity.name for entity in found.explanation.entities if entity.role == "bridge"]
    if bridges:
        onward = asked.replace("…", f"… {bridges[0]} …", 1)
        yield f"{onward}    (continue from a name that the walk went through)"
    if len(found.hits) == k:
        yield f"{asked} --k {4 * k}    (more passages)"
    if not explain:
        yield f"{asked} --explain    (whole passages and all weights)"
    other = "dense" if found.mode != "dense" else "ammon"
    yield f"{asked} --mode {other}    (compare)"
