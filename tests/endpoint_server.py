"""A local endpoint that speaks a protocol of OpenAI's and can be told to misbehave."""

import json
import sys
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

Answer = tuple[int, dict[str, str], bytes]
Writing = Callable[[Callable[[bytes], None]], None]
"""Writes an answer byte by byte, status line and headers included, by the function it is given."""
Behaviour = Callable[[dict[str, Any]], "Answer | Writing | None"]


def failing(status: int, message: str, code: str = "", **headers: str) -> Behaviour:
    """Answer with an error, once."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    body = json.dumps({"error": {"message": message, "type": "error", "code": code}}).encode()
    return lambda request: (status, named, body)


def saying(body: str, content_type: str = "application/json") -> Behaviour:
    """Answer 200 with `body`, once."""
    return lambda request: (200, {"content-type": content_type}, body.encode())


def writing(write: Writing) -> Behaviour:
    """Answer with whatever `write` writes, and close the connection."""
    return lambda request: write


class _Server(ThreadingHTTPServer):
    # Many clients may connect at once.
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that were killed."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class EndpointServer(ABC):
    """Runs in a thread for as long as the `with` block.

    `script` holds what to do with the next requests, `rule` what to do with each one; where
    neither gives an answer, the protocol's is sent.

    Attributes:
        requests: The bodies received.
        keys: The Authorization headers that came with them.
        paths: Where they were sent.
        released: Set when the test is over.
    """

    def __init__(self) -> None:
        self.script: list[Behaviour] = []
        self.rule: Behaviour = lambda request: None
        self.requests: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.paths: list[str] = []
        self.released = threading.Event()
        self._lock = threading.Lock()
        self._http = _Server(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._http.server_port}/v1"

    @abstractmethod
    def protocol_answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """What a well-behaved server sends."""

    def never(self, request: dict[str, Any]) -> None:
        """Hold the answer back until the test is over."""
        self.released.wait()

    def __enter__(self) -> Self:
        self._thread = threading.Thread(
            target=self._http.serve_forever, kwargs={"poll_interval": 0.01}
        )
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.released.set()
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # An answer goes out in two parts, of which the second would wait for 40 ms.
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                request = json.loads(self.rfile.read(int(self.headers["content-length"])))
                with server._lock:
                    server.requests.append(request)
                    server.keys.append(self.headers.get("authorization"))
                    server.paths.append(self.path)
                    behaviour = server.script.pop(0) if server.script else server.rule
                answer = behaviour(request)
                if answer is None:
                    body = json.dumps(server.protocol_answer(request)).encode()
                    answer = 200, {}, body
                try:
                    if callable(answer):
                        self.close_connection = True
                        answer(self.wfile.write)
                        return
                    status, headers, body = answer
                    self.send_response(status)
                    for name, value in {"content-type": "application/json", **headers}.items():
                        self.send_header(name, value)
                    self.send_header("content-length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)
                except (BrokenPipeError, ConnectionResetError):
                    self.close_connection = True

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        return Handler
