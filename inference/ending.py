"""Whether this process is to end: then no model is tried again that did not answer."""

from threading import Event

ENDING = Event()
"""Set once, by whoever was told to end the process; whatever waits for a model sees it."""
