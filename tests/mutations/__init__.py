"""Ways in which a file of a bundle goes bad, by accident or on purpose."""

from pathlib import Path

from mutations.arrays import (
    npy_array,
    npy_header,
    npy_values,
    npz_counts,
    npz_member,
    npz_packed,
    tensors_description,
    tensors_length,
    tensors_values,
)
from mutations.databases import sqlite_full_text, sqlite_page, sqlite_program, sqlite_value
from mutations.files import ANY, Mutation
from mutations.graphs import hnsw_header, hnsw_link, hnsw_upper, hnsw_vector
from mutations.json_text import (
    json_deep,
    json_missing,
    json_text,
    json_value,
    lines_endless,
    lines_odd,
)

__all__ = ["Mutation", "mutations_of"]


def mutations_of(path: Path) -> list[Mutation]:
    """Every way in which a file can go bad; those of its own format count three times."""
    own: dict[str, tuple[Mutation, ...]] = {
        ".npy": (npy_header, npy_values, npy_values, npy_array),
        ".npz": (npz_packed, npz_member, npz_counts),
        ".hnsw": (hnsw_header, hnsw_header, hnsw_link, hnsw_link, hnsw_upper, hnsw_vector),
        ".safetensors": (tensors_length, tensors_description, tensors_values),
        ".sqlite": (sqlite_program, sqlite_program, sqlite_value, sqlite_page, sqlite_full_text),
        ".json": (json_value, json_value, json_value, json_deep, json_text, json_missing),
        ".jsonl": (lines_endless, lines_odd),
    }
    return [*3 * own.get(path.suffix, ()), *ANY]
