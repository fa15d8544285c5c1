"""The open retrievers of a process, and the verification of their snapshots."""

from server.retrievers.opened import Opened
from server.retrievers.retrievers import Retrievers

__all__ = ["Opened", "Retrievers"]
