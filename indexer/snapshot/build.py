"""Building a snapshot: one revision of a graph, numbered, embedded, and laid out for the walk.

A pure function of the graph and the embedder: the same content gives the same bytes, in whatever
order and in however many parts it came in. An earlier snapshot only saves work. All ids are hashes
of what they stand for, so that a row of the same id is a row of the same content: its vector, its
sentences and what was found in it are taken over. A build from nothing takes over nothing; else
there is no difference between the two.
"""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from indexer.progress import ReportProgress, StepProgress, ignore_progress
from indexer.snapshot.adjacency import hipporag_adjacency
from indexer.snapshot.documents import documents_table
from indexer.snapshot.earlier import usable
from indexer.snapshot.embedding import Embedding
from indexer.snapshot.gazetteer import (
    collect_names,
    corpus_has_case,
    gazetteer_table,
    is_name,
    known_surfaces,
)
from indexer.snapshot.merge import Merge, starts
from indexer.snapshot.pairs import Corpus, find_pairs
from indexer.snapshot.rules import rules
from indexer.snapshot.sentences import sentence_spans
from indexer.snapshot.wording import fact_text, sentence_text
from indexer.snapshot.words import merged_words
from inference.embedder import Embedder
from kg.records import Entity, Mention, Passage
from kg.snapshot import Ragged, Snapshot, Strings
from kg.snapshot.tables import BoolArray, Entities, Facts, Passages, Sentences, Synonyms
from kg.store import GraphReader
from kg.tokens import has_case, tokens_of


def build_snapshot(
    reader: GraphReader,
    embedder: Embedder,
    progress: ReportProgress = ignore_progress,
    previous: Snapshot | None = None,
) -> Snapshot:
    """Lay out everything that `reader` sees, with what `previous` has of it. Raises: ModelError."""
    old, embed = usable(previous, reader.collection.name, embedder), Embedding(embedder, progress)
    passages, entities = list(reader.passages()), list(reader.entities())
    row_of_passage = {passage.id: row for row, passage in enumerate(passages)}
    row_of_entity = {entity.id: row for row, entity in enumerate(entities)}
    mentions = list(reader.mentions())

    facts = _facts(old, reader, entities, row_of_entity, row_of_passage, embed)
    synonyms = _synonyms(reader, row_of_entity)
    merge = Merge.by_id(old.passages.id, [passage.id for passage in passages])
    corpus, sentence_merge = _corpus(old, merge, passages)
    passage_cased = _cased(old, merge, passages)
    cased = corpus_has_case(passage_cased)
    names = collect_names(
        passages, _names(mentions, cased=cased), cased=cased, known=known_surfaces(old, cased=cased)
    )
    pairs, words = find_pairs(
        corpus, names, cased=cased, old=old, passages=merge, sentences=sentence_merge
    )
    progress(StepProgress(step="gazetteer", done=len(passages), total=len(passages)))
    documents, citing = documents_table(reader, row_of_passage)
    return Snapshot(
        collection=reader.collection.name,
        revision=reader.collection.revision,
        embedder=embedder.model_id,
        cased=cased,
        rules=rules(),
        documents=documents,
        passages=_passages(old, merge, passages, citing, embed),
        sentences=_sentences(old, corpus, sentence_merge, embed),
        entities=_entities(old, entities, mentions, row_of_entity, row_of_passage, embed),
        facts=facts,
        synonyms=synonyms,
        adjacency=hipporag_adjacency(facts, synonyms, len(entities), len(passages)),
        gazetteer=gazetteer_table(names, {entity.name: row for row, entity in enumerate(entities)}),
        pairs=pairs,
        words=merged_words(old.words, merge, words, passage_cased),
    )


def _names(mentions: Sequence[Mention], *, cased: bool) -> list[str]:
    """What extractors named, without what never bridges passages.

    Where no capitals tell names from the other ends of triples ('the country'), only what has a
    type is a name, if the extractor gives any.
    """
    typed = not cased and any(mention.type for mention in mentions)
    return sorted(
        {m.surface for m in mentions if is_name(m.surface, m.type) and (m.type or not typed)}
    )


def _cased(old: Snapshot, merge: Merge, passages: Sequence[Passage]) -> BoolArray:
    """Of each passage, whether capitals tell names from other words in it."""
    texts = (passages[number].text for number in merge.fresh)
    fresh = np.array([has_case(tokens_of(text), text) for text in texts], dtype=np.bool_)
    return merge.take(old.words.cased, fresh)


