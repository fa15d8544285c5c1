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
        self._open: list[socket.socket] = []
        self._lock = Lock()
        self._speaks = Event()
        self._speaks.set()
        self.port = self._listen(0)

    def fall_silent(self) -> None:
        """Take everything, pass on nothing: as a machine that hangs."""
        self._speaks.clear()

    def come_back(self) -> None:
        """Pass on again, also what came meanwhile; listen again, if it was gone."""
        self._speaks.set()
        if not self._open:
            self._listen(self.port)

    def close(self) -> None:
        """Be gone: nobody listens any more, and all connections end."""
        with self._lock:
            ends, self._open = self._open, []
        for end in ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self._speaks.set()

    def _listen(self, port: int) -> int:
        listener = socket.create_server(("127.0.0.1", port))
        with self._lock:
            self._open.append(listener)
        Thread(target=self._accept, args=(listener,), daemon=True).start()
        return int(listener.getsockname()[1])

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                near, _ = listener.accept()
                far = socket.create_connection(("127.0.0.1", self._to))
                with self._lock:
                    self._open += [near, far]
                for source, sink in ((near, far), (far, near)):
                    Thread(target=self._pass_on, args=(source, sink), daemon=True).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                self._speaks.wait()
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)


@contextmanager
def relayed(port: int) -> Iterator[Relay]:
    """A relay to that port, for a while."""
    relay = Relay(port)
    try:
        yield relay
    finally:
        relay.close()
