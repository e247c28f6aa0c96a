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
from saetui.core.following import Anchor

_STEPS = 127


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
