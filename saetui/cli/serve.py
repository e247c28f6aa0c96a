"""`saetui serve`: the app in a browser, for whoever knows its address."""

import secrets
import shlex
import socket
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING, Annotated

import typer

from saetui.cli.options import BundlePath, SaeName
from saetui.errors import InputError, MissingDependency

if TYPE_CHECKING:
    from aiohttp import web
    from aiohttp.typedefs import Handler
    from textual_serve.server import Server

_HERE = "127.0.0.1"
_ONLY_FROM_HERE = "default-src 'self' 'unsafe-inline' data: blob:; connect-src 'self' ws:"


def serve(
    bundle: BundlePath,
    *,
    host: Annotated[
        str,
        typer.Option(
            "--host",
            metavar="ADDRESS",
            help="Where to listen. Any other than this machine lets in whoever reaches it and "
            "knows the token, unencrypted.",
        ),
    ] = _HERE,
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="0 takes a free one.")
    ] = 8000,
    sae: SaeName = None,
) -> None:
    """Open the app in a browser.

    The address that is printed has a token in it; without the token nothing is shown. Each window
    is an app of its own. ctrl+c stops it.
    """
    from saetui.store.manifest import read_manifest

    if find_spec("textual_serve") is None:
        raise MissingDependency("textual-serve", "saetui serve", "serve")
    manifest = read_manifest(bundle)
    with _listening(host, port) as listener:
        address, token = _address(listener, host), secrets.token_urlsafe(16)
        words = [sys.executable, "-X", "utf8", "-m", "saetui", "open", str(bundle)]
        command = shlex.join([*words, *(["--sae", sae] if sae else [])])
        server = _server(command, f"http://{address}", token, manifest.name)
        typer.echo(f"Open http://{address}/{token}/ in a browser. ctrl+c stops it.")
        if host not in (_HERE, "localhost", "::1"):
            typer.echo(
                f"Whoever reaches {host} and knows the token can read the bundle and write notes. "
                "Nothing is encrypted: use a tunnel (ssh -L) where others may listen.",
                err=True,
            )
        _run(server, token, listener)


def _listening(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port))
    except OSError as error:
        raise InputError(
            f"{host}:{port} cannot be listened on ({error.strerror or error}).",
            "Choose another port by --port, or 0 for a free one.",
        ) from None


def _address(listener: socket.socket, host: str) -> str:
    port = listener.getsockname()[1]
    # Browsers cannot go to the address that means all of a machine's.
    named = socket.gethostname() if host in ("0.0.0.0", "::") else host
    return f"[{named}]:{port}" if ":" in named else f"{named}:{port}"


def _server(command: str, address: str, token: str, title: str) -> "Server":
    from textual_serve.server import Server

    class Quiet(Server):
        """Says nothing of its own: the address that it would print lacks the token."""

        async def on_startup(self, app: "web.Application") -> None:
            """Say nothing."""

    found = Quiet(command, title=title, public_url=address)
    found.console.quiet = True
    return found


def _run(server: "Server", token: str, listener: socket.socket) -> None:
    """Serve everything below the token, and nothing else, until ctrl+c."""
    import logging

    from aiohttp import web

    logging.getLogger("aiohttp").setLevel(logging.ERROR)

    @web.middleware
    async def private(request: web.Request, handler: "Handler") -> web.StreamResponse:
        response = await handler(request)
        if not response.prepared:
            # The token must not travel to other sites with a link, nor stay in a cache; and the
            # page, which asks for a font elsewhere, must ask nobody but this machine.
            response.headers["Content-Security-Policy"] = _ONLY_FROM_HERE
            response.headers["Referrer-Policy"] = "no-referrer"
            response.headers["Cache-Control"] = "no-store"
        return response

    async def whole() -> web.Application:
        app = web.Application(middlewares=[private])
        app.add_subapp(f"/{token}/", await server._make_app())
        return app

    def forgotten(found: "sys.UnraisableHookArgs") -> None:
        # An app that ends together with the server may close its pipes after the event loop.
        if not isinstance(found.exc_value, RuntimeError):
            sys.__unraisablehook__(found)

    sys.unraisablehook = forgotten
    web.run_app(whole(), sock=listener, print=None, shutdown_timeout=1.0)
