"""Damage to a file of any format."""

import os
from collections.abc import Callable
from pathlib import Path
from random import Random

Mutation = Callable[[Path, Random], object]
"""Changes one file, in a way that chance decides."""

EXTREMES = (0, 1, -1, 2**31 - 1, -(2**31), 2**32 - 1, 2**40, 2**62, 2**63 - 1)
"""Numbers that no count or place can be, and some that look as if they could."""


def flipped(path: Path, chance: Random) -> None:
    content = bytearray(path.read_bytes())
    # Most of a file is data; damage to what describes the data is worth more tries.
    end = chance.choice([len(content), min(len(content), 600)])
    for _ in range(chance.choice([1, 1, 8, 64])):
        content[chance.randrange(end)] ^= 1 << chance.randrange(8)
    path.write_bytes(content)


def cut(path: Path, chance: Random) -> None:
    path.write_bytes(path.read_bytes()[: chance.randrange(path.stat().st_size)])


def extended(path: Path, chance: Random) -> None:
    path.write_bytes(path.read_bytes() + chance.randbytes(chance.randint(1, 5_000)))


def noise(path: Path, chance: Random) -> None:
    path.write_bytes(chance.randbytes(path.stat().st_size))


def zeros(path: Path, _: Random) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def swapped(path: Path, chance: Random) -> None:
    """With another file of the bundle."""
    top = next(folder for folder in path.parents if (folder / "manifest.json").exists())
    other = chance.choice(sorted(each for each in top.rglob("*") if each.is_file()))
    mine, its = path.read_bytes(), other.read_bytes()
    path.write_bytes(its)
    other.write_bytes(mine)


def missing(path: Path, _: Random) -> None:
    path.unlink()


def a_folder(path: Path, _: Random) -> None:
    path.unlink()
    path.mkdir()


def a_pipe(path: Path, _: Random) -> None:
    path.unlink()
    os.mkfifo(path)


def a_link(path: Path, chance: Random) -> None:
    """Out of the bundle, to its own content, to another file, to what has no end, to itself."""
    outside = path.with_name(f"{path.name}.outside")
    path.rename(outside)
    targets = [outside, Path("/etc/passwd"), Path("/dev/zero"), Path("/dev/stdin"), path, Path("/")]
    path.symlink_to(chance.choice(targets))


def a_hole(path: Path, chance: Random) -> None:
    """A file of gigabytes that takes up no space."""
    with path.open("rb+") as file:
        file.truncate(chance.choice([1 << 26, 1 << 28, 1 << 30]))


ANY: tuple[Mutation, ...] = (
    *(flipped, flipped, flipped, cut, cut, extended, noise, zeros, swapped, swapped),
    *(missing, a_folder, a_pipe, a_link, a_link, a_hole),
)
