"""Damage to JSON: values of any kind in any place, numbers that are none, depth and length."""

import json
from pathlib import Path
from random import Random
from typing import Any

from mutations.files import EXTREMES

_ODD_VALUES = (
    *(None, True, -1, 0, 1, 2**31, 2**63, 10**30, 0.5, 1e308, "", "x", "x" * 5_000),
    *("../../x", "\0", [], {}, [None], [[]], {"a": 1}, ["x"] * 50, "nan", "1"),
    *("/etc/passwd", "\ud800"),
)


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Every list and object inside a value, with each key or place in it."""
    found = []
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict | list):
            keys = list(each) if isinstance(each, dict) else list(range(len(each)))
            found += [(each, key) for key in keys]
            waiting += [each[key] for key in keys]
    return found


def _rewrite(path: Path, value: object) -> None:
    path.write_text(json.dumps(value), encoding="utf-8")


def json_value(path: Path, chance: Random) -> None:
    value = json.loads(path.read_text(encoding="utf-8"))
    places = _places(value)
    # The file list of a manifest would else be nearly all that is hit.
    shallow = [(each, key) for each, key in places if key not in ("size", "sha256")]
    for _ in range(chance.choice([1, 1, 3])):
        each, key = chance.choice(shallow or [({}, "x")])
        odd = chance.choice(_ODD_VALUES)
        if isinstance(each.get(key) if isinstance(each, dict) else each[key], int | float):
            odd = chance.choice([*EXTREMES, 10**30, 0.5, -0.5, "1", None, True, 1e308])
        each[key] = odd
    _rewrite(path, value)


def json_missing(path: Path, chance: Random) -> None:
    value = json.loads(path.read_text(encoding="utf-8"))
    for _ in range(chance.choice([1, 1, 5])):
        places = _places(value)
        if places:
            each, key = chance.choice(places)
            del each[key]
    if chance.random() < 0.2 and isinstance(value, dict):
        value["unknown"] = 1
    _rewrite(path, value)


def json_deep(path: Path, chance: Random) -> None:
    value = json.loads(path.read_text(encoding="utf-8"))
    depth = chance.choice([150, 400, 900, 5_000, 200_000])
    nested = chance.choice(['{"a":' * depth + "1" + "}" * depth, "[" * depth + "]" * depth])
    places = _places(value)
    if chance.random() < 0.2 or not places:
        path.write_text(nested)
        return
    each, key = chance.choice(places)
    each[key] = "%nested%"
    path.write_text(json.dumps(value).replace('"%nested%"', nested), encoding="utf-8")


def json_text(path: Path, chance: Random) -> None:
    text = path.read_text(encoding="utf-8")
    number = chance.choice(["NaN", "Infinity", "-Infinity", "1e999", "9" * 5_000, "-0", "1.5"])
    digits = [i for i, letter in enumerate(text) if letter.isdecimal()]
    start = chance.choice(digits or [0])
    end = start
    while end < len(text) and text[end] in "0123456789.e-+":
        end += 1
    path.write_text(
        chance.choice(
            [
                text[:start] + number + text[end:],
                text[:start] + number + text[end:],
                "[" + "[]," * 2_000_000 + "1]",
                '{"a": "' + "x" * 30_000_000 + '"}',
                "\ufeff" + text,
                text + text,
                "null",
                text.replace("true", "false").replace('"name"', '"Name"'),
            ]
        ),
        encoding="utf-8",
    )


# Lines of JSON: what a reader said.


def lines_endless(path: Path, chance: Random) -> None:
    line = path.read_text(encoding="utf-8").splitlines()[0]
    many = chance.choice([line + "\n", "x" * 1_000 + "\n", "x", "\n"])
    path.write_text(many * (chance.choice([1 << 20, 20 << 20]) // len(many)))


def lines_odd(path: Path, chance: Random) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    value = json.loads(chance.choice(lines))
    value[chance.choice(sorted(value))] = chance.choice(_ODD_VALUES)
    lines.append(json.dumps(value))
    lines.append(chance.choice(["[" * 100_000, "{", '{"sae": NaN}', "\0", "null", '"x"']))
    path.write_text("\n".join(lines))
