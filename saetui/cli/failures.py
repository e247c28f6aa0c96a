"""What the user reads when a command fails: a sentence, and what to do next."""

import sys
import traceback

from saetui.errors import COMPILER_HINT, SaetuiError
from saetui.text import visible_line

# Packages that are compiled on the user's machine when no wheel fits it.
_COMPILED = {"hnswlib": COMPILER_HINT}
_MESSAGE_LIMIT = 20_000


def report(error: Exception, debug: bool) -> None:
    """Tell of an error on standard error.

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
    """One line on standard error; what it quotes cannot act on the terminal."""
    print(visible_line(line, _MESSAGE_LIMIT), file=sys.stderr)  # noqa: T201


def missing_package(error: ImportError) -> tuple[str, str]:
    """Message and hint for a package that saetui needs and that cannot be imported."""
    package = (error.name or str(error)).partition(".")[0]
    return (
        f"saetui needs the package '{package}', which cannot be imported ({error}).",
        _COMPILED.get(package, f"Install it with: pip install {package}"),
    )


def _explained(error: Exception) -> tuple[str, str]:
    """Message and hint."""
    if isinstance(error, SaetuiError):
        return error.message, error.hint
    # A name that saetui itself lacks is a defect, not a missing package.
    if isinstance(error, ImportError) and not (error.name or "").startswith("saetui"):
        return missing_package(error)
    return f"unexpected error: {type(error).__name__}: {error}; run with --debug", ""
