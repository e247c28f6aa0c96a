"""A server on this machine that speaks what downloads need of the Hugging Face hub's protocol."""

import hashlib
import json
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import ModuleType

import pytest

COMMIT = "c" * 40


@contextmanager
def serve_repository(
    name: str, files: Mapping[str, bytes], *, gated: bool = False
) -> Iterator[str]:
    """The address of a hub that has one repository, for the length of a block.

    Weights are on another address than other files, to which the hub leads, as the real one does.
    What a gated repository holds can be listed, but not downloaded.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.answer(body=False)

        def do_GET(self) -> None:
            self.answer(body=True)

        def answer(self, *, body: bool) -> None:
            path = self.path.partition("?")[0]
            if path.startswith("/api/models/") and not path.startswith(f"/api/models/{name}"):
                self.reply(b"", {"X-Error-Code": "RepoNotFound"}, body, 401)
                return
            if path.startswith(f"/api/models/{name}"):
                listed = [
                    {"type": "file", "rfilename": each, "path": each, "size": len(content)}
                    | {"oid": hashlib.sha1(content).hexdigest()}
                    for each, content in files.items()
                ]
                listed += [
                    {"type": "directory", "path": folder, "oid": COMMIT, "size": 0}
                    for folder in sorted({e.rpartition("/")[0] for e in files} - {""})
                    if "/tree/" in path
                ]
                about = {"id": name, "modelId": name, "sha": COMMIT, "siblings": listed}
                about |= {"private": False, "tags": [], "downloads": 0, "likes": 0}
                tree = "/tree/" in path
                self.reply(json.dumps(listed if tree else about).encode(), {}, body)
                return
            if path.startswith("/stored/"):
                self.reply(files[path.removeprefix("/stored/")], {}, body)
                return
            prefix, _, file = path.partition("/resolve/")
            file = file.partition("/")[2]
            content = files.get(file)
            if prefix != f"/{name}":
                self.reply(b"", {"X-Error-Code": "RepoNotFound"}, body, 401)
            elif gated:
                self.reply(b"", {"X-Error-Code": "GatedRepo"}, body, 401)
            elif content is None:
                self.reply(b"", {"X-Error-Code": "EntryNotFound"}, body, 404)
            else:
                about = {"X-Repo-Commit": COMMIT, "ETag": f'"{hashlib.sha1(content).hexdigest()}"'}
                if file.endswith(".json"):
                    self.reply(content, about, body)
                    return
                about |= {"X-Linked-ETag": f'"{hashlib.sha256(content).hexdigest()}"'}
                about |= {"X-Linked-Size": str(len(content))}
                port = self.server.server_address[1]
                about |= {"Location": f"http://localhost:{port}/stored/{file}"}
                self.reply(b"", about, body, 302)

        def reply(
            self, content: bytes, headers: Mapping[str, str], body: bool, status: int = 200
        ) -> None:
            self.send_response(status)
            for key, value in {"Content-Length": str(len(content)), **headers}.items():
                self.send_header(key, value)
            self.end_headers()
            if body:
                self.wfile.write(content)

        def log_message(self, format: str, *arguments: object) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def new_hub_client(**environment: str) -> Iterator[None]:
    """The hub's client as a new process would load it, since it reads its settings only once."""
    before = _take_out_hub_client()
    try:
        with pytest.MonkeyPatch.context() as patch:
            for name, value in {"HF_HUB_DISABLE_XET": "1", **environment}.items():
                patch.setenv(name, value)
            yield
    finally:
        _take_out_hub_client()
        sys.modules.update(before)


def _take_out_hub_client() -> dict[str, ModuleType]:
    """Remove the client's modules, with its connections closed, and return them."""
    if "huggingface_hub" in sys.modules:
        sys.modules["huggingface_hub"].close_session()
    names = [name for name in sys.modules if name.partition(".")[0] == "huggingface_hub"]
    return {name: sys.modules.pop(name) for name in names}
