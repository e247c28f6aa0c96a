"""Report the failure of a command: one sentence, and what to do next."""

import contextlib
import os
import sys
import traceback

from saetui.cli.streams import is_of_output
from saetui.errors import COMPILER_HINT, SaetuiError, lacks_memory
from saetui.text import visible_line

# Packages that are compiled on the user's machine if no wheel fits.
_COMPILED = {"hnswlib": COMPILER_HINT}
_MESSAGE_LIMIT = 20_000

NO_MEMORY = (
    "There is not enough memory for this.",
    "Close other programs, then try again; a build goes on where it stopped.",
)


def report(error: Exception, debug: bool) -> None:
    """Report an error on standard error.

    Args:
        error: What a command raised.
        debug: Print the traceback first.
    """
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
    """Message and hint."""
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
