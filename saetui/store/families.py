"""Feature families on disk, as JSON."""

from collections.abc import Iterator
from pathlib import Path

from saetui.core.families import Families
from saetui.errors import BundleDamaged
from saetui.store.atomic import write_json
from saetui.store.json_files import read_json

# Bytes of the file; a feature takes about 200, and more where language models named families.
_SLACK = 1 << 20
_BYTES_PER_FEATURE = 4_000


def write_families(path: Path, families: Families) -> None:
    """Write families; whole or not at all."""
    write_json(path, families.as_dict())


def read_families(path: Path, n: int) -> Families:
    """Families of an SAE with `n` features.

    Raises:
        BundleDamaged: The file is missing, not JSON, or names a feature that does not exist.
    """
    value = read_json(path, most=_SLACK + n * _BYTES_PER_FEATURE)
    try:
        families = Families.from_dict(value)
    except BundleDamaged as error:
        raise BundleDamaged(f"{path}: {error.message}", error.hint) from None
    strays = {feature for feature in _named(families) if not 0 <= feature < n}
    if strays:
        raise BundleDamaged(f"{path} names feature {min(strays)}, but the SAE has {n:,}.")
    if [family.id for family in families] != list(range(len(families))):
        raise BundleDamaged(f"{path} does not number its families in their order.")
    return families


def _named(families: Families) -> Iterator[int]:
    """Every feature number in the families, with repetitions."""
    yield from families.clean
    for family in families:
        yield family.root
        yield from family.members
    for edges in (families.forest, *(family.edges for family in families)):
        for parent, child, _ in edges:
            yield parent
            yield child
