"""SAEs that a build does not train but is given: from a bundle, a file, a folder or the hub."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from saetui.core.codec import SaeWeights
from saetui.errors import InputError
from saetui.interop.sae_folders import files_of, read_autoencoder
from saetui.pipeline.build_log import fingerprint
from saetui.pipeline.hub_weights import folder_on_hub
from saetui.pipeline.sources import fingerprint_of
from saetui.store import layout, saes
from saetui.store.manifest import MANIFEST, Manifest, SaeRecord, read_manifest
from saetui.train.size import SaeSize, Variant

_ON_HUB = re.compile(r"[\w.-]+/[\w.-]+(?:/[\w.-]+)*")
# What the address bar of a browser adds to that.
_ADDRESS = re.compile(r"https://huggingface\.co/([^/]+/[^/]+)(?:/(?:tree|blob)/[^/]+)?(/.*?)?/?")
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9]+")
_LONGEST_ORIGIN = 40


@dataclass(frozen=True)
class SaeSource:
    """What a user asks for by `--sae-from`.

    Attributes:
        source: A bundle, an SAE's folder in one, a file, a folder, or a repository of the Hugging
            Face hub with perhaps a folder in it.
        extend: Features to learn from what the SAE leaves unexplained.
        force: Whether to take an SAE that the self-test finds wrong.
    """

    source: str
    extend: int = 0
    force: bool = False


@dataclass(frozen=True)
class GivenSae:
    """An SAE from elsewhere.

    Attributes:
        source: What the user asked for.
        origin: Short name of where it is from, for the SAE's own name.
        made_from: Fingerprint of its files.
        weights: As a bundle computes it. Where only thresholds decide what is active, `k` is n.
        variant: How it was trained, if that is known.
        usual_k: Active features per document, on average; None where that is not known.
        embedder: Settings of the embedder that it was trained on; empty if unknown.
        bundle: The bundle that it is from, and its name there; None from elsewhere.
    """

    source: SaeSource
    origin: str
    made_from: str
    weights: SaeWeights
    variant: Variant = "topk"
    usual_k: int | None = None
    embedder: dict[str, Any] = field(default_factory=dict)
    bundle: tuple[Path, str] | None = None


def find_sae(source: SaeSource) -> GivenSae:
    """The SAE that a user asks for.

    Raises:
        InputError: There is none, or it cannot be read.
        BundleError: It is in a bundle that cannot be read.
    """
    path = Path(source.source)
    within = path.parent.parent
    if (path / MANIFEST).is_file():
        manifest = read_manifest(path)
        return _in_bundle(source, path, manifest, manifest.saes[0])
    if path.parent.name == "saes" and (within / MANIFEST).is_file():
        manifest = read_manifest(within)
        for record in manifest.saes:
            if record.name == path.name:
                return _in_bundle(source, within, manifest, record)
    if path.exists():
        origin = path.stem if path.is_file() else path.name
        return _elsewhere(source, path, origin)
    address = _ADDRESS.fullmatch(source.source)
    on_hub = "".join(part or "" for part in address.groups()) if address else source.source
    if _ON_HUB.fullmatch(on_hub):
        return _elsewhere(source, folder_on_hub(on_hub), on_hub.partition("/")[2])
    raise InputError(
        f"There is no SAE at {source.source}.",
        "Give a bundle, a file, a folder, or a repository of the Hugging Face hub such as "
        "owner/name or owner/name/folder.",
    )


def _in_bundle(source: SaeSource, path: Path, manifest: Manifest, record: SaeRecord) -> GivenSae:
    folder = layout.sae_folder(path, record.name)
    size = SaeSize.parse(record.name)
    files = [folder / name for name in (saes.CONFIGURATION, saes.WEIGHTS)]
    labels = folder / layout.FEATURES
    return GivenSae(
        source,
        # An SAE that is handed on keeps the name of where it was trained.
        size.origin or _short(path.stem),
        _fingerprint([*files, labels]),
        saes.load_weights(folder),
        size.variant,
        record.k,
        dict(manifest.embedder),
        (path, record.name),
    )


def _elsewhere(source: SaeSource, path: Path, origin: str) -> GivenSae:
    found = read_autoencoder(path)
    weights = found.weights(found.n)
    embedder = {"spec": found.embedder} if found.embedder else {}
    usual = found.usual_k if found.k is None else found.k
    made_from = _fingerprint(files_of(path))
    return GivenSae(source, _short(origin), made_from, weights, usual_k=usual, embedder=embedder)


def _fingerprint(files: Sequence[Path]) -> str:
    return fingerprint("given", 1, files=[fingerprint_of(path) for path in files])


def _short(origin: str) -> str:
    name = _NOT_IN_NAMES.sub("-", origin).strip("-")[:_LONGEST_ORIGIN].strip("-")
    return name.casefold() or "elsewhere"
