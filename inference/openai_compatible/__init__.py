"""Chat models and embedders at any endpoint that speaks OpenAI's protocol.

The client library is imported with the first call, not with this package.
"""

from inference.openai_compatible.chat import OpenAIChatModel
from inference.openai_compatible.embedder import OpenAIEmbedder
from inference.openai_compatible.endpoint import Endpoint

__all__ = ["Endpoint", "OpenAIChatModel", "OpenAIEmbedder"]
