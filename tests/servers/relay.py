"""An address of one's own for a server that others use too: it can go away, or fall silent."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Lock, Thread


class Relay:
    """Passes on what comes to its port, until told otherwise."""

    def __init__(self, port: int) -> None:
        """Listen, and pass on to this port of this machine."""
        self._to = port
        self._listener: socket.socket | None = None
        self._ends: list[socket.socket] = []
        """Of the connections, two each."""
        self._lock = Lock()
        self._speaks = Event()
        self._speaks.set()
        self.port = self._listen(0)

    @property
    def connections(self) -> int:
        """How many there are, or were, since it last listened."""
        with self._lock:
            return len(self._ends) // 2

    def fall_silent(self) -> None:
        """Take everything, pass on nothing: as a machine that hangs."""
        self._speaks.clear()

    def come_back(self) -> None:
        """Pass on again, also what came meanwhile; listen again, if it was gone."""
        self._speaks.set()
        if self._listener is None:
            self._listen(self.port)

    def close(self) -> None:
        """Be gone: nobody listens any more, and all connections end."""
        with self._lock:
            listener, ends = self._listener, self._ends
            self._listener, self._ends = None, []
        for end in (listener, *ends):
            if end is not None:
                _end(end)
        self._speaks.set()

    def _listen(self, port: int) -> int:
        listener = socket.create_server(("127.0.0.1", port))
        with self._lock:
            self._listener = listener
        Thread(target=self._accept, args=(listener,), daemon=True).start()
        return int(listener.getsockname()[1])

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):  # closed
            while True:
                near, _ = listener.accept()
                self._connect(listener, near)

    def _connect(self, listener: socket.socket, near: socket.socket) -> None:
        """Connect who came; one who came just before all was closed, or to nobody, is let go."""
        try:
            far = socket.create_connection(("127.0.0.1", self._to))
        except OSError:
            _end(near)
            return
        with self._lock:
            listening = self._listener is listener
            if listening:
                self._ends += [near, far]
        for source, sink in ((near, far), (far, near)):
            if listening:
                Thread(target=self._pass_on, args=(source, sink), daemon=True).start()
            else:
                _end(source)

    def _pass_on(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                self._speaks.wait()
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)


def _end(end: socket.socket) -> None:
    """Close it, whoever is reading from it."""
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()


@contextmanager
def relayed(port: int) -> Iterator[Relay]:
    """A relay to that port, for a while."""
    relay = Relay(port)
    try:
        yield relay
    finally:
        relay.close()
