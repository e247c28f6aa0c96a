"""Damage to arrays, to archives of them and to weights: what describes them, and what they hold."""

import io
import json
import struct
import zipfile
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from mutations.files import EXTREMES, cut, flipped


def header_of(shape: object, descr: str = "<f4", fortran: object = False, pad: int = 0) -> bytes:
    """The header of a `.npy` file that claims anything."""
    text = f"{{'descr': {descr!r}, 'fortran_order': {fortran}, 'shape': {shape}, }}" + " " * pad
    text += " " * (-(len(text) + 11) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode()


def _shapes(shape: tuple[int, ...], chance: Random) -> list[object]:
    huge = [2**62, 2**32, 2**40, -1, 0, 10**30]
    return [
        (chance.choice(huge), *shape[1:]),
        (*shape[:-1], chance.choice(huge)),
        (chance.choice(huge),) * max(len(shape), 1),
        shape[::-1],
        (*shape, 1),
        shape[:-1],
        "(" * 400,
        "-" * 800 + "1",
        (shape[0] + 1, *shape[1:]),
        (1,) * 40,
    ]


def npy_header(path: Path, chance: Random) -> None:
    array = np.load(path)
    shape = chance.choice(_shapes(array.shape, chance))
    others = ["<f8", "|O", ">f4", "|S9999999", "<M8[s]", "|V0"]
    descr = chance.choice([*4 * [array.dtype.str], *others])
    fortran = chance.choice([False, False, True, "__import__('os')"])
    if chance.random() < 0.3:
        shape = array.shape
    path.write_bytes(header_of(shape, descr, fortran) + array.tobytes())


def npy_values(path: Path, chance: Random) -> None:
    """Values that the file's own type can hold, but no bundle has."""
    array = np.load(path)
    if array.dtype.kind == "f":
        odd: list[float] = [np.nan, np.inf, -np.inf, 0.0, -1.0, float(np.finfo(array.dtype).max)]
    else:
        odd = [int(np.iinfo(array.dtype).min), int(np.iinfo(array.dtype).max), -1, -2, 0, 10_000]
    flat = array.reshape(-1)
    if len(flat):
        places = chance.sample(range(len(flat)), min(len(flat), chance.choice([1, 10, len(flat)])))
        flat[places] = chance.choice(odd)
    np.save(path, array)


def npy_array(path: Path, chance: Random) -> None:
    """Another array than the one that belongs there."""
    array = np.load(path)
    changed: list[np.ndarray] = [
        array.astype(np.float64),
        array.astype(np.int8),
        array[:-1],
        np.concatenate([array, array]),
        array[::-1],
        np.asfortranarray(array),
        array.T,
        array.byteswap().view(array.dtype.newbyteorder()),
        np.zeros_like(array),
        array[..., None],
    ]
    np.save(path, chance.choice(changed))


# Archives of arrays.


def npz_packed(path: Path, chance: Random) -> None:
    """A small archive that unpacks to gigabytes."""
    kind = chance.choice([zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
    amount = chance.choice([1 << 20, 300 << 20])
    with zipfile.ZipFile(path, "w", kind) as archive:
        for name in ("features", "cosines", "together"):
            with archive.open(f"{name}.npy", "w", force_zip64=True) as part:
                part.write(header_of((32, amount // 128), "<i4"))
                for _ in range(amount >> 20):
                    part.write(bytes(1 << 20))


def npz_member(path: Path, chance: Random) -> None:
    with np.load(path) as archive:
        arrays = dict(archive)
    name = chance.choice(sorted(arrays))
    buffer = io.BytesIO()
    np.save(buffer, arrays[name])
    member = Path(f"{path}.member.npy")
    member.write_bytes(buffer.getvalue())
    chance.choice([npy_header, npy_values, npy_array, cut, flipped])(member, chance)
    with zipfile.ZipFile(path, "w") as archive:
        for each, array in arrays.items():
            buffer = io.BytesIO()
            np.save(buffer, array)
            content = member.read_bytes() if each == name else buffer.getvalue()
            if each != name or chance.random() < 0.9:
                archive.writestr(chance.choice([f"{each}.npy"] * 9 + [f"../{each}.npy"]), content)
    member.unlink()


def npz_counts(path: Path, chance: Random) -> None:
    """Sizes and places in the archive's own lists."""
    content = bytearray(path.read_bytes())
    marks = [b"PK\x01\x02", b"PK\x05\x06", b"PK\x03\x04"]
    starts = [content.find(chance.choice(marks)) for _ in range(3)]
    for start in starts:
        place = start + chance.randrange(4, 40, 2)
        if start >= 0 and place + 4 <= len(content):
            struct.pack_into("<I", content, place, chance.choice(EXTREMES) & 0xFFFFFFFF)
    path.write_bytes(content)


# Weights.


def _tensors(path: Path) -> tuple[dict[str, Any], bytes]:
    content = path.read_bytes()
    (length,) = struct.unpack_from("<Q", content)
    return json.loads(content[8 : 8 + length]), content[8 + length :]


def _write_tensors(path: Path, described: object, data: bytes) -> None:
    text = json.dumps(described).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def tensors_length(path: Path, chance: Random) -> None:
    content = path.read_bytes()
    length = chance.choice([0, 1, 7, 100 << 20, 1 << 40, 2**64 - 1, len(content), len(content) - 8])
    path.write_bytes(struct.pack("<Q", length) + content[8:])


def tensors_description(path: Path, chance: Random) -> None:
    described, data = _tensors(path)
    name = chance.choice([each for each in described if each != "__metadata__"])
    described[name] |= chance.choice(
        [
            {"dtype": chance.choice(["F64", "BF16", "F8_E4M3", "U8", "nonsense", 5])},
            {"shape": chance.choice([[], [0], [-1], [2**62, 4], [2**32, 2**32], [1] * 100, "x"])},
            {"data_offsets": chance.choice([[0, 0], [0, 2**63], [-1, 4], [8, 4], [0], "x"])},
        ]
    )
    if chance.random() < 0.2:
        described = {**described, "__metadata__": {"a": "x" * 100_000}}
    if chance.random() < 0.2:
        del described[name]
    if chance.random() < 0.1:
        described = chance.choice([[], {}, [[]] * 1_000, "x"])
    _write_tensors(path, described, data)


def tensors_values(path: Path, chance: Random) -> None:
    described, data = _tensors(path)
    values = np.frombuffer(data, dtype=np.float32).copy()
    places = chance.sample(range(len(values)), chance.choice([1, 50]))
    values[places] = chance.choice([np.nan, np.inf, 3e38, -3e38, 0.0])
    _write_tensors(path, described, values.tobytes())
