"""The manifest of a bundle: what it is, and the size and hash of every file in it."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from saetui.errors import BundleDamaged, BundleError, BundleTooNew
from saetui.store.atomic import write_json

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
        k: Active features per document at most.
        metrics: How well it reconstructs, as training measured it.
    """

    name: str
    n: int
    k: int
    metrics: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Manifest:
    """What a bundle is.

    Attributes:
        name: For the reader's eyes.
        documents: Number of documents, N.
        dimensions: Width of the embeddings, d.
        corpus: Where the documents came from, and what was left out.
        embedder: What is needed to load the embedder again.
        index: What is known about the index, such as its recall.
        saes: The SAEs; the first is opened unless another is asked for.
        files: Every file of the bundle by its path inside.
        saetui: Version that wrote the bundle.
        schema: Version of the bundle's layout.
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


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the manifest; from this moment the folder is a bundle."""
    write_json(folder / MANIFEST, asdict(manifest))


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a bundle.

    Raises:
        BundleError: There is no such folder, or it holds no bundle, or an unfinished one.
        BundleTooNew: A later version of saetui wrote it.
        BundleDamaged: The manifest is not one.
    """
    path = folder / MANIFEST
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise _no_bundle(folder) from None
    except (OSError, ValueError) as error:
        raise BundleDamaged(f"{path} cannot be read ({error}).") from None
    try:
        schema = int(values["schema"])
        if schema > SCHEMA:
            raise BundleTooNew(
                f"{folder} was written by saetui {values.get('saetui', '?')} with bundle schema "
                f"{schema}; this saetui reads schema {SCHEMA}.",
                "Upgrade saetui to open it.",
            )
        values["saes"] = tuple(SaeRecord(**sae) for sae in values["saes"])
        values["files"] = {name: FileRecord(**file) for name, file in values["files"].items()}
        manifest = Manifest(**values)
        if not manifest.saes:
            raise ValueError("it lists no SAE")
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BundleDamaged(f"{path} is not the manifest of a bundle ({error}).") from None
    return manifest


def _no_bundle(folder: Path) -> BundleError:
    if not folder.exists():
        return BundleError(f"There is no bundle at {folder}.", "Check the path.")
    if not folder.is_dir():
        return BundleError(
            f"{folder} is a file, and a bundle is a folder.",
            f"To make one from a corpus: saetui build {folder.name} -o {folder.stem}.bundle",
        )
    if (folder / BUILD_LOG).is_file():
        return BundleError(
            f"The bundle at {folder} is not finished.",
            "Run the same 'saetui build' again: it goes on where it stopped.",
        )
    return BundleError(
        f"{folder} holds no bundle: {MANIFEST} is missing.",
        "To make one from a corpus: saetui build CORPUS -o NAME.bundle",
    )
