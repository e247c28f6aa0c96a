"""Whether a bundle that is open is still the one that was opened.

A build may replace files while an app has the bundle open. What the app has read stays right: it
keeps the files that it opened. But what it reads for the first time afterwards would be of the new
bundle, and features, rows and documents would no longer belong together.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from saetui.errors import BundleDamaged, BundleError
from saetui.store.manifest import MANIFEST, Manifest, read_manifest
from saetui.store.swap import settle


class OpenedManifest:
    """The manifest of an open bundle.

    Args:
        path: Folder of the bundle.

    Attributes:
        manifest: As it was read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        # Its signature is taken first: if it changes before it is read, it is only read again.
        settle(path)
        self._seen = self._signature()
        self.manifest: Manifest = read_manifest(path)
        self._changed: set[str] = set()

    @contextmanager
    def reading(self, *names: str) -> Iterator[None]:
        """Read files of the bundle for the first time.

        Args:
            names: The files, by path inside.

        Raises:
            BundleError: They are no longer those of the manifest.
        """
        try:
            yield
        except BundleDamaged:
            self.check(names)
            raise
        self.check(names)

    def check(self, names: tuple[str, ...]) -> None:
        """Raise BundleError if any of these files has changed since the bundle was opened."""
        settle(self._path)
        now = self._signature()
        if now != self._seen:
            current, opened = read_manifest(self._path).files, self.manifest.files
            self._changed = {name for name in opened if current.get(name) != opened[name]}
            self._seen = now
        if not self._changed.isdisjoint(names):
            raise BundleError(
                f"{self._path} was changed by another command since it was opened.",
                "Close it and open it again.",
            )

    def _signature(self) -> tuple[int, int, int] | None:
        """What tells one file of a manifest from another without reading it."""
        try:
            status = (self._path / MANIFEST).stat()
        except OSError:
            return None
        return status.st_ino, status.st_size, status.st_mtime_ns
