"""The conditioned walk once more: slow, with dictionaries and loops, in double precision.

It starts from the notes themselves, not from a snapshot, so that it checks the indexer's pairs
too. What it shares with the real one: words (`tokenise`), sentences, aliases of titles, and the
clauses of a question.
"""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from indexer.gazetteer import title_aliases
from indexer.sentences import sentence_spans
from indexer.stopwords import is_function_word
from inference.embedder import Embedder
from kg.surfaces import Span, matches
from kg.tokens import Token, has_case, tokenise
from retrieval.question import Clause, read_question
from retrieval.walk import WalkConstants
from tests.doubles.corpus import Note

Words = tuple[str, ...]
"""The normal forms of a name's words."""
Scores = dict[int, float]
"""Passage -> score."""
Vector = npt.NDArray[np.floating]


@dataclass(frozen=True, kw_only=True)
class Named:
    """A name of the question: where it stands, and what it may mean."""

    words: Words
    start: int
    end: int
    meanings: frozenset[Words]


class Corpus:
    """Notes in order of passage id: their vectors, entries and mentions.

    With `cased`, names have capitals.
    """

    def __init__(self, notes: Sequence[Note], embedder: Embedder, *, cased: bool) -> None:
        self.cased = cased
        self.notes = sorted(notes, key=lambda one: one.passage.id)
        self.vectors = [
            _rounded(_embedded(embedder, "\n".join(filter(None, (one.title, one.text)))))
            for one in self.notes
        ]
        self.sentences: list[list[Vector]] = []
        """The vectors of each passage's sentences; these and the passages' are rounded to
        bytes."""
        self.means: dict[Words, set[Words]] = defaultdict(set)
        """Surface -> entries, each known by its main surface."""
        self.title: list[Words] = []
        """The entry that each passage's title is; () without a title."""
        self.words = [
            {token.form for token in [*tokenise(one.title), *tokenise(one.text)]}
            for one in self.notes
        ]
        self._collect()
        self.mentions: dict[Words, dict[int, list[int]]] = defaultdict(dict)
        """Entry -> passage -> numbers of its sentences that name the entry."""
        for number, one in enumerate(self.notes):
            prefix = f"{one.title}: " if one.title else ""
            texts = [one.text[start:end] for start, end in sentence_spans(one.text)]
            self.sentences.append([_rounded(_embedded(embedder, prefix + text)) for text in texts])
            everywhere = (self.named_in(one.title) | {self.title[number]}) - {()}
            for sentence, text in enumerate(texts):
                for entry in self.named_in(text) | everywhere:
                    self.mentions[entry].setdefault(number, []).append(sentence)

    def _collect(self) -> None:
        for one in self.notes:
            entry = _words(tokenise(one.title))
            self.title.append(entry)
            for alias in title_aliases(one.title):
                if _is_name(tokenise(alias)):
                    self.means[_words(tokenise(alias))].add(entry)
        covered = set(self.means)
        for one in self.notes:
            for name in one.names:
                tokens = tokenise(name)
                named = not self.cased or any(token.named for token in tokens)
                if _is_name(tokens) and named and _words(tokens) not in covered:
                    self.means[_words(tokens)].add(_words(tokens))

    def spans(self, text: str, *, cased: bool | None = None) -> list[tuple[int, int]]:
        """(first, end) of every run of tokens that is a known name."""
        cased = self.cased if cased is None else cased
        tokens = tokenise(text)
        return [
            (first, end)
            for first in range(len(tokens))
            for end in range(first + 1, min(first + 12, len(tokens)) + 1)
            if _words(tokens[first:end]) in self.means
            and (end - first > 1 or tokens[first].alone)
            and (not cased or any(token.named for token in tokens[first:end]))
        ]

    def named_in(self, text: str, *, cased: bool | None = None) -> set[Words]:
        """The entries that a text names."""
        tokens = tokenise(text)
        return {
            entry
            for first, end in self.spans(text, cased=cased)
            for entry in self.means[_words(tokens[first:end])]
        }

    def weak(self, entry: Words, number: int) -> bool:
        """Whether an entry that passage `number` names is a number, or stands there only inside
        longer names."""
        if self.title[number] == entry:
            return False
        one = self.notes[number]
        for text in [one.title, *(one.text[a:b] for a, b in sentence_spans(one.text))]:
            tokens, spans = tokenise(text), self.spans(text)
            for first, end in spans:
                words = _words(tokens[first:end])
                inside = any(a <= first and end <= b and (a, b) != (first, end) for a, b in spans)
                if entry in self.means[words] and not inside and not "".join(words).isdigit():
                    return False
        return True

    def df(self, entry: Words) -> int:
        """In how many passages an entry is named."""
        return len(self.mentions[entry])

    def idf(self, entry: Words) -> float:
        """ln(1 + n/df) / ln(1 + n)."""
        count = len(self.notes)
        return math.log(1 + count / max(self.df(entry), 1)) / math.log(1 + count)

    def postings(self, entry: Words, limit: int) -> list[int]:
        """The passages that an entry leads to: its own titles, then where it is named earliest."""
        found = self.mentions[entry]
        best = sorted(found, key=lambda p: (self.title[p] != entry, found[p][0], p))
        return best[:limit]


