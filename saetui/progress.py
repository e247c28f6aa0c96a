"""How long work tells its caller where it stands, without knowing who listens."""

from typing import Protocol


class Progress(Protocol):
    """Receives the progress of one task at a time."""

    def start(self, task: str, total: int | None, unit: str, done: int = 0) -> None:
        """Begin a task of `total` units (None: unknown), of which `done` were done before."""

    def advance(self, amount: int = 1, **figures: float) -> None:
        """Count `amount` more units; `figures` are named numbers worth showing (a loss)."""

    def note(self, message: str) -> None:
        """Say one sentence that is worth keeping in the log."""


class Silent:
    """Progress that nobody watches."""

    def start(self, task: str, total: int | None, unit: str, done: int = 0) -> None:
        """Do nothing."""

    def advance(self, amount: int = 1, **figures: float) -> None:
        """Do nothing."""

    def note(self, message: str) -> None:
        """Do nothing."""
