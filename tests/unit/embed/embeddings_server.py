"""A local endpoint that speaks OpenAI's embeddings protocol and can be told to misbehave."""

import base64
import hashlib
import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np

Answer = tuple[int, dict[str, str], bytes]
Behaviour = Callable[[dict[str, Any]], "Answer | None"]


def vector_of(text: str, width: int) -> np.ndarray:
    """What the server answers for a text: the same each time, and not of unit norm."""
    seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little")
    return 3 * np.random.default_rng(seed).normal(size=width).astype(np.float32)


def protocol_answer(request: dict[str, Any], width: int) -> dict[str, Any]:
    """What a well-behaved server sends, last text first."""
    entries = []
    for index, text in enumerate(request["input"]):
        vector = vector_of(text, request.get("dimensions", width))
        coded: Any = vector.tolist()
        if request.get("encoding_format") == "base64":
            coded = base64.b64encode(vector.astype("<f4").tobytes()).decode()
        entries.append({"object": "embedding", "index": index, "embedding": coded})
    usage = {"prompt_tokens": 1, "total_tokens": 1}
    return {"object": "list", "data": entries[::-1], "model": request["model"], "usage": usage}


def failing(status: int, message: str, code: str = "", **headers: str) -> Behaviour:
    """Answer with an error, once."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    body = json.dumps({"error": {"message": message, "type": "error", "code": code}}).encode()
    return lambda request: (status, named, body)


def saying(body: str, content_type: str = "application/json") -> Behaviour:
    """Answer 200 with `body`, once."""
    return lambda request: (200, {"content-type": content_type}, body.encode())


class EmbeddingsServer:
    """Runs in a thread for as long as the `with` block.

    `script` holds what to do with the next requests, `rule` what to do with each one; where
    neither gives an answer, the protocol's is sent.
    """

    def __init__(self, width: int = 8) -> None:
        self.width = width
        self.script: list[Behaviour] = []
        self.rule: Behaviour = lambda request: None
        self.requests: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.released = threading.Event()
        self._lock = threading.Lock()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._http.server_port}/v1"

    @property
    def texts(self) -> list[list[str]]:
        """The texts of every request so far."""
        return [request["input"] for request in self.requests]

    def never(self, request: dict[str, Any]) -> None:
        """Hold the answer back until the test is over."""
        self.released.wait()

    def __enter__(self) -> "EmbeddingsServer":
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

            def do_POST(self) -> None:
                request = json.loads(self.rfile.read(int(self.headers["content-length"])))
                with server._lock:
                    server.requests.append(request)
                    server.keys.append(self.headers.get("authorization"))
                    behaviour = server.script.pop(0) if server.script else server.rule
                answer = behaviour(request)
                if answer is None:
                    body = json.dumps(protocol_answer(request, server.width)).encode()
                    answer = 200, {}, body
                status, headers, body = answer
                try:
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
