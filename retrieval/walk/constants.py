"""The walk's constants; `docs/experiments.md` says how much they matter."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class WalkConstants:
    """All numbers of the walk, with the values that it uses."""

    temperature: float = 0.09
    """Of every softmax: cosines that differ by this much differ e-fold in weight."""
    pool: int = 20
    """How many of the best passages each source is spread over."""
    candidates: int = 60
    """Among how many of the best passages, by their own vectors and names, each source looks at
    sentences."""
    idf_bonus: float = 0.1
    """Bonus of a passage that mentions a name of the question, times the name's idf (0..1)."""
    title_bonus: float = 0.2
    """Bonus of a passage that such a name is the title of; 1/df of it for other passages."""
    ambiguous: float = 0.8
    """Share of the title bonus if the name may mean several entries."""
    clause_weight: float = 0.5
    """Weight of a clause among the sources; the question's own is 1."""
    link_weight: float = 0.5
    """Weight of a name among the sources, times its largest bonus over the largest possible."""
    bridge_title_bonus: float = 0.2
    """Added to a step's fitness if it leads to the passage that the bridge is the title of."""
    mass_exponent: float = 0.5
    """How much more a bridge is taken that leads to better passages."""
    word_weight: float = 0.1
    """Added to a similarity for a passage that has all words of the question that are no names."""
    postings: int = 20
    """A name's mentions beyond its best so many are not walked to (own titles, then earliest)."""
    weak_bridge: float = 0.5
    """How much a name is taken as a bridge, of 1, that the passage has only inside longer names, or
    that is a number."""
    walked: float = 0.95
    """Share of the mass of passages that a step is taken from; the rest lies on many, with next to
    nothing each."""
    step_weight: float = 0.5
    """What the step counts for beside the sources, of 1."""
    second_weight: float = 0.2
    """Share in the score of a second step, from the best that the first one led to."""
    second_from: int = 3
    """How many passages the second step is taken from."""
    varied: int = 5
    """How many of the best passages give way to one another where they are alike."""
    variety: float = 4.0
    """How much; 0: not at all."""
    alike: float = 0.2
    """How alike they may be, between what is usual among them (0) and the same (1)."""
    worded: int = 50
    """How many passages are looked at for the words that they share with the question."""
