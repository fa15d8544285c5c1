"""Variants of a data set: how well does retrieval work on text that is unlike an encyclopaedia?

Each function returns a data set with the same questions and adds its name to `Dataset.variant`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from indexer.snapshot.sentences import sentence_spans
from kg.errors import InputError
from kg.records import Section, SourceDocument
from server.evaluation.dataset import Dataset


def joined(dataset: Dataset, others: Sequence[Dataset]) -> Dataset:
    """With the corpora of other data sets added, but not their questions.

    The ids of the added documents are prefixed with their data set's name; duplicates count once.
    Raises: InputError if two data sets have one name.
    """
    names = [dataset.name, *(other.name for other in others)]
    if len(set(names)) < len(names):
        raise InputError(
            f"Two of the data sets have the same name: {', '.join(names)}. Rename a folder."
        )
    documents = list(dataset.documents)
    known = {(document.title, document.text) for document in documents}
    for other in others:
        for document in other.documents:
            if (content := (document.title, document.text)) not in known:
                known.add(content)
                documents.append(replace(document, source=f"{other.name}/{document.source}"))
    return replace(
        dataset,
        documents=tuple(documents),
        whole=all(one.whole for one in (dataset, *others)),
        openie=None,  # the extractions do not cover the added passages
        variant=(*dataset.variant, *(f"with-{other.name}" for other in others)),
    )


def untitled(dataset: Dataset) -> Dataset:
    """Without titles."""
    return replace(
        dataset,
        documents=tuple(replace(document, title="") for document in dataset.documents),
        variant=(*dataset.variant, "untitled"),
    )


def lower(dataset: Dataset) -> Dataset:
    """With questions, titles, headings and texts in lower case."""
    return replace(
        dataset,
        documents=tuple(map(_lower_document, dataset.documents)),
        queries=tuple(
            query.model_copy(update={"question": query.question.lower()})
            for query in dataset.queries
        ),
        variant=(*dataset.variant, "lower"),
    )


def in_pieces(dataset: Dataset, sentences: int) -> Dataset:
    """With every document cut into pieces of so many sentences, each one a passage.

    Pieces become documents with their parent's title. `Dataset.parents` maps them back, and a
    parent is ranked where its best piece is. Headings and page numbers are dropped.
    """
    pieces: list[SourceDocument] = []
    parents: dict[str, str] = {}
    for document in dataset.documents:
        for number, text in enumerate(_cut(document.text, sentences)):
            piece = replace(document, source=f"{document.source}#{number}", text=text, sections=())
            pieces.append(piece)
            parents[piece.source] = document.source
    if len(parents) < len(pieces):
        raise InputError(f"Ids of {dataset.name!r} end in '#' and a number; rename them.")
    return replace(
        dataset,
        documents=tuple(pieces),
        whole=True,
        openie=None,  # the extractions are of whole passages
        parents=parents,
        variant=(*dataset.variant, f"pieces-{sentences}"),
    )


def _cut(text: str, sentences: int) -> Iterator[str]:
    spans = sentence_spans(text)
    for start in range(0, len(spans), sentences):
        group = spans[start : start + sentences]
        yield text[group[0][0] : group[-1][1]]


def _lower_document(document: SourceDocument) -> SourceDocument:
    return replace(
        document,
        title=document.title.lower(),
        text=_lower_in_place(document.text),
        sections=tuple(map(_lower_section, document.sections)),
    )


def _lower_section(section: Section) -> Section:
    return replace(section, heading=_lower_in_place(section.heading))


def _lower_in_place(text: str) -> str:
    """Lower-cased without a change of length, so that offsets stay valid: only 'İ' has two
    lower-case characters."""
    lowered = text.lower()
    if len(lowered) == len(text):
        return lowered
    return "".join(low if len(low := letter.lower()) == 1 else letter for letter in text)
