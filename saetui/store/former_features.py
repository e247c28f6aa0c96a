"""Features of a former SAE: what each is known by, and labels that no feature of today matches.

What a feature is known by is small enough to stand beside every note, as JSON:

    {"direction": "f4B/...", "documents": ["0708.0254", ...]}

The direction is in steps of 1/127 of its largest number, one byte each: its cosine with the exact
one is above 0.999.

Labels of features that are gone lie in `unmatched-labels.jsonl` in the folder of an SAE, one a
line. When that SAE is replaced again, features are looked for once more.
"""

import base64
import binascii
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from saetui.core.codec import Float, Postings
from saetui.core.matches import REMEMBERED, Anchor
from saetui.errors import BundleDamaged
from saetui.store.atomic import atomic_write
from saetui.store.documents import DocumentStore
from saetui.store.labels import LabelRecord

_STEPS = 127


def anchor_of(
    feature: int, directions: Float, postings: Postings, documents: DocumentStore
) -> Anchor:
    """What a feature of an SAE is known by."""
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


UNMATCHED = "unmatched-labels.jsonl"


@dataclass(frozen=True)
class FormerLabel:
    """A label of a feature of a former SAE, by the name and fingerprint of that SAE.

    The label has the number that the feature had; the anchor identifies the feature.
    """

    sae: str
    of: str
    label: LabelRecord
    anchor: Anchor


def write_unmatched(folder: Path, labels: Iterable[FormerLabel]) -> None:
    """Write labels into the folder of an SAE; whole or not at all."""
    lines = [
        json.dumps(
            {"sae": each.sae, "of": each.of, **asdict(each.label), **anchor_to_json(each.anchor)},
            ensure_ascii=False,
        )
        for each in labels
    ]
    with atomic_write(folder / UNMATCHED) as temporary:
        text = "".join(f"{line}\n" for line in lines)
        temporary.write_bytes(text.encode("utf-8", "replace"))


def read_unmatched(folder: Path) -> list[FormerLabel]:
    """The unmatched labels in the folder of an SAE; none if there is no file.

    Raises:
        BundleDamaged: The file does not hold labels.
    """
    path = folder / UNMATCHED
    try:
        lines = path.read_text("utf-8").split("\n")
        return [_former(json.loads(line)) for line in lines if line.strip()]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BundleDamaged(f"{path} does not hold labels ({error}).") from None


def _former(value: dict[str, Any]) -> FormerLabel:
    names = {each.name for each in fields(LabelRecord)}
    label = LabelRecord(**{name: found for name, found in value.items() if name in names})
    if type(label.feature) is not int or not isinstance(label.text, str):
        raise ValueError("a line is not a label")
    label = replace(label, terms=tuple(str(term) for term in label.terms))
    return FormerLabel(str(value["sae"]), str(value["of"]), label, anchor_from_json(value))
