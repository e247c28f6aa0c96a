"""Prove a bundle whole: every file against its hash, every array against the others."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from saetui.errors import SaetuiError
from saetui.store.bundle import Bundle
from saetui.store.hashes import sha256_of

_BLOCK = 8_192


@dataclass(frozen=True)
class Finding:
    """The outcome of one check.

    Attributes:
        subject: What was checked.
        problem: What is wrong with it; empty when nothing is.
    """

    subject: str
    problem: str = ""

    @property
    def ok(self) -> bool:
        """Whether nothing was found wrong."""
        return not self.problem


def check_bundle(path: Path) -> Iterator[Finding]:
    """Check a bundle; yields each outcome as it is known, and never raises for a bad bundle."""
    try:
        bundle = Bundle(path)
    except SaetuiError as error:
        yield Finding("manifest and sizes", str(error))
        return
    yield Finding("manifest and sizes")
    sound = True
    for name, file in sorted(bundle.manifest.files.items()):
        changed = sha256_of(path / name) != file.sha256
        sound = sound and not changed
        yield Finding(name, "its content is not what was written (SHA-256 differs)." * changed)
    if not sound:
        return
    yield _outcome("documents", lambda: _documents(bundle))
    yield _outcome("embeddings", lambda: _embeddings(bundle))
    yield _outcome("index", lambda: _index(bundle))
    for record in bundle.manifest.saes:
        yield _outcome(f"SAE {record.name}", partial(_sae, bundle, record.name))
    bundle.close()


def _outcome(subject: str, check: Callable[[], str]) -> Finding:
    try:
        return Finding(subject, check())
    except SaetuiError as error:
        return Finding(subject, str(error))


def _documents(bundle: Bundle) -> str:
    found = len(bundle.documents)
    return "" if found == len(bundle) else f"{found:,} where the manifest says {len(bundle):,}."


def _embeddings(bundle: Bundle) -> str:
    for start in range(0, len(bundle), _BLOCK):
        block = np.asarray(bundle.embeddings[start : start + _BLOCK], dtype=np.float32)
        norms = np.linalg.norm(block, axis=1)
        wrong = np.flatnonzero(~(np.abs(norms - 1) < 0.01))
        if len(wrong):
            return f"row {start + int(wrong[0])} is not of unit norm."
    return ""


def _index(bundle: Bundle) -> str:
    if not len(bundle):
        return ""
    vector = np.asarray(bundle.embeddings[0], dtype=np.float32)
    rows = bundle.index.search(vector, 1)
    best = np.asarray(bundle.embeddings[int(rows[0])], dtype=np.float32)
    return "" if float(best @ vector) > 0.99 else "it does not find the first document by itself."


def _sae(bundle: Bundle, name: str) -> str:
    sae = bundle.sae(name)
    weights, codes, postings = sae.weights, sae.codes, sae.postings
    if weights.d != bundle.manifest.dimensions:
        return f"it is for width {weights.d}, the embeddings have {bundle.manifest.dimensions}."
    if not np.isfinite(weights.directions).all() or not np.isfinite(weights.encoder).all():
        return "its weights hold values that are not numbers."
    highest = int(codes.indices.max(initial=-1))
    if highest >= sae.record.n or int(codes.indices.min(initial=-1)) < -1:
        return f"a code names feature {highest}, but there are {sae.record.n:,}."
    if len(postings.rows) and not 0 <= int(postings.rows.min()) <= int(postings.rows.max()) < len(
        bundle
    ):
        return "a posting names a document that does not exist."
    if int((codes.indices >= 0).sum()) != len(postings.rows):
        return "codes by document and by feature differ in number."
    counts = np.array([feature.documents for feature in sae.features])
    if not np.array_equal(counts, postings.counts()):
        return "the features' figures do not match the codes."
    return "" if sae.families is not None else "it has no families."
