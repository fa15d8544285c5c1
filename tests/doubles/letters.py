"""Texts in other forms of letters, as keyboards, PDFs and decorated pages have them."""

_WIDE = str.maketrans(
    {chr(code): chr(code + 0xFEE0) for code in range(0x21, 0x7F)} | {" ": "\u3000"}
)
_BOLD = str.maketrans(
    {chr(ord("a") + n): chr(0x1D41A + n) for n in range(26)}
    | {chr(ord("A") + n): chr(0x1D400 + n) for n in range(26)}
    | {chr(ord("0") + n): chr(0x1D7CE + n) for n in range(10)}
)
_LIGATURES = {"ffi": "\ufb03", "ffl": "\ufb04", "ff": "\ufb00", "fi": "\ufb01", "fl": "\ufb02"}


def wide(text: str) -> str:
    """ASCII in full-width characters, spaces and punctuation as well."""
    return text.translate(_WIDE)


def bold(text: str) -> str:
    """English letters and digits in mathematical bold."""
    return text.translate(_BOLD)


def ligated(text: str) -> str:
    """With the ligatures of f."""
    for letters, ligature in _LIGATURES.items():
        text = text.replace(letters, ligature)
    return text
