"""The command line: parse, ask a session, print."""

from saetui.cli.entry import main

__all__ = ["main"]
