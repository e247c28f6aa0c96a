"""Feature families on disk, as JSON."""

import json
from pathlib import Path

from saetui.core.families import Families
from saetui.errors import BundleDamaged
from saetui.store.atomic import write_json


def write_families(path: Path, families: Families) -> None:
    """Write families; whole or not at all."""
    write_json(path, families.as_dict())


def read_families(path: Path, n: int) -> Families:
    """Families of an SAE with `n` features.

    Raises:
        BundleDamaged: The file is missing, not JSON, or names a feature that does not exist.
    """
    try:
        families = Families.from_dict(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise BundleDamaged(f"{path.name} is missing from {path.parent}.") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BundleDamaged(f"{path} does not describe feature families ({error}).") from None
    strays = {i for family in families.families for i in family.members if not 0 <= i < n}
    if strays:
        raise BundleDamaged(f"{path} names feature {min(strays)}, but the SAE has {n:,}.")
    return families
