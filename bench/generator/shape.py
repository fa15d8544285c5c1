"""The numbers of a generated corpus, taken from a real one.

The real one is the MuSiQue corpus of 1,890 passages, indexed with spaCy and MiniLM. Measured there,
and what this generator gives for as many passages with the defaults below:

                                                  measured        generated
    sentences a passage                               3.46             3.47
    names a passage, mean (s. d.)               15.9 (8.9)       16.1 (8.6)
    different names, for each passage                  7.4              7.7
    names in 1 / 2 / 3-5 / 6-20 passages, %   81/8.6/5.6/3.8   82/7.4/5.1/5.1
    mentions by names in 1 / 6-50 / more, %       38/31/14         39/32/13
    passages that the commonest name is in, %           22               16
    sentences of a passage with one name              1.30             1.23
    cosine, sentence to its passage                   0.80             0.80
    cosine, sentences of one passage                  0.66             0.64
    cosine, two random passages, s. d.               0.091            0.097
    cosine, nearest passage, median                   0.47             0.51
    edges of a passage / an entity, mean          15 / 3.4        11.7 / 4.8

Where it differs: the number of names grows almost in proportion to the corpus, in a real one with
its power of about 0.8, so that large corpora have more names than they would; no name means two
things; every document is one passage. Beyond 110,000 passages there are fewer facts a passage.
"""

from dataclasses import dataclass

SENTENCES = (0.101, 0.256, 0.252, 0.171, 0.093, 0.051, 0.035, 0.018, 0.008, 0.006, 0.004, 0.005)
"""Share of passages with 1, 2, 3 … sentences."""

SPECTRUM = (
    (0, 0.03156),
    (1, 0.02354),
    (3, 0.01882),
    (7, 0.01499),
    (15, 0.01102),
    (31, 0.00757),
    (63, 0.00463),
    (127, 0.00233),
    (255, 0.00057),
    (383, 0.00010),
)
"""(Place among the principal axes of MiniLM's sentence vectors, share of the variance)."""

FIELD, TOPIC, OWN = 0.06, 0.36, 0.58
"""What a passage's vector is made of: its field, its topic, itself (shares of the variance)."""
SENTENCE = 0.80
"""Cosine of a sentence with its passage."""

NAMES_MEAN, NAMES_SHAPE = 15.8, 4.0
"""Names that a passage draws besides its title: Poisson, its mean gamma-distributed."""
UNIQUE, OF_TOPIC, OF_FIELD = 0.33, 0.10, 0.33
"""Shares of draws that are a new name, one of the topic's, one of the field's; the rest is drawn
from all the world's names."""
TOPIC_PASSAGES, TOPIC_NAMES = 12, 8
FIELD_PASSAGES, FIELD_NAMES = 300, 150
WORLD_EXPONENT, WORLD_OFFSET = 1.5, 10.0
"""The world's name of rank r is drawn in proportion to (r + offset) ** -exponent."""
MORE_SENTENCES = (0.18, 0.08, 0.04)
"""Chances that a name is in two, three, four sentences at least, where there are so many."""

FACTS = 9.1
"""Triples a passage (GPT-3.5's; spaCy makes 12.6)."""
PHRASES = 0.5
"""Share of triples whose object is a phrase that no other triple has, and no name."""
SYNONYMS = 1.5
"""Synonym links an entity, both directions counted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Shape:
    """How large a corpus is, and which of all possible ones."""

    passages: int
    """12 at least."""
    seed: int = 1
    dimension: int = 384
    """Length of the vectors."""
    most_facts: int = 1_000_000
    """Above this many, passages get fewer triples each: each costs a vector, 1.5 kB."""

    @property
    def name(self) -> str:
        """Names the corpus: equal names, equal bytes."""
        return f"p{self.passages}-s{self.seed}-d{self.dimension}-f{self.most_facts}"

    @property
    def facts_per_passage(self) -> float:
        """Triples a passage, on average."""
        return min(FACTS, self.most_facts / self.passages)
