"""A server on this machine that speaks what downloads need of the Hugging Face hub's protocol."""

import hashlib
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

COMMIT = "c" * 40


@contextmanager
def serve_repository(name: str, files: Mapping[str, bytes]) -> Iterator[str]:
    """The address of a hub that has one repository, for the length of a block."""

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.answer(body=False)

        def do_GET(self) -> None:
            self.answer(body=True)

        def answer(self, *, body: bool) -> None:
            path = self.path.partition("?")[0]
            if path.startswith(f"/api/models/{name}"):
                listed = [
                    {"type": "file", "rfilename": each, "path": each, "size": len(content)}
                    | {"oid": hashlib.sha1(content).hexdigest()}
                    for each, content in files.items()
                ]
                about = {"id": name, "modelId": name, "sha": COMMIT, "siblings": listed}
                about |= {"private": False, "tags": [], "downloads": 0, "likes": 0}
                tree = "/tree/" in path
                self.reply(json.dumps(listed if tree else about).encode(), {}, body)
                return
            prefix, _, file = path.partition("/resolve/")
            content = files.get(file.partition("/")[2])
            if prefix != f"/{name}" or content is None:
                self.send_response(404)
                self.send_header("X-Error-Code", "RepoNotFound")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            etag = hashlib.sha256(content).hexdigest()
            self.reply(content, {"ETag": f'"{etag}"', "X-Repo-Commit": COMMIT}, body)

        def reply(self, content: bytes, headers: Mapping[str, str], body: bool) -> None:
            self.send_response(200)
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
