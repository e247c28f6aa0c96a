"""Run the command line: arguments in, exit code out."""

import contextlib
import sys
from collections.abc import Sequence
from pathlib import Path

import typer.main

from saetui.cli.app import app
from saetui.cli.failures import flushing_error, replace_closed_streams, report, say

_DEBUG = "--debug"
_INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    `saetui my.bundle` means `saetui open my.bundle`, and `--debug` is allowed anywhere.

    Args:
        arguments: Words after the program's name; None for those of this process.

    Returns:
        0 for success, 1 for failure, 2 for a usage error, 130 when interrupted.
    """
    replace_closed_streams()
    words, debug = _without_debug(sys.argv[1:] if arguments is None else arguments)
    code, error = _run(_with_command(words))
    if code == _INTERRUPTED:
        say("interrupted")
    unwritten = flushing_error()
    for each in (error, unwritten):
        # It is not an error if the reader of a pipe stops early.
        if each is not None and not isinstance(each, BrokenPipeError):
            report(each, debug)
            return code or 1
    return code if unwritten is None else 1


def _run(words: list[str]) -> tuple[int, Exception | None]:
    """Exit code of a command, and the error that ended it, unless typer has reported it."""
    try:
        # Calling `app` would also replace the process's excepthook.
        typer.main.get_command(app).main(words, prog_name="saetui")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None), None
    except KeyboardInterrupt:
        return _INTERRUPTED, None
    except Exception as error:  # noqa: BLE001 - reported to the user in one sentence
        return 1, error
    return 0, None


def _without_debug(words: Sequence[str]) -> tuple[list[str], bool]:
    """The words without `--debug`, and whether it was there; words after `--` are not options."""
    end = words.index("--") if "--" in words else len(words)
    kept = [word for word in words[:end] if word != _DEBUG]
    return [*kept, *words[end:]], len(kept) < end


def _with_command(words: list[str]) -> list[str]:
    """The words, with `open` before the first one if that is a bundle's path and not a command."""
    commands = {command.name for command in app.registered_commands}
    commands |= {group.name for group in app.registered_groups}
    for position, word in enumerate(words):
        if word.startswith("-"):
            continue
        if word not in commands and _is_bundle_path(word):
            return [*words[:position], "open", *words[position:]]
        break
    return words


def _is_bundle_path(word: str) -> bool:
    # A word that is too long, or has a zero byte, cannot be a path.
    with contextlib.suppress(OSError, ValueError):
        return Path(word).suffix == ".bundle" or Path(word).exists()
    return False