def _passages(
    old: Snapshot,
    merge: Merge,
    passages: Sequence[Passage],
    citing: Ragged,
    embed: Embedding,
) -> Passages:
    return Passages(
        id=Strings.of(passage.id for passage in passages),
        title=Strings.of(passage.title for passage in passages),
        heading=Strings.of(passage.heading for passage in passages),
        text=Strings.of(passage.text for passage in passages),
        vectors=embed(
            merge, old.passages.vectors, lambda row: passages[row].embedded_text, "passage"
        ),
        documents=citing,
    )


def _corpus(old: Snapshot, merge: Merge, passages: Sequence[Passage]) -> tuple[Corpus, Merge]:
    """The passages and their sentences, and which of these the earlier snapshot has."""
    fresh = [sentence_spans(passages[number].text) for number in merge.fresh]
    indptr = starts(np.array([len(spans) for spans in fresh], dtype=np.int64))
    edges = np.array([span for spans in fresh for span in spans], dtype=np.int32).reshape(-1, 2)
    sentences = merge.items(old.sentences.indptr, indptr)
    corpus = Corpus(
        passages=passages,
        indptr=starts(merge.take(np.diff(old.sentences.indptr), np.diff(indptr))),
        start=sentences.take(old.sentences.start, edges[:, 0]),
        end=sentences.take(old.sentences.end, edges[:, 1]),
    )
    return corpus, sentences


def _sentences(old: Snapshot, corpus: Corpus, merge: Merge, embed: Embedding) -> Sentences:
    passage = np.repeat(np.arange(len(corpus.passages), dtype=np.int32), np.diff(corpus.indptr))

    def text(number: int) -> str:
        of = corpus.passages[passage[number]]
        sentence = of.text[corpus.start[number] : corpus.end[number]]
        return sentence_text(of.title, sentence)

    return Sentences(
        passage=passage,
        indptr=corpus.indptr,
        start=corpus.start,
        end=corpus.end,
        vectors=embed.rounded(merge, old.sentences.vectors, text, "sentence"),
    )


def _entities(
    old: Snapshot,
    entities: Sequence[Entity],
    mentions: Sequence[Mention],
    row_of_entity: dict[str, int],
    row_of_passage: dict[str, int],
    embed: Embedding,
) -> Entities:
    named_in: list[list[int]] = [[] for _ in entities]
    for mention in mentions:
        named_in[row_of_entity[mention.entity_id]].append(row_of_passage[mention.passage_id])
    return Entities(
        id=Strings.of(entity.id for entity in entities),
        name=Strings.of(entity.name for entity in entities),
        surface=Strings.of(entity.surface for entity in entities),
        type=Strings.of(entity.type for entity in entities),
        vectors=embed(
            Merge.by_id(old.entities.id, [entity.id for entity in entities]),
            old.entities.vectors,
            lambda number: entities[number].name,
            "entity",
        ),
        passages=Ragged.from_rows([sorted(rows) for rows in named_in]),
    )


def _facts(
    old: Snapshot,
    reader: GraphReader,
    entities: Sequence[Entity],
    row_of_entity: dict[str, int],
    row_of_passage: dict[str, int],
    embed: Embedding,
) -> Facts:
    facts = list(reader.facts())
    supports: dict[str, list[int]] = defaultdict(list)
    for support in reader.supports():
        supports[support.fact_id].append(row_of_passage[support.passage_id])
    subject = np.array([row_of_entity[fact.subject_id] for fact in facts], dtype=np.int32)
    object_ = np.array([row_of_entity[fact.object_id] for fact in facts], dtype=np.int32)

    def text(number: int) -> str:
        ends = entities[subject[number]].name, entities[object_[number]].name
        return fact_text(ends[0], facts[number].relation, ends[1])

    return Facts(
        id=Strings.of(fact.id for fact in facts),
        relation=Strings.of(fact.relation for fact in facts),
        subject=subject,
        object=object_,
        vectors=embed(
            Merge.by_id(old.facts.id, [fact.id for fact in facts]),
            old.facts.vectors,
            text,
            "fact",
        ),
        passages=Ragged.from_rows([sorted(supports[fact.id]) for fact in facts]),
    )


def _synonyms(reader: GraphReader, row_of_entity: dict[str, int]) -> Synonyms:
    rows = [
        (row_of_entity[link.source_id], row_of_entity[link.target_id], link.score)
        for link in reader.synonyms()
    ]
    return Synonyms(
        source=np.array([row[0] for row in rows], dtype=np.int32),
        target=np.array([row[1] for row in rows], dtype=np.int32),
        score=np.array([row[2] for row in rows], dtype=np.float32),
    )
