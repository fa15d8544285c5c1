"""Text that any store can keep."""

from kg.records import JSON

_LONGEST_INT_BITS = 1024


def clean_text(text: str) -> str:
    """Line ends made "\\n", NUL and a leading byte-order mark removed, lone surrogates replaced."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def clean_line(text: str) -> str:
    """The same on one line, without white space around it: for titles, names and sources."""
    return " ".join(clean_text(text).split())


def clean_json(value: object) -> JSON:
    """A value as JSON can hold it: texts cleaned, and what JSON does not know made a text."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):  # Python refuses to write very long ones as decimals
        return value if value.bit_length() <= _LONGEST_INT_BITS else hex(value)
    if isinstance(value, float):
        return value if value - value == 0 else str(value)
    if isinstance(value, dict):
        return {clean_text(str(key)): clean_json(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [clean_json(inner) for inner in value]
    return clean_text(str(value))
