"""The paper's labels and scores of features, and its families."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from saetui.errors import InputError


@dataclass(frozen=True)
class PublishedFeature:
    """One entry of `feature_analysis_results_K.json`.

    Attributes:
        index: Number of the feature.
        label: What it is about; may be empty.
        reasoning: Why, in the language model's words; may be empty.
        f1: How well the label predicts which documents activate the feature, if known.
        pearson: The same as a correlation.
        density: Share of documents that activate it, if known.
    """

    index: int
    label: str
    reasoning: str = ""
    f1: float | None = None
    pearson: float | None = None
    density: float | None = None


@dataclass(frozen=True)
class PublishedFamily:
    """One family, named after its parent.

    Attributes:
        name: The parent's name.
        parent_number: The number beside the parent's name, a size, if there is one.
        children: Names and feature numbers of its members.
    """

    name: str
    parent_number: int | None
    children: tuple[tuple[str, int], ...]


def read_features(path: Path, n: int) -> list[PublishedFeature]:
    """The features that a file describes, in its order.

    Raises:
        InputError: It cannot be read, or describes an SAE of another size than `n`.
    """
    entries = _json(path)
    if not isinstance(entries, list):
        raise InputError(f"{path} is not a list of features.")
    return [_feature(path, place, entry, n) for place, entry in enumerate(entries, start=1)]


def _feature(path: Path, place: int, entry: object, n: int) -> PublishedFeature:
    if not isinstance(entry, dict) or type(entry.get("index")) is not int:
        raise InputError(f"{path}: entry {place:,} has no index.", "Look at that entry.")
    _check_index(path, entry["index"], n)
    return PublishedFeature(
        entry["index"],
        _text(entry.get("label")),
        _text(entry.get("reasoning")),
        _number(entry.get("f1")),
        _number(entry.get("pearson_correlation")),
        _number(entry.get("density")),
    )


def read_families(path: Path, n: int) -> list[PublishedFamily]:
    """The families in a file, in its order.

    `clean_families.json` is `{parent: [[child, index], ...]}`; `clean_families_K_N.json` is
    `{name: {"parent": [name, size], "children": [[name, index], ...]}}`.

    Raises:
        InputError: It cannot be read, or describes an SAE of another size than `n`.
    """
    families = _json(path)
    if not isinstance(families, dict):
        raise InputError(f"{path} is not an object with a family under each name.")
    found = []
    for name, value in families.items():
        parent, number, children = name, None, value
        if isinstance(value, dict):
            children = value.get("children")
            parent, number = _parent(value.get("parent"), name)
        members = tuple(_children(path, name, children, n))
        found.append(PublishedFamily(parent, number, members))
    return found


def _parent(value: object, name: str) -> tuple[str, int | None]:
    if isinstance(value, Sequence) and not isinstance(value, str) and value:
        number = value[1] if len(value) > 1 else None
        return _text(value[0]) or name, number if type(number) is int else None
    return _text(value) or name, None


def _children(path: Path, name: str, children: object, n: int) -> Iterator[tuple[str, int]]:
    if not isinstance(children, list):
        raise InputError(f"{path}: the family '{name[:60]}' has no list of children.")
    for child in children:
        if not isinstance(child, list) or len(child) < 2 or type(child[1]) is not int:
            raise InputError(
                f"{path}: a child of the family '{name[:60]}' is not a name and a number."
            )
        _check_index(path, child[1], n)
        yield _text(child[0]), child[1]


def _check_index(path: Path, index: int, n: int) -> None:
    if not 0 <= index < n:
        raise InputError(
            f"{path} names feature {index}, but the SAE has features 0 to {n - 1}.",
            "It belongs to another SAE: take it out of the folder, or choose that one by --sae.",
        )


def _json(path: Path) -> Any:  # noqa: ANN401 - JSON can be anything.
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror or error}).") from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is cut short or not JSON ({error}).", "Copy it again.") from None


def _text(value: object) -> str:
    return " ".join(value.split()) if isinstance(value, str) else ""


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None


def names_of(features: Sequence[PublishedFeature]) -> Mapping[int, str]:
    """Labels by feature."""
    return {feature.index: feature.label for feature in features if feature.label}
