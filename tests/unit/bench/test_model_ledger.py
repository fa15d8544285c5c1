"""What the book of the served model counts as received."""

import json
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from tests.doubles.chat_server import ChatServer
from tests.doubles.model_ledger import Ledger, ledger_server
from tests.doubles.waiting import until


@pytest.fixture
def ledger() -> Ledger:
    return Ledger(seconds=0.0)


@pytest.fixture
def server(ledger: Ledger) -> Iterator[ChatServer]:
    with ledger_server(ledger) as server:
        yield server


def asks(server: ChatServer) -> socket.socket:
    """A client whose answer has reached its machine."""
    body = json.dumps({"messages": [{"role": "user", "content": "Ann met Bob."}]}).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nContent-Length: {len(body)}\r\n\r\n"
    address = urlsplit(server.url)
    client = socket.create_connection((str(address.hostname), int(address.port or 0)))
    client.sendall(head.encode() + body)
    client.recv(1, socket.MSG_PEEK)
    return client


def test_an_answer_that_was_read_was_received(server: ChatServer, ledger: Ledger) -> None:
    with asks(server) as client:
        client.recv(65_536)
    with asks(server) as again:
        again.recv(65_536)
    until(lambda: ledger.calls == 2)
    assert (len(ledger.doubled()), ledger.unread) == (1, 0)


def test_an_answer_whose_client_died_before_it_read_it_was_not(
    server: ChatServer, ledger: Ledger
) -> None:
    """A process that is killed leaves its connections to the system, as one does that ends them."""
    asks(server).close()
    until(lambda: ledger.unread == 1)
    assert (ledger.calls, ledger.last) == (0, 0.0)
