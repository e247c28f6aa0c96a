"""What goes wrong in a command: one sentence and a hint, also where standard streams are closed."""

import contextlib
import errno
import io
import os
import sys
import traceback
from typing import Any

from saetui.errors import COMPILER_HINT, InputError, SaetuiError, lacks_memory
from saetui.text import visible_line

# Packages that are compiled on the user's machine if no wheel fits.
_COMPILED = {"hnswlib": COMPILER_HINT}
_MESSAGE_LIMIT = 20_000

NO_MEMORY = (
    "There is not enough memory for this.",
    "Close other programs, then try again; a build goes on where it stopped.",
)
# No space on the disk, a file that may not grow, a terminal that is gone.
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF})


def report(error: Exception, debug: bool) -> None:
    """Report an error on standard error."""
    if debug:
        traceback.print_exception(error, file=sys.stderr)
    message, hint = _explained(error)
    say(message)
    for line in filter(None, hint.split("\n")):
        say(line)


def say(line: str) -> None:
    """Write one line to standard error; control characters in it are spelled out."""
    # If it cannot be written, there is no other place to report to.
    with contextlib.suppress(OSError):
        print(visible_line(line, _MESSAGE_LIMIT), file=sys.stderr)  # noqa: T201


def missing_package(error: ImportError) -> tuple[str, str]:
    """Message and hint for a package that saetui needs and that cannot be imported."""
    if lacks_memory(error):
        return NO_MEMORY
    package = (error.name or str(error)).partition(".")[0]
    if not isinstance(error, ModuleNotFoundError) and package not in _COMPILED:
        # The package is there, but one of its files cannot be loaded.
        return (
            f"A package that saetui needs cannot be loaded ({error}).",
            "See what is installed with: saetui doctor",
        )
    return (
        f"saetui needs the package '{package}', which cannot be imported ({error}).",
        _COMPILED.get(package, f"Install it with: pip install {package}"),
    )


def _explained(error: Exception) -> tuple[str, str]:
    if isinstance(error, SaetuiError):
        return error.message, error.hint
    if lacks_memory(error):
        return NO_MEMORY
    # A missing module of saetui itself is a bug, not a missing package.
    if isinstance(error, ImportError) and not (error.name or "").startswith("saetui"):
        return missing_package(error)
    if isinstance(error, OSError) and is_of_output(error):
        return (
            f"Standard output cannot be written ({error.strerror}).",
            "Free some space, or print to another place.",
        )
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        name = os.fsdecode(error.filename) if not isinstance(error.filename, int) else "A file"
        return f"{name} cannot be used ({error.strerror}).", "Check its name and its permissions."
    return f"unexpected error: {type(error).__name__}: {error}; run with --debug", ""


def is_of_output(error: OSError) -> bool:
    """Whether an error comes from printing results, and not from writing a file."""
    printing = False
    trace = error.__traceback__
    while trace is not None:
        module = str(trace.tb_frame.f_globals.get("__name__"))
        if module.startswith("saetui."):
            printing = module.startswith("saetui.cli.")
        trace = trace.tb_next
    return printing and error.filename is None and error.errno in _FULL


class _ClosedInput(io.RawIOBase):
    """Replaces a closed standard input."""

    def readable(self) -> bool:
        return True

    def readinto(self, _: Any) -> int:  # noqa: ANN401
        raise InputError(
            "Standard input is closed, so nothing can be read from it.",
            "Pipe something into the command, or name a file.",
        )


class _ClosedOutput(io.RawIOBase):
    """Replaces a closed standard output."""

    def writable(self) -> bool:
        return True

    def write(self, _: Any) -> int:  # noqa: ANN401
        raise InputError(
            "Standard output is closed, so results cannot be printed.",
            "Print them to a terminal, a file or a pipe.",
        )


def replace_closed_streams() -> None:
    """Replace closed standard streams.

    Else the next opened file would get the stream's number, and whatever a library prints there.
    """
    for number, stream in enumerate((sys.stdin, sys.stdout, sys.stderr)):
        if stream is None:
            with contextlib.suppress(OSError):
                _occupy(number)
    if sys.stdin is None:
        sys.stdin = io.TextIOWrapper(io.BufferedReader(_ClosedInput()), encoding="utf-8")
    if sys.stdout is None:
        sys.stdout = io.TextIOWrapper(io.BufferedWriter(_ClosedOutput()), encoding="utf-8")
    if sys.stderr is None:
        sys.stderr = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")


def _occupy(number: int) -> None:
    handle = os.open(os.devnull, os.O_RDWR)
    if handle != number:
        os.dup2(handle, number)
        os.close(handle)


def flushing_error() -> Exception | None:
    """The error of flushing standard output, if there is one; the output is then dropped."""
    try:
        sys.stdout.flush()
    except (OSError, InputError) as error:
        # Else the interpreter would try again at its end, and print an error.
        sys.stdout = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
        with contextlib.suppress(OSError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, 1)
            os.close(nowhere)
        return error
    return None
