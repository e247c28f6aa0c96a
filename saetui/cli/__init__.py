"""The command line: parse the arguments, ask a session, print the answer."""

from saetui.cli.entry import main

__all__ = ["main"]
