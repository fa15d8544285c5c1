"""Dates that documents carry."""

from datetime import UTC, date, datetime


def parse_date(value: object) -> datetime | None:
    """An ISO 8601 date or time as a time in UTC; None if it is none.

    A date is its first moment; a time without an offset is in UTC.
    """
    if isinstance(value, datetime):
        moment = value
    elif isinstance(value, date):
        moment = datetime(value.year, value.month, value.day, tzinfo=UTC)
    elif isinstance(value, str) and value[4:5] == "-":
        try:
            moment = datetime.fromisoformat(value.strip())
        except ValueError:
            return None
    else:
        return None
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        return None
