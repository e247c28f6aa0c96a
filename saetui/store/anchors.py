"""What a feature is known by, as JSON: small enough to stand beside every note.

    {"direction": "f4B/...", "documents": ["0708.0254", ...]}

The direction is in steps of 1/127 of its largest number, one byte each: its cosine with the exact
one is above 0.999.
"""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

import numpy as np

from saetui.core.codec import Float
from saetui.core.matches import REMEMBERED, Anchor
from saetui.core.postings import Postings
from saetui.store.documents import DocumentStore

_STEPS = 127


def anchor_of(
    feature: int, directions: Float, postings: Postings, documents: DocumentStore
) -> Anchor:
    """What a feature of an SAE is known by.

    Args:
        feature: Its number.
        directions: Of the SAE.
        postings: Of the SAE.
        documents: That the postings name.
    """
    rows = [int(row) for row in postings.documents(feature)[0][:REMEMBERED]]
    return Anchor(directions[feature], tuple(documents.id_of(row) for row in rows))


def rows_of(anchor: Anchor, documents: DocumentStore) -> list[int]:
    """Rows of the documents that a feature is known by, as far as they are there."""
    found = (documents.row_of(each) for each in anchor.documents)
    return [row for row in found if row is not None]


def anchor_to_json(anchor: Anchor) -> dict[str, Any]:
    """An anchor as JSON; what is not known is left out."""
    value: dict[str, Any] = {}
    if anchor.direction is not None:
        largest = max(float(np.abs(anchor.direction).max(initial=0)), 1e-12)
        steps = np.rint(anchor.direction / largest * _STEPS).astype(np.int8)
        value["direction"] = base64.b64encode(steps.tobytes()).decode("ascii")
    if anchor.documents:
        value["documents"] = list(anchor.documents)
    return value


def anchor_from_json(value: Mapping[str, Any]) -> Anchor:
    """The anchor in a JSON object; what is missing or no anchor is not known."""
    documents = value.get("documents")
    ids = documents if isinstance(documents, list) else []
    return Anchor(_direction(value.get("direction")), tuple(str(each) for each in ids))


def _direction(text: object) -> Float | None:
    try:
        data = base64.b64decode(str(text), validate=True) if isinstance(text, str) else b""
    except (binascii.Error, ValueError):
        return None
    steps = np.frombuffer(data, dtype=np.int8).astype(np.float32)
    norm = float(np.linalg.norm(steps)) if len(steps) else 0.0
    return np.asarray(steps / norm, dtype=np.float32) if norm else None
