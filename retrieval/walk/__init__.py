"""Mode `ammon`: a personalized walk whose transitions depend on the question.

1. *Base* (`base`): each passage's similarity to the question or to one of its clauses (half the
   passage, half its best sentence, and the words they share), and a bonus for the names that the
   question mentions.
2. *Sources* (`sources`): a sharp reset vector, the weighted mean of softmaxes over the best
   passages for the question, for each clause, and for each name.
3. *Step* (`step`): from each source passage to the names it shares with others (not those of the
   question), and on to the passages whose sentences on such a name fit the question best.
4. *Second step and score* (`walker`): once more from the few best so far; the score is a mixture of
   the reset vector and of where the two steps arrive.
5. *Order of the first five* (`variety`): what is like a better one gives way to what is not.

All of it but the last is one compiled call (`retrieval.loops.walking`).

It is personalized PageRank cut off after two steps, with transitions conditioned on the question;
no chat model and no triples are on its path.
"""

from retrieval.walk.constants import WalkConstants
from retrieval.walk.mode import ConditionedWalk

__all__ = ["ConditionedWalk", "WalkConstants"]
