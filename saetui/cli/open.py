"""`saetui open`: the terminal app."""

import sys

from saetui.cli.options import BundlePath, SaeName
from saetui.errors import InputError


def open_app(bundle: BundlePath, sae: SaeName = None) -> None:
    """Explore a bundle in the terminal.

    `saetui BUNDLE` does the same.
    """
    require_terminal()
    from saetui.tui.app import run

    run(bundle, sae)


def require_terminal() -> None:
    """Refuse to start the app where nobody would see it.

    Raises:
        InputError: A standard stream is not a terminal.
    """
    # The app reads keys from standard input and draws on standard error.
    streams = {"output": sys.stdout, "input": sys.stdin, "error": sys.stderr}
    for name, stream in streams.items():
        if not stream.isatty():
            raise InputError(
                f"The app needs a terminal, and standard {name} is not one.",
                "To print results instead, use: saetui search, features, families, document",
            )
