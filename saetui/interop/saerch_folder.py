"""The folder of files that "Disentangling Dense Embeddings with Sparse Autoencoders" published.

Only the name of a file says which autoencoder it belongs to: weights have k, n and the number of
auxiliary latents in their name, all other files k, or k and n.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from saetui.errors import InputError

EMBEDDINGS = "abstract_embeddings.npy"
TEXTS = "abstract_texts.json"
METADATA = "paper_metadata.csv"
ANY_FAMILIES = "clean_families.json"
ENDING = ".pth"

_SIZES = re.compile(r"(?:^|_)(\d+)_(\d+)(?:_\d+)?(?=_|$)")


@dataclass(frozen=True)
class WeightFile:
    """A file of weights, perhaps not downloaded yet, with the k and n that its name gives."""

    path: Path
    k: int
    n: int

    @property
    def sae(self) -> str:
        """The autoencoder's name in a bundle."""
        return f"k{self.k}-n{self.n}"


def weight_file(path: Path) -> WeightFile | None:
    """A file of weights with the sizes in its name; None where the name has none.

    `64_9216_128_auxk_epoch_50.pth`, `astroPH_64_9216_128.pth` and `astroPH_64_9216.pth` all mean
    k = 64, n = 9216.
    """
    found = _SIZES.search(path.stem)
    if path.suffix != ENDING or found is None:
        return None
    k, n = int(found[1]), int(found[2])
    return WeightFile(path, k, n) if 0 < k <= n else None


def choose_weights(
    paths: Sequence[Path], wanted: Sequence[str], where: str
) -> tuple[WeightFile, ...]:
    """The files of weights to import.

    Args:
        paths: Files that may hold weights.
        wanted: Names of files, or sizes such as `k64-n9216` that only one file has; empty for all.
        where: Where the files are, for messages.

    Raises:
        InputError: There are no weights, or not those wanted, or two of one size.
    """
    files = [file for path in sorted(paths) if (file := weight_file(path)) is not None]
    if not files:
        raise InputError(
            f"{where} holds no weights whose name gives their size.",
            "A name such as 64_9216_128_auxk_epoch_50.pth says k = 64 and n = 9216.",
        )
    chosen = tuple(_named(files, name, where) for name in wanted) if wanted else tuple(files)
    chosen = tuple(dict.fromkeys(chosen))
    sizes = [file.sae for file in chosen]
    twice = next((file for file in chosen if sizes.count(file.sae) > 1), None)
    if twice is not None:
        same = [file.path.name for file in chosen if file.sae == twice.sae]
        raise InputError(
            f"{' and '.join(same)} in {where} are both {twice.sae}.",
            f"Choose those that belong to the embeddings, such as --sae {same[0]}.",
        )
    return chosen


def _named(files: Sequence[WeightFile], name: str, where: str) -> WeightFile:
    by_file = [file for file in files if name in (file.path.name, file.path.stem)]
    found = by_file or [file for file in files if file.sae == name]
    if len(found) == 1:
        return found[0]
    listed = ", ".join(f"{file.path.name} ({file.sae})" for file in found or files)
    if found:
        raise InputError(f"Several files of {where} are {name}: {listed}.", "Name the file.")
    raise InputError(f"{where} has no weights {name}.", f"It has: {listed}.")


@dataclass(frozen=True)
class SaerchFolder:
    """A folder of published files."""

    path: Path

    @classmethod
    def at(cls, path: Path) -> "SaerchFolder":
        """The folder at `path`.

        Raises:
            InputError: There is none, or it lacks the embeddings or the texts.
        """
        if not path.is_dir():
            raise InputError(f"There is no folder {path}.", "Check the path.")
        for name in (EMBEDDINGS, TEXTS):
            if not (path / name).exists():
                raise InputError(
                    f"{path} holds no {name}.",
                    f"It needs {EMBEDDINGS} and {TEXTS}; other files are used if they are there.",
                )
        return cls(path)

    @property
    def embeddings(self) -> Path:
        """`(N, d)` float32."""
        return self.path / EMBEDDINGS

    @property
    def texts(self) -> Path:
        """`{doc_ids, abstracts}`."""
        return self.path / TEXTS

    @property
    def metadata(self) -> Path | None:
        """`arxiv_id, title, citation_count, year`, if it is there."""
        return _existing(self.path / METADATA)

    def weights(self) -> list[Path]:
        """Files that may hold weights."""
        return sorted(self.path.glob(f"*{ENDING}"))

    def analysis(self, sae: WeightFile) -> Path | None:
        """Labels and scores of an autoencoder's features, if they are there."""
        return _existing(self.path / f"feature_analysis_results_{sae.k}.json")

    def codes(self, sae: WeightFile) -> tuple[Path, Path] | None:
        """Indices and values of an autoencoder's codes `(N, k)`, if both are there."""
        indices, values = (
            self.path / f"topk_{part}_{sae.k}_{sae.n}.npy" for part in ("indices", "values")
        )
        return (indices, values) if indices.is_file() and values.is_file() else None

    def families(self, sae: WeightFile) -> list[Path]:
        """Files of families that belong, or may belong, to an autoencoder."""
        names = (f"clean_families_{sae.k}_{sae.n}.json", ANY_FAMILIES)
        return [path for name in names if (path := self.path / name).is_file()]

    def other_k(self, sae: WeightFile) -> int | None:
        """The k of published codes with as many features as the SAE, if it differs from the SAE's.

        Weights do not contain their k, so the codes beside them are the best evidence of it.
        """
        for path in sorted(self.path.glob(f"topk_indices_*_{sae.n}.npy")):
            k = path.name.split("_")[2]
            if k.isdecimal() and int(k) != sae.k:
                return int(k)
        return None


def _existing(path: Path) -> Path | None:
    return path if path.is_file() else None
