"""Ways in which a file of a bundle goes bad, and a reader that touches every part of it."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from random import Random

from bundles import HashEmbedder

from saetui.core.changes import Change
from saetui.core.search_request import SearchRequest
from saetui.errors import SaetuiError
from saetui.session.session import Session
from saetui.store.atomic import sha256_of
from saetui.store.bundle import Bundle

# Every file of the bundle that `make_bundle` writes by default.
FILES = (
    "documents.sqlite",
    "embeddings.npy",
    "index.hnsw",
    "index.json",
    "index.projection.npy",
    "saes/k4-n24/cfg.json",
    "saes/k4-n24/codes/activations.npy",
    "saes/k4-n24/codes/indices.npy",
    "saes/k4-n24/codes/indptr.npy",
    "saes/k4-n24/codes/rows.npy",
    "saes/k4-n24/codes/values.npy",
    "saes/k4-n24/families.json",
    "saes/k4-n24/features.sqlite",
    "saes/k4-n24/sae_weights.safetensors",
)


def missing(path: Path, chance: Random) -> None:
    path.unlink()


def empty(path: Path, chance: Random) -> None:
    path.write_bytes(b"")


def cut_short(path: Path, chance: Random) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: chance.randrange(1, len(content))])


def extended(path: Path, chance: Random) -> None:
    with path.open("ab") as handle:
        handle.write(chance.randbytes(chance.randint(1, 5_000)))


def a_folder(path: Path, chance: Random) -> None:
    path.unlink()
    path.mkdir()


def noise(path: Path, chance: Random) -> None:
    path.write_bytes(chance.randbytes(path.stat().st_size))


def zeros(path: Path, chance: Random) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def flipped(path: Path, chance: Random) -> None:
    content = bytearray(path.read_bytes())
    # Most of a file is data; damage to what describes the data is worth more tries.
    end = chance.choice([len(content), min(len(content), 600)])
    for _ in range(chance.choice([1, 1, 1, 8])):
        content[chance.randrange(end)] ^= 1 << chance.randrange(8)
    path.write_bytes(content)


# These change what the file system says of the file, the others only what it holds.
OTHER_SIZE = (empty, cut_short, extended)
SEEN_AT_ONCE = (missing, a_folder, *OTHER_SIZE)
SAME_SIZE = (noise, zeros, flipped)


def write_sizes_and_hashes(folder: Path) -> None:
    """Make the manifest agree with its files, as if they had been written so."""
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    # As in a bundle from before manifests were sealed.
    manifest.pop("seal", None)
    for name in manifest["files"]:
        if (folder / name).is_file():
            manifest["files"][name] = {
                "size": (folder / name).stat().st_size,
                "sha256": sha256_of(folder / name),
            }
    path.write_text(json.dumps(manifest), encoding="utf-8")


def fresh(bundle: Path, folder: Path) -> Path:
    """A copy of a bundle at `folder`, in place of what was there."""
    shutil.rmtree(folder, ignore_errors=True)
    return Path(shutil.copytree(bundle, folder))


def explore(folder: Path) -> list[SaetuiError]:
    """Use every part of a bundle; the errors meant for users that came of it."""
    try:
        bundle = Bundle(folder)
    except SaetuiError as error:
        return [error]
    session = Session(bundle, embedder=HashEmbedder())
    steering = {1: Change("add", 0.5)}
    uses: list[Callable[[], object]] = [
        session.warm,
        lambda: session.search(SearchRequest("black hole", steering, why=True)),
        lambda: session.search(SearchRequest("coral", steering, mode="decode", exact=True)),
        lambda: session.features.lookup.matching("black"),
        lambda: [session.feature(i) for i in range(0, 24, 4)],
        lambda: [session.document(row) for row in range(len(bundle))],
        lambda: list(bundle.documents),
        lambda: bundle.documents.row_of("doc-1"),
    ]
    errors = []
    for use in uses:
        try:
            use()
        except SaetuiError as error:
            errors.append(error)
    session.close()
    return errors
