"""Models behind two small ports: `Embedder` (texts to vectors) and `ChatModel` (messages to text).

This room knows nothing of documents or graphs.
"""
