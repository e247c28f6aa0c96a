"""Standard streams that are closed or cannot be written."""

import contextlib
import errno
import io
import os
import sys
from typing import Any

from saetui.errors import InputError

# No space on the disk, a file that may not grow, a terminal that is gone.
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF})


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
