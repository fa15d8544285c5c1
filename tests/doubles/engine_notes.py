"""A few notes about the Analytical Engine: enough of a graph to look at."""

from kg.records import SourceDocument

QUESTION = (
    "Where was the woman born who introduced the pupil of Augustus De Morgan to Charles Babbage?"
)

_NOTES = {
    "Ada Lovelace": "Ada Lovelace was taught mathematics by Augustus De Morgan, who wrote to her "
    "from London every week. In 1843 she translated the paper of Luigi Menabrea and added notes "
    "that were longer than the paper. Her notes describe how the Analytical Engine would compute "
    "the Bernoulli numbers.",
    "Mary Somerville": "Mary Somerville was born in Jedburgh and taught herself algebra by "
    "candlelight. She introduced Ada Lovelace to Charles Babbage in June 1833. Somerville College "
    "in Oxford carries her name.",
    "Charles Babbage": "Charles Babbage designed the Difference Engine and later the Analytical "
    "Engine. He presented the Analytical Engine in Turin in 1840, where Luigi Menabrea took notes.",
    "Luigi Menabrea": "Luigi Menabrea was an engineer from Chambéry who became prime minister of "
    "Italy. His paper on the Analytical Engine appeared in Geneva in 1842. Later papers wrote of "
    "Analytical Engines as if there had been several.",
    "Augustus De Morgan": "Augustus De Morgan was born in Madurai and became the first professor "
    "of mathematics at University College London. He founded the London Mathematical Society.",
}

NOTES = tuple(
    SourceDocument(source=f"notes/{title}.md", title=title, text=text)
    for title, text in _NOTES.items()
)
