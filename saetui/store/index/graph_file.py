"""hnswlib's file, checked before hnswlib reads it.

hnswlib 0.8 follows every number in its file without asking whether it leads outside: one forged
link ends the process. So everything that it will follow is looked at here first. The file holds,
without gaps, in the byte order of the machine:

1. a header of 96 bytes, `_HEADER`;
2. for each element its links on the lowest level, its vector and its label;
3. for each element the size in bytes of its links on the upper levels, and these links.

The links of an element on one level are a count and room for as many links as it may have there.
"""

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from saetui.errors import BundleDamaged

_HEADER = np.dtype(
    [
        ("level_0_offset", "<u8"),
        ("capacity", "<u8"),
        ("elements", "<u8"),
        ("element_bytes", "<u8"),
        ("label_offset", "<u8"),
        ("vector_offset", "<u8"),
        ("top_level", "<i4"),
        ("entry_point", "<u4"),
        ("upper_links", "<u8"),
        ("lowest_links", "<u8"),
        ("M", "<u8"),
        ("level_scale", "<f8"),
        ("ef_construction", "<u8"),
    ]
)
# The lowest bit of this byte marks an element as deleted; searches then leave it out.
_DELETED = 1 << 16
# Elements looked at together, and words of the upper links: a few megabytes each.
_BLOCK = 4_096
_WORDS = 1 << 20
# hnswlib draws levels so that each holds an M-th of the one below: no graph comes near to this.
_MOST_LEVELS = 64


def check_graph_file(path: Path, elements: int, width: int, links: int) -> None:
    """See that everything in a file of hnswlib leads to something that is there.

    Reads the file once, a block at a time; half a gigabyte takes about a second.

    Args:
        path: Written by hnswlib's `save_index`.
        elements: Vectors that must be in it, labelled from 0 on.
        width: Of each vector.
        links: hnswlib's M: links per element and upper level; twice as many on the lowest.

    Raises:
        BundleDamaged: It holds something else, or cannot be read.
    """
    try:
        _check(path, elements, width, links)
    except _Unsound as problem:
        raise BundleDamaged(f"{path} is not a sound index ({problem}).") from None
    except OSError as error:
        raise BundleDamaged(f"{path} cannot be read ({error.strerror or error}).") from None


class _Unsound(Exception):
    """What is wrong with a file, in a few words."""


def _check(path: Path, elements: int, width: int, links: int) -> None:
    lowest = _lowest_level(width, links)
    size = path.stat().st_size
    if size < _HEADER.itemsize + elements * (lowest.itemsize + 4):
        raise _Unsound(f"it is too short for {elements:,} vectors of width {width}")
    header = np.fromfile(path, dtype=_HEADER, count=1)[0]
    _check_header(header, elements, lowest, links)
    if not elements:
        return
    end = _HEADER.itemsize + elements * lowest.itemsize
    if (size - end) % 4:
        raise _Unsound("its upper levels are cut short")
    words = np.memmap(path, dtype="<u4", mode="r", offset=end)
    levels, starts = _levels(words, elements, links)
    if levels.max(initial=0) != header["top_level"] or (
        header["entry_point"] >= elements or levels[header["entry_point"]] != header["top_level"]
    ):
        raise _Unsound("it does not begin on its highest level")
    _check_lowest_level(path, elements, lowest)
    _check_upper_levels(words, levels, starts, links)


def _lowest_level(width: int, links: int) -> np.dtype[np.void]:
    """What is stored of one element on the lowest level."""
    return np.dtype(
        [
            ("count", "<u4"),
            ("links", "<u4", (2 * links,)),
            ("vector", "<f4", (width,)),
            ("label", "<u8"),
        ]
    )


