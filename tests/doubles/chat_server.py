"""A server that speaks OpenAI's protocol and answers by rule, over real HTTP.

with ChatServer(lambda request: Answer(content='{"entities": []}')) as server:
    model = OpenAIChatModel(Endpoint(base_url=server.url, model="scripted"))
"""

import json
import select
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from types import TracebackType
from typing import Any

from tests.doubles.hash_embedder import HashEmbedder


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """What a client sent."""

    path: str
    headers: Mapping[str, str]
    body: Mapping[str, Any]
    gone: Callable[[], bool] = field(default=lambda: False, repr=False, compare=False)
    """Whether the client has hung up."""

    @property
    def prompt(self) -> str:
        """All messages' contents, a line each."""
        return "\n".join(message["content"] for message in self.body.get("messages", ()))

    @property
    def format(self) -> str:
        """The response format asked for; '' if none is."""
        form: Mapping[str, str] = self.body.get("response_format", {})
        return form.get("type", "")


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What the server is to say: a model's message, or whatever else a server may come up with."""

    content: object = ""
    finish_reason: str = "stop"
    refusal: str | None = None
    usage: Any = (11, 7)
    """Tokens of the question and of the answer, as the server reports them; None: it does not."""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    """Sent as it is, in place of the protocol's JSON."""
    delay: float = 0.0
    """Seconds before the answer."""
    drop: bool = False
    """Whether the connection is cut in the middle of the answer."""
    sent: Callable[[float], None] = field(default=lambda when: None, repr=False, compare=False)
    """Called when the last byte has left, with the moment before the first one did (time.time()):
    a client may have read all and be dead before this thread goes on."""
    lost: Callable[[], None] = field(default=lambda: None, repr=False, compare=False)
    """Called when it turns out that the client died before it had read the last byte: its system
    then resets the connection, where one that has nothing left to be read is closed."""

    def encoded(self, request: Request) -> bytes:
        if self.body is not None:
            return self.body
        if self.status != 200:
            return json.dumps({"error": {"message": self.content, "type": "error"}}).encode()
        message = {"role": "assistant", "content": self.content, "refusal": self.refusal}
        choice = {"index": 0, "finish_reason": self.finish_reason, "message": message}
        usage = None
        if self.usage is not None:
            usage = {"prompt_tokens": self.usage[0], "completion_tokens": self.usage[1]}
            usage |= {"total_tokens": sum(n for n in self.usage if isinstance(n, int))}
        reply = {
            "id": "scripted",
            "object": "chat.completion",
            "created": 0,
            "model": request.body.get("model"),
            "choices": [choice],
            "usage": usage,
        }
        return json.dumps(reply).encode()


def embeddings(request: Request) -> Answer:
    """The rule for `/embeddings` unless another is given: a hash embedder's vectors."""
    vectors = HashEmbedder().embed(request.body["input"], "passage")
    data = [
        {"object": "embedding", "index": index, "embedding": [float(number) * 3 for number in row]}
        for index, row in enumerate(vectors)
    ]
    reply = {"object": "list", "model": request.body["model"], "data": data[::-1]}
    return Answer(
        body=json.dumps(reply | {"usage": {"prompt_tokens": 1, "total_tokens": 1}}).encode()
    )


Rule = Callable[[Request], Answer]


class ChatServer:
    """Serves on a free port of the loopback address between `with` and its end."""

    def __init__(self, chat: Rule = lambda request: Answer(), embed: Rule = embeddings) -> None:
        self.chat = chat
        self.embed = embed
        self.requests: list[Request] = []
        """All requests, in the order in which they came."""
        self.most_at_once = 0
        """The largest number of requests that were under way together."""
        self._at_once = 0
        self._lock = Lock()

    @property
    def url(self) -> str:
        """The base URL, as clients want it."""
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    @property
    def calls(self) -> int:
        """How many requests came."""
        return len(self.requests)

    def __enter__(self) -> "ChatServer":
        handler = type("Handler", (_Handler,), {"scripted": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, request: Request) -> Answer:
        """What the rules say to a request, after its delay."""
        rule = self.embed if request.path.endswith("/embeddings") else self.chat
        with self._under_way(request):
            answer = rule(request)
            time.sleep(answer.delay)
        return answer

    @contextmanager
    def _under_way(self, request: Request) -> Iterator[None]:
        with self._lock:
            self.requests.append(request)
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            yield
        finally:
            with self._lock:
                self._at_once -= 1


class _Handler(BaseHTTPRequestHandler):
    scripted: ChatServer
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # headers and body leave in one packet
    lost: Callable[[], None] | None = None
    """Of the last answer, until the client shows that it has read it."""

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except ConnectionResetError:
            self.close_connection = True
            if self.lost is not None:
                self.lost()

    def do_POST(self) -> None:
        self.lost = None  # who asks again has read the last answer
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(path=self.path, headers=headers, body=body, gone=self._gone)
        answer = self.scripted.answer(request)
        data = answer.encoded(request)
        self.send_response(answer.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        leaves = time.time()
        self.wfile.write(data[: len(data) // 2] if answer.drop else data)
        self.wfile.flush()
        answer.sent(leaves)
        self.lost = answer.lost
        self.close_connection = answer.drop

    def _gone(self) -> bool:
        waiting = select.poll()  # select() knows no descriptor from 1,024 on
        waiting.register(self.connection, select.POLLIN)
        return bool(waiting.poll(0)) and not self.connection.recv(1, socket.MSG_PEEK)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Say nothing."""
