"""The conditioned walk once more: slow, with dictionaries and loops, in double precision.

It starts from the notes themselves, not from a snapshot, so that it checks the indexer's pairs
too. What it shares with the real one: words (`tokenise`), sentences, aliases of titles, and the
clauses of a question.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from inference.embedder import Embedder
from kg.tokens import has_case, tokenise, tokens_of
from retrieval.question import Clause, read_question
from retrieval.walk import WalkConstants
from tests.doubles.corpus import Note
from tests.doubles.names import found_by
from tests.doubles.walk_corpus import Corpus, Vector, Words, embedded, words_of

Scores = dict[int, float]
"""Passage -> score."""


@dataclass(frozen=True, kw_only=True)
class Named:
    """A name of the question: where it stands, and what it may mean."""

    words: Words
    start: int
    end: int
    meanings: frozenset[Words]


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
        cased = self._corpus.cased and has_case(tokens_of(question), question)
        names = self._names(question, cased)
        known = found_by(lambda one: () if tuple(one.split(" ")) in self._corpus.means else None)
        clauses = read_question(question, known, cased=self._corpus.cased).clauses
        whole = embedded(self._embedder, question)
        mask = self._mask(question, names)
        plain = all(self._is_common(one) for one in names)
        if mask is not None and plain:
            share = self._constants.common_mask
            whole = (1 - share) * whole + share * mask
            whole = whole / math.sqrt(float(whole @ whole))
        relevant = whole if mask is None else (whole + mask) / 2
        constants = self._constants
        worth = constants.plain_word_weight if plain else constants.word_weight
        views = [self._similarity(whole, self._unnamed(question, names), worth)]
        views += [
            self._similarity(
                embedded(self._embedder, one.text),
                self._unnamed(question, names, one.start, one.end),
                worth,
            )
            for one in clauses
        ]
        distinct = {one.words: one for one in names}
        bonuses = {words: self._bonus(one, question) for words, one in distinct.items()}
        base = {
            p: max(view[p] for view in views) + sum(given.get(p, 0) for given in bonuses.values())
            for p in range(len(self._corpus.notes))
        }
        reset = self._reset(base, views[1:], clauses, names, bonuses)
        asked = self._corpus.named_in(question, cased=cased)
        arrivals = self._step(reset, base, relevant, asked)
        full = min(1.0, sum(arrivals.values()) / constants.moving)
        share, later = full * constants.step_weight, full * constants.second_weight
        early = {p: (1 - share) * reset[p] + share * arrivals[p] for p in base}
        best = sorted(early, key=lambda p: (-early[p], base[p], p))[: constants.second_from]
        total = sum(early[p] for p in best)
        again = self._step({p: early[p] / total for p in best}, base, relevant, asked)
        walked = {p: (1 - later) * early[p] + later * again[p] for p in base}
        return walked | self._varied(walked, base), base

    def _varied(self, score: Scores, base: Scores) -> Scores:
        """The scores of the few best, after what is like a better one gave way."""
        best = sorted(score, key=lambda p: (-round(score[p], 4), -base[p], p))
        few, others = best[: self._constants.varied], best[self._constants.varied :]
        least = score[others[0]] if others else 0.0
        first = self._foremost(few, score, base)
        passed = few[: few.index(first)]
        score = score | dict.fromkeys(passed, score[first])
        few = [first, *passed, *few[len(passed) + 1 :]]
        cosine = {
            (p, q): float(self._corpus.vectors[p] @ self._corpus.vectors[q])
            for p in few
            for q in few
            if p != q
        }
        usual = sum(cosine.values()) / max(len(cosine), 1)
        cosine |= {(p, q): -1.0 for p, q in cosine if self._leads(q, p)}
        found = {p: score[p] for p in few[:1]}
        while len(found) < len(few):
            now = {}
            for p in (p for p in few if p not in found):
                like = max((cosine[p, q] - usual) / max(1 - usual, 1e-6) for q in found)
                over = max(like - self._constants.alike, 0) if score[p] > least else 0
                kept = math.exp(-self._constants.variety * over)
                now[p] = least + kept * (score[p] - least)
            p = max(now, key=lambda one: round(now[one], 4))
            found[p] = now[p]
        return found

    def _foremost(self, few: Sequence[int], score: Scores, base: Scores) -> int:
        """What goes first of the two best: the second, if the question prefers it by more than the
        walk prefers the other."""
        constants, (best, *others) = self._constants, few
        if not others or score[best] + score[others[0]] < 0.3:
            return best
        preferred = math.exp((base[others[0]] - base[best]) / constants.temperature)
        near = score[others[0]] >= constants.foremost * score[best]
        return others[0] if near and preferred > 1 / constants.foremost else best

    def ranking(self, question: str, k: int) -> list[tuple[str, float]]:
        """(passage id, score) of the k best."""
        score, base = self.scores(question)
        order = sorted(score, key=lambda p: (-score[p], -base[p], p))
        return [(self._corpus.notes[p].passage.id, score[p]) for p in order[:k]]

    def _leads(self, one: int, other: int) -> bool:
        """Whether a passage names the title of another one, which is not its own."""
        title = self._corpus.title
        named = title[other] != () and one in self._corpus.mentions[title[other]]
        return named and title[one] != title[other]

    def _names(self, question: str, cased: bool) -> list[Named]:
        """The longest names that do not overlap, in order of place."""
        tokens, taken, found = tokenise(question), set[int](), []
        spans = self._corpus.spans(question, cased=cased)
        for first, end in sorted(spans, key=lambda span: (span[0] - span[1], span[0])):
            if taken.isdisjoint(range(first, end)):
                taken |= set(range(first, end))
                words = words_of(tokens[first:end])
                start, stop = tokens[first].start, tokens[end - 1].end
                means = frozenset(self._corpus.means[words])
                found.append(Named(words=words, start=start, end=stop, meanings=means))
        return sorted(found, key=lambda one: one.start)

    def _is_common(self, name: Named) -> bool:
        """Whether more than a fifth of all passages, and more than twenty, name it."""
        most = max(0.2 * len(self._corpus.notes), 20)
        return any(self._corpus.df(entry) > most for entry in name.meanings)

    def _mask(self, question: str, names: Sequence[Named]) -> Vector | None:
        left = list(question)
        for one in names:
            left[one.start : one.end] = [""] * (one.end - one.start)
        text = " ".join("".join(left).split())
        return embedded(self._embedder, text) if names and text else None

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

    def _similarity(self, vector: Vector, words: set[str], weight: float) -> Scores:
        """Half the passage, half its best sentence, and its share of the words by their worth,
        times the weight."""
        corpus, count = self._corpus, len(self._corpus.notes)
        df = {word: sum(word in found for found in corpus.words) for word in words}
        worth = {word: math.log(count / max(df[word], 1)) for word in words}
        whole = sum(worth.values()) or 1.0
        return {
            p: 0.5 * float(vector @ corpus.vectors[p])
            + 0.5 * max(float(vector @ sentence) for sentence in corpus.sentences[p])
            + weight * sum(worth[word] for word in words & corpus.words[p]) / whole
            for p in range(count)
        }

    def _bonus(self, name: Named, question: str) -> Scores:
        """Passage -> bonus, for each passage that names what the question names."""
        corpus, constants, best = self._corpus, self._constants, dict[int, float]()
        common = 0
        if corpus.cased and question[name.start].islower() and len(name.words) == 1:
            common = sum(name.words[0] in words for words in corpus.words)
        for entry in name.meanings:
            df = max(corpus.df(entry), common)
            for passage in corpus.mentions[entry]:
                special = 1 / df
                if corpus.title[passage] == entry:
                    special = constants.ambiguous if len(name.meanings) > 1 else 1.0
                bonus = constants.idf_bonus * corpus.rarity(df) + constants.title_bonus * special
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
        common = max(0.5 * len(corpus.notes), 20)

        def fit(passage: int, sentences: Sequence[Vector], own: float) -> float:
            best = max(float(relevant @ sentence) for sentence in sentences)
            return math.exp((0.5 * best + 0.5 * base[passage] + own) / constants.temperature)

        def weight(entry: Words, passage: int) -> float:
            named = [corpus.sentences[passage][one] for one in corpus.mentions[entry][passage]]
            own = constants.bridge_title_bonus if corpus.title[passage] == entry else 0.0
            return fit(passage, named, own)

        for origin, mass in self._most(reset).items():
            bridges: dict[Words, Scores] = {}
            for entry, mentions in corpus.mentions.items():
                if origin in mentions and entry not in asked and len(mentions) <= common:
                    others = set(corpus.postings(entry, constants.postings)) - {origin}
                    if others:
                        bridges[entry] = {p: weight(entry, p) for p in others}
            preference = {
                entry: corpus.idf(entry)
                * sum(leads.values()) ** constants.mass_exponent
                * (constants.weak_bridge if corpus.weak(entry, origin) else 1)
                for entry, leads in bridges.items()
            }
            stays = constants.staying * (
                fit(origin, corpus.sentences[origin], 0.0) ** constants.mass_exponent
            )
            for entry, leads in bridges.items():
                share = mass * preference[entry] / (stays + sum(preference.values()))
                for passage, fitness in leads.items():
                    arrivals[passage] += share * fitness / sum(leads.values())
        return arrivals
