"""Open a bundle for a command; `saetui open`, `demo`, `keys` and `serve`: the terminal app."""

import os
import secrets
import shlex
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from saetui.cli.options import AsJson, BundlePath, SaeName
from saetui.cli.output import Output
from saetui.errors import InputError, MissingDependency

if TYPE_CHECKING:
    from aiohttp import web
    from aiohttp.typedefs import Handler
    from textual_serve.server import Server

    from saetui.session.session import Session

_TWINS = "saetui search, features, families, document"


@contextmanager
def opened(path: Path, sae: str | None = None) -> "Iterator[Session]":
    """An open bundle, which is closed at the end of the block.

    Raises:
        SaetuiError: It cannot be opened, or has no SAE of that name.
    """
    from saetui.session.session import open_session

    session = open_session(path, sae)
    try:
        yield session
    finally:
        session.close()


def open_app(
    bundle: BundlePath,
    sae: SaeName = None,
    no_mouse: Annotated[
        bool,
        typer.Option("--no-mouse", help="Leave the mouse to the terminal, to select text with."),
    ] = False,
) -> None:
    """Explore a bundle in the terminal.

    `saetui BUNDLE` does the same.
    """
    require_terminal()
    from saetui.tui.app import run

    run(bundle, sae, mouse=not no_mouse)


def require_terminal() -> None:
    """Refuse to start the app without a terminal.

    Raises:
        InputError: A standard stream is not a terminal.
    """
    # In a browser it talks to textual-serve instead, which sets this.
    if os.environ.get("TEXTUAL_DRIVER"):
        return
    if os.environ.get("TERM") == "dumb":
        raise InputError(
            "This terminal (TERM=dumb) cannot draw the app.", f"To print results, use: {_TWINS}"
        )
    # The app reads keys from standard input and draws on standard error.
    streams = {"output": sys.stdout, "input": sys.stdin, "error": sys.stderr}
    for name, stream in streams.items():
        if not stream.isatty():
            raise InputError(
                f"The app needs a terminal, and standard {name} is not one.",
                f"To print results instead, use: {_TWINS}",
            )


def demo(
    *,
    path: Annotated[
        bool, typer.Option("--path", help="Print where the demo bundle is instead of opening it.")
    ] = False,
) -> None:
    """Explore passages from 250 papers on computational linguistics, without a network."""
    if path:
        from saetui.pipeline.demo import prepare_demo

        typer.echo(prepare_demo(lambda sentence: typer.echo(sentence, err=True)))
        return
    require_terminal()

    def open_demo(say: Callable[[str], None]) -> "Session":
        from saetui.pipeline.demo import prepare_demo
        from saetui.session.session import open_session

        return open_session(prepare_demo(say))

    from saetui.tui.app import run_app

    run_app(open_demo, "demo")


def keys(
    *,
    write: Annotated[
        bool, typer.Option("--write", help="Write a file in which keys can be changed.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List the keys of the app, by where they work, as they are set.

    To change some, write the file and edit it: its first lines say how. A mistake in it is told
    here and when the app starts, which then goes by the usual keys.
    """
    from saetui.store.atomic import atomic_write, named_if_unwritable
    from saetui.tui.commands import command_id
    from saetui.tui.keymap import keys_file, keys_text, read_keymap

    path = keys_file()
    if write:
        if path.exists():
            raise InputError(f"{path} exists.", "Edit it, or remove it first.")
        with named_if_unwritable(path), atomic_write(path) as temporary:
            temporary.write_text(keys_text(), "utf-8")
        typer.echo(f"Wrote {path}. Its first lines say how to change a key.")
        return
    keymap = read_keymap(path)
    listed = [
        {"in": scope, "keys": each.shown, "does": each.help, "name": command_id(scope, each)}
        for scope, commands in keymap.commands.items()
        for each in commands
    ]
    output = Output()
    if as_json:
        output.json({"file": str(path), "keys": listed, "remarks": list(keymap.remarks)})
        return
    output.table(["in", "keys", "does", "name"], [list(each.values()) for each in listed])
    for remark in keymap.remarks:
        typer.echo(remark, err=True)


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
