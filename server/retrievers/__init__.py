"""The open retrievers of a process, and the check of the snapshots that they answer from."""

from server.retrievers.retrievers import Opened, Retrievers

__all__ = ["Opened", "Retrievers"]
