"""The HTTP server's processes: one, or several that are forked once everything is loaded."""

from server.serving.serving import serve

__all__ = ["serve"]
