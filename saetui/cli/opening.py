"""Open a bundle for the length of one command."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from saetui.session.session import Session


@contextmanager
def opened(path: Path, sae: str | None = None) -> "Iterator[Session]":
    """An open bundle, closed again at the end.

    Raises:
        SaetuiError: It cannot be opened, or has no SAE of that name.
    """
    from saetui.session.session import open_session

    session = open_session(path, sae)
    try:
        yield session
    finally:
        session.close()
