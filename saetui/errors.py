"""Every error that saetui raises on purpose: what went wrong, and what to do next.

SaetuiError
|-- InputError              a file, an option or a query that cannot be used
|-- BundleError             a bundle on disk that cannot be used
|   |-- BundleDamaged       a file is missing, truncated or not what the manifest says
|   `-- BundleTooNew        written by a later version
|-- EmbedderError           an embedder that cannot be loaded or that failed
|-- LanguageModelError      a language model that cannot be asked or that failed
|-- BuildError              a build step that cannot go on
`-- MissingDependency       an optional package that the request needs
"""

import errno
import re

# hnswlib ships no wheels, so that a missing compiler shows as a missing package.
COMPILER_HINT = (
    "It is compiled from source on installation, which needs a C++ compiler and Python's "
    'headers ("apt install g++ python3-dev", or "xcode-select --install" on a Mac); '
    "then run: pip install --force-reinstall --no-cache-dir hnswlib"
)


# How libraries say that they got no memory; each has an error of its own for it.
_NO_MEMORY = re.compile(
    r"cannot allocate memory|can't allocate memory|failed to map segment|out of memory"
    r"|can't start new thread|bad_alloc",
    re.IGNORECASE,
)


def lacks_memory(error: BaseException) -> bool:
    """Whether an error means that there is not enough memory, whoever raised it."""
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    return isinstance(error, MemoryError) or (
        isinstance(error, ImportError | RuntimeError) and bool(_NO_MEMORY.search(str(error)))
    )


class SaetuiError(Exception):
    """Base of all errors meant for the user's eyes.

    Args:
        message: One sentence: what is wrong, and with what.
        hint: What to do next; may be empty.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class InputError(SaetuiError):
    """A file, an option or a query that cannot be used."""


class BundleError(SaetuiError):
    """A bundle on disk that cannot be used."""


class BundleDamaged(BundleError):
    """A file of the bundle is missing, truncated or not what the manifest says."""

    def __init__(
        self, message: str, hint: str = "Build the bundle again, or copy it again from its source."
    ) -> None:
        super().__init__(message, hint)


class BundleTooNew(BundleError):
    """The bundle was written by a later version of saetui."""


class EmbedderError(SaetuiError):
    """An embedder that cannot be loaded, or that failed."""


class LanguageModelError(SaetuiError):
    """A language model that cannot be asked, or that failed."""


class BuildError(SaetuiError):
    """A build step that cannot go on."""


class MissingDependency(SaetuiError):
    """An optional package that the request needs is not installed."""

    def __init__(self, package: str, purpose: str, extra: str) -> None:
        super().__init__(
            f"{purpose} needs the package '{package}', which is not installed.",
            f"Install it with: pip install 'saetui[{extra}]'",
        )