class ReferenceWalk:
    """Ranks the notes of a corpus for a question."""

    def __init__(
        self,
        notes: Sequence[Note],
        embedder: Embedder,
        constants: WalkConstants | None = None,
        *,
        cased: bool = True,
    ) -> None:
        self._corpus = Corpus(notes, embedder, cased=cased)
        self._embedder = embedder
        self._constants = constants or WalkConstants()

    def scores(self, question: str) -> tuple[Scores, Scores]:
        """(score, base score) of every passage."""
        cased = self._corpus.cased and has_case(tokenise(question), question)
        names = self._names(question, cased)
        clauses = read_question(question, self._spans_named, cased=self._corpus.cased).clauses
        whole = _embedded(self._embedder, question)
        mask = self._mask(question, names)
        relevant = whole if mask is None else (whole + mask) / 2
        views = [self._similarity(whole, self._unnamed(question, names))]
        views += [
            self._similarity(
                _embedded(self._embedder, one.text),
                self._unnamed(question, names, one.start, one.end),
            )
            for one in clauses
        ]
        distinct = {one.words: one for one in names}
        bonuses = {words: self._bonus(one) for words, one in distinct.items()}
        base = {
            p: max(view[p] for view in views) + sum(given.get(p, 0) for given in bonuses.values())
            for p in range(len(self._corpus.notes))
        }
        reset = self._reset(base, views[1:], clauses, names, bonuses)
        asked = self._corpus.named_in(question, cased=cased)
        arrivals = self._step(reset, base, relevant, asked)
        share, later = self._constants.step_weight, self._constants.second_weight
        early = {p: (1 - share) * reset[p] + share * arrivals[p] for p in base}
        best = sorted(early, key=lambda p: (-early[p], base[p], p))[: self._constants.second_from]
        total = sum(early[p] for p in best)
        again = self._step({p: early[p] / total for p in best}, base, relevant, asked)
        return {p: (1 - later) * early[p] + later * again[p] for p in base}, base

    def ranking(self, question: str, k: int) -> list[tuple[str, float]]:
        """(passage id, score) of the k best."""
        score, base = self.scores(question)
        order = sorted(score, key=lambda p: (-score[p], -base[p], p))
        return [(self._corpus.notes[p].passage.id, score[p]) for p in order[:k]]

    def _spans_named(self, tokens: Sequence[Token], cased: bool) -> list[Span]:
        means = self._corpus.means
        return matches(tokens, cased=cased, known=lambda one: tuple(one.split(" ")) in means)

    def _names(self, question: str, cased: bool) -> list[Named]:
        """The longest names that do not overlap, in order of place."""
        tokens, taken, found = tokenise(question), set[int](), []
        spans = self._corpus.spans(question, cased=cased)
        for first, end in sorted(spans, key=lambda span: (span[0] - span[1], span[0])):
            if taken.isdisjoint(range(first, end)):
                taken |= set(range(first, end))
                words = _words(tokens[first:end])
                start, stop = tokens[first].start, tokens[end - 1].end
                means = frozenset(self._corpus.means[words])
                found.append(Named(words=words, start=start, end=stop, meanings=means))
        return sorted(found, key=lambda one: one.start)

    def _mask(self, question: str, names: Sequence[Named]) -> Vector | None:
        left = list(question)
        for one in names:
            left[one.start : one.end] = [""] * (one.end - one.start)
        text = " ".join("".join(left).split())
        return _embedded(self._embedder, text) if names and text else None

    def _unnamed(
        self, question: str, names: Sequence[Named], start: int = 0, end: int | None = None
    ) -> set[str]:
        """The words of a part of the question that are in no name."""
        return {
            token.form
            for token in tokenise(question)
            if start <= token.start < (len(question) if end is None else end)
            and not any(one.start <= token.start < one.end for one in names)
        }

    def _similarity(self, vector: Vector, words: set[str]) -> Scores:
        """Half the passage, half its best sentence, and its share of the words by their worth."""
        corpus, count = self._corpus, len(self._corpus.notes)
        df = {word: sum(word in found for found in corpus.words) for word in words}
        worth = {word: math.log(count / max(df[word], 1)) for word in words}
        whole = sum(worth.values()) or 1.0
        return {
            p: 0.5 * float(vector @ corpus.vectors[p])
            + 0.5 * max(float(vector @ sentence) for sentence in corpus.sentences[p])
            + self._constants.word_weight
            * sum(worth[word] for word in words & corpus.words[p])
            / whole
            for p in range(count)
        }

    def _bonus(self, name: Named) -> Scores:
        """Passage -> bonus, for each passage that names what the question names."""
        corpus, constants, best = self._corpus, self._constants, dict[int, float]()
        for entry in name.meanings:
            for passage in corpus.mentions[entry]:
                special = 1 / corpus.df(entry)
                if corpus.title[passage] == entry:
                    special = constants.ambiguous if len(name.meanings) > 1 else 1.0
                bonus = constants.idf_bonus * corpus.idf(entry) + constants.title_bonus * special
                best[passage] = max(best.get(passage, 0.0), bonus)
        return best

    def _reset(
        self,
        base: Scores,
        views: Sequence[Scores],
        clauses: Sequence[Clause],
        names: Sequence[Named],
        bonuses: Mapping[Words, Scores],
    ) -> Scores:
        """The weighted mean of all sources."""
        constants = self._constants
        sources = [(1.0, self._softmax(base))]
        for clause, view in zip(clauses, views, strict=True):
            inside = {
                one.words for one in names if clause.start <= one.start and one.end <= clause.end
            }
            scores = {p: view[p] + sum(bonuses[one].get(p, 0.0) for one in inside) for p in view}
            sources.append((constants.clause_weight, self._softmax(scores)))
        for given in bonuses.values():
            if given:
                largest = constants.idf_bonus + constants.title_bonus
                weight = constants.link_weight * max(given.values()) / largest
                sources.append((weight, self._softmax({p: base[p] for p in given})))
        total = sum(weight for weight, _ in sources)
        return {
            p: sum(weight * spread.get(p, 0.0) for weight, spread in sources) / total for p in base
        }

    def _softmax(self, scores: Scores) -> Scores:
        best = sorted(scores, key=lambda p: (-scores[p], p))[: self._constants.pool]
        weights = {p: math.exp(scores[p] / self._constants.temperature) for p in best}
        return {p: weight / sum(weights.values()) for p, weight in weights.items()}

    def _most(self, reset: Scores) -> Scores:
        """The largest that make up nearly all."""
        found: Scores = {}
        for passage in sorted(reset, key=lambda p: (-reset[p], p)):
            if sum(found.values()) < self._constants.walked * sum(reset.values()):
                found[passage] = reset[passage]
        return found

    def _step(self, reset: Scores, base: Scores, relevant: Vector, asked: set[Words]) -> Scores:
        """From each passage over each name that it shares with others, not those asked for."""
        corpus, constants = self._corpus, self._constants
        arrivals = dict.fromkeys(base, 0.0)

        def weight(entry: Words, passage: int) -> float:
            best = max(
                float(relevant @ corpus.sentences[passage][sentence])
                for sentence in corpus.mentions[entry][passage]
            )
            own = constants.bridge_title_bonus if corpus.title[passage] == entry else 0.0
            return math.exp((0.5 * best + 0.5 * base[passage] + own) / constants.temperature)

        for origin, mass in self._most(reset).items():
            bridges: dict[Words, Scores] = {}
            for entry, mentions in corpus.mentions.items():
                if origin in mentions and entry not in asked:
                    others = set(corpus.postings(entry, constants.postings)) - {origin}
                    if others:
                        bridges[entry] = {p: weight(entry, p) for p in others}
            preference = {
                entry: corpus.idf(entry)
                * sum(leads.values()) ** constants.mass_exponent
                * (constants.weak_bridge if corpus.weak(entry, origin) else 1)
                for entry, leads in bridges.items()
            }
            for entry, leads in bridges.items():
                share = mass * preference[entry] / sum(preference.values())
                for passage, fitness in leads.items():
                    arrivals[passage] += share * fitness / sum(leads.values())
        return arrivals


def _embedded(embedder: Embedder, text: str) -> Vector:
    vector: Vector = embedder.embed([text], "query")[0].astype(np.float64)
    return vector


def _rounded(vector: Vector) -> Vector:
    """With its largest number as 127, and all others whole."""
    single = vector.astype(np.float32)
    scale = max(abs(single)) / np.float32(127) or np.float32(1)
    return np.array([float(round(number / scale)) * float(scale) for number in single])


def _words(tokens: Sequence[Token]) -> Words:
    return tuple(token.form for token in tokens)


def _is_name(tokens: Sequence[Token]) -> bool:
    """Not only function words, no single short number, and not too long."""
    short = len(tokens) == 1 and tokens[0].form.isdigit() and len(tokens[0].form) < 4
    return 0 < len(tokens) <= 12 and not short and not all(is_function_word(t.form) for t in tokens)
