"""Converting the published files of public data sets into a data set folder.

All passages of a file make one corpus; a passage that several questions share is written once.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kg.errors import InputError


@dataclass(slots=True)
class _Corpus:
    """Passages by content, numbered as they come."""

    prefix: str
    ids: dict[tuple[str, str], str] = field(default_factory=dict)

    def id_of(self, title: str, text: str) -> str:
        return self.ids.setdefault((title, text), f"{self.prefix}{len(self.ids):06d}")


def _musique(record: Mapping[str, Any], corpus: _Corpus) -> dict[str, Any]:
    """https://github.com/StonyBrookNLP/musique: JSON lines with `paragraphs`."""
    gold = []
    for paragraph in record["paragraphs"]:
        passage = corpus.id_of(paragraph["title"], paragraph["paragraph_text"])
        if paragraph["is_supporting"]:
            gold.append(passage)
    return {
        "id": record["id"],
        "question": record["question"],
        "gold": gold,
        "answers": [record["answer"], *record.get("answer_aliases", [])],
        "hops": record.get("question_decomposition", []),
    }


def _hotpotqa(record: Mapping[str, Any], corpus: _Corpus) -> dict[str, Any]:
    """https://hotpotqa.github.io and 2WikiMultihopQA: `context` and `supporting_facts`, as lists of
    pairs (the published files) or as an object of two lists (the hub's form)."""
    supporting = {title for title, _ in _pairs(record["supporting_facts"], "title", "sent_id")}
    gold = []
    for title, sentences in _pairs(record["context"], "title", "sentences"):
        text = "".join(s if s[:1].isspace() else f" {s}" for s in sentences).strip()
        passage = corpus.id_of(title, text)
        if title in supporting:
            gold.append(passage)
    return {
        "id": record.get("_id", record.get("id", "")),
        "question": record["question"],
        "gold": gold,
        "answers": [record["answer"]] if record.get("answer") else [],
    }


def _pairs(value: Any, first: str, second: str) -> Iterable[tuple[Any, Any]]:
    if isinstance(value, Mapping):
        return zip(value[first], value[second], strict=True)
    return ((pair[0], pair[1]) for pair in value)


CONVERTERS: dict[str, Callable[[Mapping[str, Any], _Corpus], dict[str, Any]]] = {
    "musique": _musique,
    "hotpotqa": _hotpotqa,
    "2wiki": _hotpotqa,
}


def convert(kind: str, file: Path, folder: Path, *, limit: int | None = None) -> tuple[int, int]:
    """Write corpus.jsonl and queries.jsonl; return the numbers of passages and questions.

    `limit` takes only the first so many questions.
    Raises: InputError for an unknown kind, or a file that is not of that kind.
    """
    if kind not in CONVERTERS:
        raise InputError(f"Unknown data set kind {kind!r}: choose one of {', '.join(CONVERTERS)}.")
    corpus = _Corpus(prefix=f"{kind}-")
    queries = []
    for number, record in enumerate(_records(file), start=1):
        if limit is not None and number > limit:
            break
        try:
            queries.append(CONVERTERS[kind](record, corpus))
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise InputError(
                f"{file}: record {number} does not have the format of {kind} ({error!r}). Give "
                "the published file of the data set."
            ) from error
    folder.mkdir(parents=True, exist_ok=True)
    passages = ({"id": key, "title": t, "text": x} for (t, x), key in corpus.ids.items())
    _write(folder / "corpus.jsonl", passages)
    _write(folder / "queries.jsonl", queries)
    return len(corpus.ids), len(queries)


def _records(file: Path) -> Iterator[Any]:
    """The records of a JSON array or of JSON lines."""
    try:
        with file.open(encoding="utf-8") as stream:
            start = stream.read(1)
            while start.isspace():
                start = stream.read(1)
            stream.seek(0)
            if start == "[":
                yield from json.load(stream)
            else:
                for line in stream:
                    if line.strip():
                        yield json.loads(line)
    except (OSError, ValueError) as error:
        raise InputError(f"{file} cannot be read as JSON or JSON lines: {error}") from error


def _write(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    with path.open("w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
