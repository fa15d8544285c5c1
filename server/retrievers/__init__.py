"""The open retrievers of a process, and the check of the snapshots that they answer from."""

from server.retrievers.opened import Opened
from server.retrievers.retrievers import Retrievers

__all__ = ["Opened", "Retrievers"]
