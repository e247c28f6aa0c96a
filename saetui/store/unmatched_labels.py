"""Labels of features that are gone, which no feature of today matches.

They lie in `unmatched-labels.jsonl` in the folder of an SAE, one a line. When that SAE is replaced
again, features are looked for once more.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from saetui.core.matches import Anchor
from saetui.errors import BundleDamaged
from saetui.store.anchors import anchor_from_json, anchor_to_json
from saetui.store.atomic import atomic_write
from saetui.store.labels import LabelRecord

UNMATCHED = "unmatched-labels.jsonl"


@dataclass(frozen=True)
class FormerLabel:
    """A label of a feature of a former SAE.

    Attributes:
        sae: Name of the SAE.
        of: Fingerprint of the SAE.
        label: The label, with the number that the feature had.
        anchor: Identifies the feature.
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
