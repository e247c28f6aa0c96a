"""Families come back as they were written, and name only what there is."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from saetui.core.families import Families, Family, FamilyParameters
from saetui.errors import BundleDamaged
from saetui.store.relations import read_families, write_families

FAMILIES = Families(
    FamilyParameters(minimum_weight=0.25),
    (0, 1, 2, 4, 5),
    (
        Family(0, 4, "Stars \u2605", (4, 0, 1), ((4, 0, 0.5), (0, 1, 1 / 3)), 1),
        Family(1, 2, "", (2, 5), ((2, 5, 0.125),), 2),
    ),
    ((4, 0, 0.5), (0, 1, 1 / 3), (2, 5, 0.125)),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    write_families(tmp_path / "families.json", FAMILIES)
    return tmp_path / "families.json"


def test_families_come_back_as_they_were_written(path: Path) -> None:
    assert read_families(path, 6) == FAMILIES


def test_no_families_are_families_too(tmp_path: Path) -> None:
    none = Families(FamilyParameters(), (), (), ())
    write_families(tmp_path / "families.json", none)
    assert read_families(tmp_path / "families.json", 1) == none


def put(value: Any, *keys: str | int) -> Callable[[Any], None]:
    def damage(families: Any) -> None:
        for key in keys[:-1]:
            families = families[key]
        families[keys[-1]] = value

    return damage


@pytest.mark.parametrize(
    "damage",
    [
        put(6, "clean", 0),
        put(-1, "forest", 0, 1),
        put(9, "families", 0, "root"),
        put(6, "families", 0, "members", 2),
        put([], "families", 0, "members"),
        put([[4, 7, 0.5], [0, 1, 0.5]], "families", 0, "edges"),
        put(5, "families", 0, "id"),
        put(None, "families"),
        put(7, "families"),
        put([7], "families"),
        put({"tau": 1}, "parameters"),
        put("x", "forest", 0),
        put(float("inf"), "clean", 0),
    ],
)
def test_what_cannot_be_is_refused(path: Path, damage: Callable[[Any], None]) -> None:
    families = json.loads(path.read_text(encoding="utf-8"))
    damage(families)
    path.write_text(json.dumps(families), encoding="utf-8")
    with pytest.raises(BundleDamaged, match=r"families\.json"):
        read_families(path, 6)


@pytest.mark.parametrize("content", ["", "[]", "null", "3", '"x"', "{}", "[" * 100_000])
def test_what_is_no_such_file_is_refused(path: Path, content: str) -> None:
    path.write_text(content)
    with pytest.raises(BundleDamaged, match=r"families\.json"):
        read_families(path, 6)
    path.unlink()
    with pytest.raises(BundleDamaged, match=r"families\.json is missing"):
        read_families(path, 6)