def _check_header(header: np.void, elements: int, lowest: np.dtype[np.void], links: int) -> None:
    places = {name: lowest.fields[name][1] for name in ("vector", "label")}  # type: ignore[index]
    wanted = {
        "level_0_offset": 0,
        "elements": elements,
        "element_bytes": lowest.itemsize,
        "vector_offset": places["vector"],
        "label_offset": places["label"],
        "M": links,
        "upper_links": links,
        "lowest_links": 2 * links,
    }
    for name, value in wanted.items():
        if header[name] != value:
            what = name.replace("_", " ")
            raise _Unsound(f"its header says {what} = {header[name]}, not {value}")
    # What hnswlib goes by when vectors are added.
    if not math.isclose(header["level_scale"], 1 / math.log(links), rel_tol=1e-6):
        raise _Unsound("its header has another scale of levels")
    if not links <= header["ef_construction"] <= 1 << 20:
        raise _Unsound(f"its header says ef construction = {header['ef_construction']}")


def _levels(
    words: NDArray[np.uint32], elements: int, links: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The highest level of each element, and where in `words` its upper links begin.

    Each size says where the next one is. Most are zero, so that one can go from each that is not
    to the next without a look at those between.
    """
    per_level = links + 1
    levels = np.zeros(elements, dtype=np.int64)
    starts = np.zeros(elements, dtype=np.int64)
    element, place = 0, 0
    for filled in _filled(words):
        if filled < place:
            # One of the links of an element.
            continue
        element, place = element + filled - place, filled
        level, rest = divmod(int(words[place]), 4 * per_level)
        if element >= elements or rest or not level <= _MOST_LEVELS:
            raise _Unsound(f"the upper links of element {element:,} have an odd size")
        levels[element], starts[element] = level, place + 1
        element, place = element + 1, place + 1 + level * per_level
    if place > len(words) or element + len(words) - place != elements:
        raise _Unsound("its upper levels are not of as many elements")
    return levels, starts


def _filled(words: NDArray[np.uint32]) -> Iterator[int]:
    for start in range(0, len(words), _WORDS):
        yield from (np.flatnonzero(words[start : start + _WORDS]) + start).tolist()


def _check_lowest_level(path: Path, elements: int, lowest: np.dtype[np.void]) -> None:
    seen = np.zeros(elements, dtype=np.bool_)
    with path.open("rb") as file:
        file.seek(_HEADER.itemsize)
        for start in range(0, elements, _BLOCK):
            block = np.fromfile(file, dtype=lowest, count=min(_BLOCK, elements - start))
            _check_links(block["count"] & ~np.uint32(_DELETED), block["links"], elements)
            if not np.isfinite(block["vector"]).all():
                raise _Unsound("it holds vectors that are not numbers")
            labels = block["label"]
            if labels.max(initial=0) >= elements:
                raise _Unsound(f"it holds the label {labels.max()}")
            seen[labels.astype(np.int64)] = True
    if not seen.all():
        raise _Unsound(f"it lacks row {int(np.argmin(seen)):,}")


def _check_upper_levels(
    words: NDArray[np.uint32],
    levels: NDArray[np.int64],
    starts: NDArray[np.int64],
    links: int,
) -> None:
    per_level = links + 1
    for level in range(1, int(levels.max(initial=0)) + 1):
        there = np.flatnonzero(levels >= level)
        for first in range(0, len(there), _BLOCK):
            begin = starts[there[first : first + _BLOCK]] + (level - 1) * per_level
            block = words[begin[:, None] + np.arange(per_level)]
            linked = _check_links(block[:, 0], block[:, 1:], len(levels))
            if (levels[linked] < level).any():
                raise _Unsound(f"links of level {level} lead to elements that are not on it")


def _check_links(
    counts: NDArray[np.uint32], links: NDArray[np.uint32], elements: int
) -> NDArray[np.uint32]:
    """The links `(m, most)` of which each row has some, checked; one after the other."""
    if counts.max(initial=0) > links.shape[1]:
        raise _Unsound(f"an element has {counts.max():,} links, where {links.shape[1]} have room")
    used: NDArray[np.uint32] = links[np.arange(links.shape[1]) < counts[:, None]]
    if used.max(initial=0) >= elements:
        raise _Unsound(f"a link leads to element {used.max():,} of {elements:,}")
    return used
