"""Where things lie in a bundle."""

from pathlib import Path

from saetui.store import saes
from saetui.store.index.parameters import PARAMETERS
from saetui.store.manifest import Manifest

DOCUMENTS = "documents.sqlite"
EMBEDDINGS = "embeddings.npy"
SHORT_TEXTS = "short_texts.npy"
VOCABULARY = "vocabulary.json"
SHORT_TEXT_SHIFT = "short_text_shift.npy"
SWEEP = "sweep.json"
FEATURES = "features.sqlite"
FAMILIES = "families.json"
SEARCHES = "searches"
"""Folder of the searches that readers have bookmarked; it is no part of what the manifest lists."""


def sae_folder(bundle: Path, name: str) -> Path:
    """The folder of an SAE in a bundle."""
    return bundle / "saes" / name


def required_files(manifest: Manifest) -> list[str]:
    """Files that every bundle of such SAEs has, by their paths inside it; of the index, one."""
    of_an_sae = (saes.CONFIGURATION, saes.WEIGHTS, *saes.CODES, *saes.POSTINGS, FEATURES, FAMILIES)
    names = [DOCUMENTS, EMBEDDINGS, PARAMETERS]
    return names + [f"saes/{sae.name}/{file}" for sae in manifest.saes for file in of_an_sae]
