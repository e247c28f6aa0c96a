"""Open a bundle for a command; `saetui open`, `demo` and `keys`: the terminal app."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from saetui.cli.options import AsJson, BundlePath, SaeName
from saetui.cli.output import Output
from saetui.errors import InputError

if TYPE_CHECKING:
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
