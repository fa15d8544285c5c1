"""Objects and rows with named fields -> documents.

| field (in any case) | becomes |
|---|---|
| text, content or body: the first that is there | the text |
| title | the title |
| source | the source; without it, the file's followed by "#" and the id, or the place |
| id or _id | the source's end, and the metadata's `id` |
| observed_at | when what it says was so: ISO 8601, anything else is an error |
| date | the same if it is ISO 8601; else metadata |
| metadata, an object | metadata |
| all others | metadata |
"""

from collections.abc import Mapping

from indexer.loaders.clean import clean_json, clean_line, clean_text
from indexer.loaders.dates import parse_date
from kg.errors import DocumentUnreadable
from kg.records import JSON, SourceDocument

TEXT_FIELDS = ("text", "content", "body")
ID_FIELDS = ("id", "_id")


def has_text_field(names: Mapping[str, object]) -> bool:
    """Whether one of the fields holds the text."""
    return any(name.strip().casefold() in TEXT_FIELDS for name in names)


def document_of(
    fields: Mapping[str, object], *, source: str, place: str, media_type: str
) -> SourceDocument:
    """The document that these fields make.

    `source` is the file's; `place` tells where in it they stand.
    Raises: DocumentUnreadable that says which field is missing or wrong.
    """
    left = {clean_line(name).casefold(): name for name in fields}
    rest = {clean_text(name): value for name, value in fields.items()}

    def take(*names: str) -> object:
        for name in names:
            value = rest.pop(clean_text(left[name]), None) if name in left else None
            if value is not None:
                return value
        return None

    text = take(*TEXT_FIELDS)
    if not isinstance(text, str) or not clean_text(text).strip():
        raise DocumentUnreadable(f"no text in any of the fields {', '.join(TEXT_FIELDS)}")
    title = take("title")
    own = take("source")
    observed_at = parse_date(when := take("observed_at"))
    if when not in (None, "") and observed_at is None:
        raise DocumentUnreadable(f"observed_at is not an ISO 8601 date or time: {when!r}")
    if "date" in left and observed_at is None:
        observed_at = parse_date(rest.get(clean_text(left["date"])))
        if observed_at is not None:
            take("date")
    number = _identifier(take(*ID_FIELDS))
    metadata: dict[str, JSON] = {"id": number} if number else {}
    nested = rest.pop(clean_text(left["metadata"]), None) if "metadata" in left else None
    for values in (rest, nested if isinstance(nested, Mapping) else {"metadata": nested}):
        metadata |= {
            clean_text(str(name)): clean_json(value)
            for name, value in values.items()
            if value not in (None, "")
        }
    return SourceDocument(
        source=_identifier(own) or f"{source}#{number or place}",
        title=clean_line(title) if isinstance(title, str) else "",
        text=clean_text(text),
        metadata=metadata,
        observed_at=observed_at,
        media_type=media_type,
    )


def _identifier(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return clean_line(str(value))
