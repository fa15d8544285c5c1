"""Models behind small ports: `Embedder` (texts to vectors), `ChatModel` (messages to text) and
`Reranker` (how well texts answer a question).

This package knows nothing of documents or graphs.
"""
