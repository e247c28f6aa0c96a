"""Damage to the file of hnswlib, whose layout stands in `saetui.store.index.graph_file`."""

import struct
from pathlib import Path
from random import Random
from typing import Any

from mutations.files import EXTREMES

_HEADER = struct.Struct("<6QiI3QdQ")


def _graph(path: Path) -> tuple[bytearray, list[Any], int]:
    """Content, header, and where the links of the upper levels begin."""
    content = bytearray(path.read_bytes())
    header = list(_HEADER.unpack_from(content))
    return content, header, _HEADER.size + header[2] * header[3]


def hnsw_header(path: Path, chance: Random) -> None:
    content, header, _ = _graph(path)
    place = chance.randrange(len(header))
    value: float = chance.choice(EXTREMES)
    if place in (6, 7):
        value = int(value) & 0x7FFFFFFF
    elif place == 11:
        value = chance.choice([0.0, float("nan"), float("inf"), -1.0])
    else:
        value = chance.choice([int(value), header[place] + 1, header[place] - 1]) & (2**64 - 1)
    header[place] = value
    _HEADER.pack_into(content, 0, *header)
    path.write_bytes(content)


def hnsw_link(path: Path, chance: Random) -> None:
    content, header, _ = _graph(path)
    for _ in range(chance.choice([1, 20])):
        element = _HEADER.size + chance.randrange(header[2]) * header[3]
        value = chance.choice([header[2], header[2] + 1, 2**32 - 1, 33, 65_535, 2**31, 0])
        # The count, one of the links, or the label.
        place = chance.choice([0, 4 * chance.randint(1, 32), header[4], header[4] + 4])
        struct.pack_into("<I", content, element + place, value)
    path.write_bytes(content)


def hnsw_upper(path: Path, chance: Random) -> None:
    content, header, upper = _graph(path)
    filled = [at for at in range(upper, len(content) - 3, 4) if content[at : at + 4] != bytes(4)]
    for _ in range(chance.choice([1, 8])):
        at = chance.choice(filled or [upper])
        struct.pack_into("<I", content, at, chance.choice([0, 68, 136, header[2], 2**32 - 4, 17]))
    path.write_bytes(content)


def hnsw_vector(path: Path, chance: Random) -> None:
    content, header, _ = _graph(path)
    for _ in range(chance.choice([1, 200])):
        element = _HEADER.size + chance.randrange(header[2]) * header[3]
        value = chance.choice([float("nan"), float("inf"), -1e38, 1e38, 0.0])
        struct.pack_into("<f", content, element + header[5], value)
    path.write_bytes(content)
