"""Neo4j Browser: links that open it with an answer, and how it is to draw the graph.

People drop `ammon.grass` on Neo4j Browser. (Its format has no comments.)
"""

from kg.neo4j.browser.link import answer_link

__all__ = ["answer_link"]
