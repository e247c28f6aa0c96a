"""Open a bundle: `saetui open` in the terminal app, `opened` for one command."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from saetui.cli.options import BundlePath, SaeName
from saetui.errors import InputError

if TYPE_CHECKING:
    from saetui.session.session import Session

_TWINS = "saetui search, features, families, document"


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
