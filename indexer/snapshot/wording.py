"""How sentences and facts read to embedders."""


def sentence_text(title: str, sentence: str) -> str:
    """A sentence out of its passage: the title tells what it is about."""
    return f"{title}: {sentence}" if title else sentence


def fact_text(subject: str, relation: str, object_: str) -> str:
    """A fact by the normal forms of its parts."""
    return f"{subject} {relation} {object_}"
