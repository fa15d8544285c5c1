"""The broker (Redis or RabbitMQ), used through Celery: the app whose tasks are the indexing steps,
and the sender of messages.

Nothing here knows what a step does (see `indexer.flow`) or holds state, which is in the store.
"""

from server.broker.address import check
from server.broker.app import VISIBILITY_SECONDS, make_app, register
from server.broker.reach import check_password, wait_for
from server.broker.sender import CeleryBroker, open_broker

__all__ = [
    "VISIBILITY_SECONDS",
    "CeleryBroker",
    "check",
    "check_password",
    "make_app",
    "open_broker",
    "register",
    "wait_for",
]
