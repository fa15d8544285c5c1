"""Receipts for people: sentences with shares and quotations."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

from retrieval.receipt import (
    TAKEN_OFF,
    BridgePart,
    ConnectingFact,
    DirectPart,
    Origin,
    Quote,
    Receipt,
    named,
)
from server.cli.output import counted

_SHOWN = 5
"""How many parts are shown one by one; the rest is summed up in one line."""
_LEAST = 0.01
"""Parts with a smaller share of the score are summed up with the rest."""
_BETTER = {
    "alike": "is similar and ranks higher",
    "passed": "came near to it and fits the question itself better",
}
"""Kind of deduction -> what is said of the passage that causes it."""
_BARE = frozenset(
    "about as at by for from in into of on over since to under with "
    "am are be been had has have is was were".split()
)
"""English prepositions, and forms of 'be' and 'have'. As a whole relation an extractor has them
where it only sees that two names stand together ('Treaty — on — European Union')."""
_QUOTE_CHARS, _AGAIN_CHARS = 220, 40


def receipt_lines(receipt: Receipt) -> Iterator[str]:
    """The lines of a receipt: its heading, then its parts, largest first, then deductions."""
    title = named(receipt)
    yield f"{title} is ranked {ordinal(receipt.rank)} (score {receipt.score:.3g}):"
    quoting = _Quoting()
    parts: list[tuple[float, Callable[[], str]]] = [
        (part.amount, partial(_direct, part, quoting))
        for part in receipt.direct
        if part.amount and part.kind not in TAKEN_OFF
    ]
    for group in _groups(receipt.bridges):
        over = partial(_over, group, receipt.passage_id, quoting)
        parts.append((sum(part.amount for part in group), over))
    parts.sort(key=lambda part: -abs(part[0]))
    whole = sum(abs(amount) for amount, _ in parts)
    of_score = all(amount > 0 for amount, _ in parts)
    shown = [part for part in parts[:_SHOWN] if abs(part[0]) >= _LEAST * whole]
    for amount, line in shown:
        yield f"{_figure(amount, whole, of_score):>5} {line()}"
    if rest := sum(amount for amount, _ in parts[len(shown) :]):
        smaller = counted(len(parts) - len(shown), "smaller part")
        yield f"{_figure(rest, whole, of_score):>5} in {smaller}"
    for part in receipt.direct:
        if part.kind in TAKEN_OFF:
            off = f"{-part.amount:.3g} is taken off"
            better = f"'{part.label}' ({ordinal(part.rank)})"
            yield f"Of {receipt.given:.3g}, {off}: {better} {_BETTER[part.kind]}."
    yield from receipt.notes


def _figure(amount: float, whole: float, of_score: bool) -> str:
    """A part's share of the score; its amount if some part is negative, where shares would mean
    little."""
    return percent(amount / whole) if of_score else f"{amount:.3g}"


def ordinal(number: int) -> str:
    """'1st', '2nd', '3rd', '11th'."""
    teens = 10 <= number % 100 <= 20
    return f"{number}{'th' if teens else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"


def percent(share: float) -> str:
    """'84 %', '<1 %', and '>99 %' rather than a rounded '100 %', which would leave nothing for
    other parts."""
    if share < 0.005:
        return "<1 %"
    return ">99 %" if 0.995 <= share < 1 - 1e-6 else f"{100 * share:.0f} %"


def _groups(bridges: Sequence[BridgePart]) -> Iterable[list[BridgePart]]:
    """Bridges in order; one whose name is part of another's ('Ann' in 'Ann Lee') is grouped with it
    if both lead from the same passage."""
    groups: list[list[BridgePart]] = []
    for bridge in bridges:
        for group in groups:
            if _same(bridge, group[0]):
                group.append(bridge)
                break
        else:
            groups.append([bridge])
    return groups


def _same(bridge: BridgePart, other: BridgePart) -> bool:
    one, two = bridge.name.casefold().split(), other.name.casefold().split()
    nested = set(one) <= set(two) or set(two) <= set(one)
    return nested and bridge.origins[0].passage_id == other.origins[0].passage_id


def _over(group: Sequence[BridgePart], passage_id: str, quoting: "_Quoting") -> str:
    first = max(group, key=lambda part: len(part.name))
    also = [f"'{part.name}'" for part in group if part is not first]
    names = f"'{first.name}'" + (f" (also {', '.join(also)})" if also else "")
    origin, others = first.origins[0], len({o.passage_id for part in group for o in part.origins})
    more = f", and {others - 1} more" if others > 1 else ""
    came = f"{named(origin)} ({ordinal(origin.rank)}{more}{_before(origin, passage_id)})"
    said, here = quoting.said(origin.quote), quoting.said(first.quote)
    told = f"via {names}: {came} {said}, and here it {here}"
    ends = {passage_id, origin.passage_id}
    facts = [one for one in first.facts if ends & set(one.passage_ids) and not _is_bare(one)]
    return f"{told} (fact: {_fact(facts[0])})" if facts else told


def _before(origin: Origin, passage_id: str) -> str:
    """The name through which the walk reached that passage, if that contributed most; and whether
    it came from the passage that is explained, so that this is the way back."""
    giver = origin.givers[0] if origin.givers else None
    if giver is None or giver.kind != "bridge":
        return ""
    here = "from here " if giver.passage_id == passage_id else ""
    return f"; reached {here}via '{giver.label}'"


def _is_bare(fact: ConnectingFact) -> bool:
    """Whether a fact says no more than that two names stand together."""
    return _BARE.issuperset(fact.relation.casefold().split())


def _direct(part: DirectPart, quoting: "_Quoting") -> str:
    match part.kind:
        case "link":
            return f"directly, because the question names “{part.label}”{_naming(part, quoting)}"
        case "seed":
            return f"from '{part.label}', where the walk started"
        case "word":
            return f"for the word “{part.label}”"
    quote = f": {quoting.quote(part.quote)}" if part.quote else ""
    if part.kind == "sub-question":
        return f"for the sub-question “{part.label}”{quote}"
    if part.kind == "clause":
        return f"directly, for its similarity to “{part.label}”{quote}"
    return f"directly, for its similarity to the question{quote}"


def _naming(part: DirectPart, quoting: "_Quoting") -> str:
    """The sentence that names it; none where only the title does."""
    if part.quote is None or part.quote.by_title:
        return ", as does its title"
    return f": {quoting.quote(part.quote)}"


def _fact(fact: ConnectingFact) -> str:
    return f"{fact.subject} — {fact.relation} — {fact.object}"


class _Quoting:
    """Quotes each sentence in full once, and then by its beginning."""

    def __init__(self) -> None:
        self._quoted: set[str] = set()

    def said(self, quote: Quote | None) -> str:
        """says «the sentence»; has the heading «…»; where a name is only the title's, that."""
        if quote is None:
            return "names it in its title"
        says = "says under that title" if quote.by_title else "says"
        return f"{'has' if quote.heading else says} {self.quote(quote)}"

    def quote(self, quote: Quote) -> str:
        """«The sentence»; the heading «…»."""
        flat = " ".join(quote.text.split())
        limit = _AGAIN_CHARS if flat in self._quoted else _QUOTE_CHARS
        self._quoted.add(flat)
        cut = flat[:limit].rsplit(" ", 1)[0] + " …" if len(flat) > limit else flat
        return f"the heading «{cut}»" if quote.heading else f"«{cut}»"
