"""Verify a bundle: every file by its hash, every array against the others."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Codes
from saetui.core.scores import cosines, single
from saetui.core.self_test import sampled_rows, self_test
from saetui.errors import SaetuiError
from saetui.store.atomic import sha256_of
from saetui.store.bundle import Bundle
from saetui.store.manifest import MANIFEST, seal_is_broken
from saetui.store.passages import FILES

_BLOCK = 8_192
_UNSEALED = "an earlier version wrote the manifest, so that nothing proves the manifest itself"
# An approximate index must find a document among this many rows nearest to it.
_NAMED = 5


@dataclass(frozen=True)
class Finding:
    """What one check found: what is wrong with its subject, if anything, and what was measured."""

    subject: str
    problem: str = ""
    detail: str = ""

    @property
    def ok(self) -> bool:
        """Whether there is no problem."""
        return not self.problem


def check_bundle(path: Path) -> Iterator[Finding]:
    """Check a bundle and yield each finding; a damaged bundle raises nothing."""
    try:
        bundle = Bundle(path)
    except SaetuiError as error:
        yield Finding("manifest and sizes", str(error))
        return
    yield _manifest(bundle)
    with contextlib.closing(bundle):
        sound = True
        for name, file in sorted(bundle.manifest.files.items()):
            finding = Finding(name, _changed(path / name, file.sha256))
            sound = sound and finding.ok
            yield finding
        # The content of a damaged file proves nothing about the others.
        if sound:
            yield from _parts(bundle)


def _manifest(bundle: Bundle) -> Finding:
    subject = "manifest and sizes"
    if not bundle.manifest.seal:
        return Finding(subject, detail=_UNSEALED)
    try:
        broken = seal_is_broken(bundle.path, bundle.manifest)
    except (OSError, ValueError) as error:
        return Finding(subject, f"{MANIFEST} cannot be read ({error}).")
    return Finding(subject, f"{MANIFEST} is not what was written." if broken else "")


def _changed(path: Path, sha256: str) -> str:
    try:
        same = sha256_of(path) == sha256
    except OSError as error:
        return f"it cannot be read ({error.strerror})."
    return "" if same else "its content is not what was written (SHA-256 differs)."


def _parts(bundle: Bundle) -> Iterator[Finding]:
    yield _outcome("documents", lambda: _documents(bundle))
    yield _outcome("embeddings", lambda: _norms(bundle.embeddings))
    if bundle.manifest.files.keys() >= set(FILES):
        yield _outcome("passages", lambda: _passages(bundle))
    yield _outcome("index", lambda: _index(bundle))
    for record in bundle.manifest.saes:
        yield _outcome(f"SAE {record.name}", partial(_sae, bundle, record.name))
        if "imported_from" in record.metrics and len(bundle):
            yield _imported(bundle, record.name)


def _outcome(subject: str, check: Callable[[], str]) -> Finding:
    try:
        return Finding(subject, check())
    except SaetuiError as error:
        return Finding(subject, str(error))


def _documents(bundle: Bundle) -> str:
    found = bundle.documents.count()
    return "" if found == len(bundle) else f"{found:,} where the manifest says {len(bundle):,}."


def _passages(bundle: Bundle) -> str:
    return "" if bundle.passages is None else _norms(bundle.passages.vectors)


def _norms(vectors: NDArray[np.floating]) -> str:
    for start in range(0, len(vectors), _BLOCK):
        block = np.asarray(vectors[start : start + _BLOCK], dtype=np.float32)
        wrong = np.flatnonzero(~(np.abs(np.linalg.norm(block, axis=1) - 1) < 0.01))
        if len(wrong):
            return f"row {start + int(wrong[0])} is not of unit norm."
    return ""


def _index(bundle: Bundle) -> str:
    if not len(bundle):
        return ""
    passages = bundle.indexed_passages
    vectors = bundle.embeddings if passages is None else passages.vectors
    vector = np.asarray(vectors[0], dtype=np.float32)
    rows = bundle.index.search(vector, _NAMED)
    best = cosines(vector, vectors[rows]).max(initial=-1)
    return "" if best > 0.99 else "it does not find the first document by itself."


def _sae(bundle: Bundle, name: str) -> str:
    sae = bundle.sae(name)
    # Reading them already compares shapes and ranges with the manifest.
    _, codes, postings, _ = sae.weights, sae.codes, sae.postings, sae.families
    by_document = codes.values[codes.indices >= 0]
    if not np.array_equal(np.sort(by_document), np.sort(postings.values)):
        return "codes by document and by feature differ."
    counts = np.array([feature.active for feature in sae.features])
    if not np.array_equal(counts, postings.counts()):
        return "the features' figures do not match the codes."
    return ""


def _imported(bundle: Bundle, name: str) -> Finding:
    subject, sae = f"self-test {name}", bundle.sae(name)
    try:
        rows = sampled_rows(len(bundle))
        stored = Codes(sae.codes.indices[rows], sae.codes.values[rows], sae.record.n)
        tested = self_test(sae.weights, single(bundle.embeddings[rows]), stored=stored)
    except SaetuiError as error:
        return Finding(subject, str(error))
    return Finding(subject, tested.mistake, tested.figures())
