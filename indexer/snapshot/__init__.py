"""From a revision of the graph to the snapshot that answers questions.

`synonyms` links what is new in the graph; `build` then lays out everything for the walk, a table
in each file here: `documents`, `gazetteer` (what can be named), `pairs` (which passage names it),
`adjacency`. What an `earlier` build has is taken over (`merge`), if both read by the same `rules`.
"""
