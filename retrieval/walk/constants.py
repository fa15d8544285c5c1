"""The walk's constants; `docs/experiments.md` says how much they matter."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class WalkConstants:
    """All numbers of the walk, with the values that it uses."""

    temperature: float = 0.09
    """Of every softmax: cosines that differ by this much differ e-fold in weight."""
    pool: int = 20
    """How many of its best passages each source is spread over."""
    candidates: int = 100
    """For how many of its best passages, by their own vectors and names, each source compares
    sentences."""
    candidates_of_few: int = 300
    """The same in a corpus that is so small that all its vectors are compared: its names are in few
    passages, so that a passage counts which is not among the nearest by its own vector."""
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
    common_mask: float = 0.3
    """Share of the mask in the question's vector where the question names nothing but what very
    many passages name."""
    mass_exponent: float = 0.5
    """How strongly a bridge is preferred that leads to better passages."""
    staying: float = 0.3
    """How strongly a step goes nowhere from a passage that fits the question better than what its
    bridges lead to; 0: all that is there moves on, however badly the other ends fit."""
    word_weight: float = 0.1
    """Added to the similarity of a passage that contains all words of the question other than
    names."""
    plain_word_weight: float = 0.15
    """The same where the question names nothing, or nothing but what very many passages name: its
    words are then all that a passage can have of it."""
    postings: int = 20
    """How many of a name's mentions the walk goes to at most (own titles first, then the
    earliest)."""
    weak_bridge: float = 0.5
    """Weight (at most 1) of a bridge that the passage contains only inside longer names, or that is
    a number."""
    walked: float = 0.95
    """Share of the mass that a step starts from, best passages first; the rest is spread thinly
    over many passages."""
    step_weight: float = 0.5
    """Weight of the first step in the score; the sources have the rest of 1."""
    second_weight: float = 0.2
    """Weight of a second step in the score, from the best passages after the first one."""
    second_from: int = 3
    """How many passages the second step starts from."""
    moving: float = 2 / 3
    """How much of the mass the first step has to move for the steps to have their full weights; 0:
    always. Where it moves less, they have less in proportion, and the sources more."""
    foremost: float = 0.75
    """Share of the best score from which on the second passage goes first if its base score is
    better by more than that (see `foremost`); above 0; above 1: it never does."""
    varied: int = 5
    """Among how many of the best passages similar ones are demoted (see `variety`)."""
    variety: float = 4.0
    """Strength of that demotion; 0: none."""
    alike: float = 0.2
    """Similarity from which on they are demoted, between the usual one among them (0) and equality
    (1)."""
    worded: int = 50
    """How many candidates are added for the words that they share with the question."""
