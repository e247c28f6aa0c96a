"""The manifest of a bundle: what the bundle is, with the size and hash of every file.

A build may replace files while an app has the bundle open. What the app has read stays right: it
keeps the files that it opened. But what it reads for the first time afterwards would be of the new
bundle, and features, rows and documents would no longer belong together. `OpenedManifest` notices.
"""

import errno
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path, PureWindowsPath
from typing import Any

from saetui.errors import BundleDamaged, BundleError, BundleTooNew
from saetui.store.atomic import json_text, write_json
from saetui.store.json_files import briefly, parse_json, read_regular_file, record_from
from saetui.store.swap import WORK, settle
from saetui.version import __version__

MANIFEST = "manifest.json"
BUILD_LOG = "build.json"
SCHEMA = 1


@dataclass(frozen=True)
class FileRecord:
    """Size in bytes and SHA-256 of one file."""

    size: int
    sha256: str


@dataclass(frozen=True)
class SaeRecord:
    """One SAE of a bundle.

    Attributes:
        name: Its folder below `saes/`, such as `k16-n768`.
        n: Features.
        k: Active features per document; for some variants on average.
        metrics: Measured by training and later steps.
        most_active: The most active features per document; 0: k.
    """

    name: str
    n: int
    k: int
    metrics: dict[str, Any] = field(default_factory=dict)
    most_active: int = 0

    @property
    def slots(self) -> int:
        """Slots for active features in the codes of one document."""
        return self.most_active or self.k


@dataclass(frozen=True)
class Manifest:
    """What a bundle is.

    Attributes:
        name: Shown to users.
        documents: Number of documents, N.
        dimensions: Width of the embeddings, d.
        corpus: Where the documents came from, and what was left out.
        embedder: The settings to load the embedder again.
        index: Facts about the index, such as its recall.
        saes: The SAEs; the first one is the default.
        files: Every file of the bundle, by its path in the folder.
        saetui: Version that wrote the bundle.
        schema: Version of the bundle's layout.
        seal: SHA-256 of the manifest's file with this left empty; empty in one from before it was
            kept. `write_manifest` fills it in.
    """

    name: str
    documents: int
    dimensions: int
    corpus: dict[str, Any]
    embedder: dict[str, Any]
    index: dict[str, Any]
    saes: tuple[SaeRecord, ...]
    files: dict[str, FileRecord]
    saetui: str
    schema: int = SCHEMA
    seal: str = field(default="", compare=False)


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the manifest, sealed; from this moment the folder is a bundle."""
    values = asdict(replace(manifest, seal=""))
    seal = hashlib.sha256(json_text(values).encode()).hexdigest()
    write_json(folder / MANIFEST, {**values, "seal": seal})


def seal_is_broken(folder: Path, manifest: Manifest) -> bool:
    """Whether the file of a manifest was changed after it was sealed; False without a seal.

    Raises:
        OSError: It cannot be read.
    """
    content = read_regular_file(folder / MANIFEST)
    blank = content.replace(f'"seal": "{manifest.seal}"'.encode(), b'"seal": ""', 1)
    return bool(manifest.seal) and hashlib.sha256(blank).hexdigest() != manifest.seal


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a bundle.

    Raises:
        BundleError: There is no such folder, or it holds no bundle, or an unfinished one; or files
            that a killed process left to be moved cannot be moved.
        BundleTooNew: A later version of saetui wrote it.
        BundleDamaged: The file is not a manifest.
    """
    settle(folder)
    path = folder / MANIFEST
    try:
        values = parse_json(read_regular_file(path).decode())
    except (FileNotFoundError, NotADirectoryError):
        raise _no_bundle(folder) from None
    except (OSError, ValueError) as error:
        if getattr(error, "errno", None) == errno.ENAMETOOLONG:
            raise BundleError(f"There is no bundle at {folder}: the name is too long.") from None
        why = getattr(error, "strerror", None) or error
        raise BundleDamaged(f"{path} cannot be read ({why}).") from None
    try:
        _check_schema(folder, values)
        return _manifest(values)
    except ValueError as error:
        raise BundleDamaged(f"{path} is not the manifest of a bundle ({error}).") from None


def _check_schema(folder: Path, values: object) -> None:
    """Check the schema first, because everything else may differ in a later one."""
    if not isinstance(values, dict):
        raise ValueError("it is not an object")
    schema = values.get("schema")
    if type(schema) is not int or schema < 1:
        raise ValueError("it names no schema")
    if schema > SCHEMA:
        raise BundleTooNew(
            f"{folder} was written by saetui {values.get('saetui', '?')} with bundle schema "
            f"{schema}; this is saetui {__version__}, which reads schema {SCHEMA}.",
            "Upgrade saetui to open it.",
        )


def _manifest(values: dict[str, Any]) -> Manifest:
    """The manifest in a JSON object; ValueError says what is wrong with it."""
    listed, files = values.get("saes"), values.get("files")
    if not isinstance(listed, list) or not isinstance(files, dict):
        raise ValueError("it lists no SAEs or no files")
    saes = [record_from(SaeRecord, sae) for sae in listed]
    records = {name: record_from(FileRecord, file) for name, file in files.items()}
    manifest = record_from(Manifest, {**values, "saes": tuple(saes), "files": records})
    if not saes:
        raise ValueError("it lists no SAE")
    if manifest.documents < 0 or manifest.dimensions < 1:
        raise ValueError(f"{manifest.documents} documents of {manifest.dimensions} dimensions")
    if len({sae.name for sae in saes}) < len(saes):
        raise ValueError("it lists an SAE twice")
    for name in records:
        _parts_inside(name)
    for sae in saes:
        sizes_fit = 1 <= sae.k <= sae.n and 0 <= sae.most_active <= sae.n
        if not sizes_fit or len(_parts_inside(sae.name)) > 1:
            raise ValueError(f"an SAE {briefly(sae.name)} of n = {sae.n}, k = {sae.k}")
    return manifest


def _parts_inside(name: str) -> tuple[str, ...]:
    """The parts of a path, which must not lead out of the bundle's folder."""
    # Windows' rules know every separator, so a name is refused on all systems or on none.
    path = PureWindowsPath(name)
    if not path.parts or path.anchor or ".." in path.parts:
        raise ValueError(f"{briefly(name)} is not a path inside it")
    return path.parts


def _no_bundle(folder: Path) -> BundleError:
    if not folder.exists():
        return BundleError(f"There is no bundle at {folder}.", "Check the path.")
    if not folder.is_dir():
        return BundleError(
            f"{folder} is a file, and a bundle is a folder.",
            f"To make one from a corpus: saetui build {folder.name} -o {folder.stem}.bundle",
        )
    # An earlier version built in place and left its log there.
    if (folder / WORK).is_dir() or (folder / BUILD_LOG).is_file():
        return BundleError(
            f"The bundle at {folder} is not finished.",
            "Run the same 'saetui build' again: it goes on where it stopped.",
        )
    return BundleError(
        f"{folder} holds no bundle: {MANIFEST} is missing.",
        "To make one from a corpus: saetui build CORPUS -o NAME.bundle",
    )


class OpenedManifest:
    """The manifest of an open bundle."""

    def __init__(self, path: Path) -> None:
        self._path = path
        # Its signature is taken first: if it changes before it is read, it is only read again.
        settle(path)
        self._seen = self._signature()
        self.manifest: Manifest = read_manifest(path)
        self._changed: set[str] = set()

    @contextmanager
    def reading(self, *names: str) -> Iterator[None]:
        """Read files of the bundle, named by their paths inside, for the first time.

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
