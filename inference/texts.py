"""Texts as models can read them."""


def encodable(text: str) -> str:
    """The text with each lone surrogate, which UTF-8 cannot hold, replaced by '?'."""
    if text.isascii():
        return text
    return text.encode("utf-8", "replace").decode("utf-8")
