"""One sparse autoencoder in a bundle: its weights, and the codes of the corpus.

Weights are stored as SAELens reads them: `cfg.json` and `sae_weights.safetensors` with `W_enc`
`(d, n)`, `W_dec` `(n, d)`, `b_enc` `(n,)` and `b_dec` `(d,)`. One with a threshold is what SAELens
calls a JumpReLU, with a `threshold` for each latent; `k` is then the most that may be active, which
SAELens does not look at. What SAELens cannot express is said under the key `saetui`, and the
architecture is then one that SAELens refuses, so that it never computes other codes than these.
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Codes, Float, Postings, SaeWeights
from saetui.core.truth import Truth
from saetui.errors import BundleDamaged
from saetui.store.arrays import forget_pages, map_array
from saetui.store.atomic import atomic_write, prove_once, write_json
from saetui.store.json_files import read_json

CONFIGURATION = "cfg.json"
WEIGHTS = "sae_weights.safetensors"
STABILITY = "stability.npy"
MAP = "map.npy"
"""Places of features, those of similar direction near each other; bundles of before lack it."""

FINGERPRINT = 16
"""How many digits of the hash of its weights identify an SAE."""

_LAYOUT = "6.0.0"
# The version of SAELens whose configuration this is; without it, one from before 6 is assumed.
_OWN_ARCHITECTURE = "saetui"

UNSEEN = "unseen.npy"
"""Documents that were added after the training; absent if there are none."""

CODES = ("codes/indices.npy", "codes/values.npy")
# Documents whose codes, or activations of features, are checked together.
_BLOCK = 8_192
# Bytes; the header of our five tensors has about 400.
_LONGEST_HEADER = 1 << 16

POSTINGS = ("codes/indptr.npy", "codes/rows.npy", "codes/activations.npy")

TRUTH = "counted/truth.npy"
TRUTH_OF = "counted/labels.npy"
"""How probably labels are true of the postings' documents, and the versions of these labels, int32
`(n,)`; bundles of before do not have it."""


def save_weights(folder: Path, weights: SaeWeights, metadata: dict[str, Any]) -> None:
    """Write weights and configuration; `metadata` is kept in the configuration as it is."""
    from safetensors.numpy import save

    tensors = {
        "W_enc": np.ascontiguousarray(weights.encoder.T),
        "W_dec": np.ascontiguousarray(weights.directions),
        "b_enc": weights.encoder_bias,
        "b_dec": weights.bias,
    }
    if weights.has_threshold:
        tensors["threshold"] = np.full(weights.n, weights.threshold, dtype=np.float32)
    if weights.selection is not None:
        tensors["selection"] = weights.selection
    with atomic_write(folder / WEIGHTS) as temporary:
        # The library's `save_file` makes a file that only its owner may read.
        temporary.write_bytes(save(tensors))
    own = {
        "layer_norm": weights.layer_norm,
        "added": weights.added,
        "added_k": weights.added_k,
    }
    architecture = "jumprelu" if weights.has_threshold else "topk"
    is_own = any(own.values()) or weights.selection is not None
    write_json(
        folder / CONFIGURATION,
        {
            "architecture": _OWN_ARCHITECTURE if is_own else architecture,
            "d_in": weights.d,
            "d_sae": weights.n,
            "k": weights.k,
            "dtype": "float32",
            "device": "cpu",
            "apply_b_dec_to_input": True,
            "normalize_activations": "none",
            "rescale_acts_by_decoder_norm": False,
            "metadata": {"sae_lens_version": _LAYOUT, **metadata},
            **({"saetui": own} if is_own else {}),
        },
    )


def _configuration(folder: Path) -> dict[str, Any]:
    path = folder / CONFIGURATION
    configuration = read_json(path)
    for key in ("d_in", "d_sae", "k"):
        value = configuration.get(key) if isinstance(configuration, dict) else None
        if type(value) is not int or value < 1:
            raise BundleDamaged(f"{path} does not describe an SAE: {key} is not a whole number.")
    result: dict[str, Any] = configuration
    return result


def load_weights(folder: Path) -> SaeWeights:
    """The weights of an SAE, their shapes checked against the configuration."""
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    configuration = _configuration(folder)
    d, n = configuration["d_in"], configuration["d_sae"]
    path = folder / WEIGHTS
    try:
        _check_header_length(path)
        tensors = load_file(path)
    except FileNotFoundError:
        raise BundleDamaged(f"{path.name} is missing from {folder}.") from None
    # A type that numpy does not have is an attribute or a key that is not there.
    except (SafetensorError, OSError, ValueError, TypeError, LookupError, AttributeError) as error:
        raise BundleDamaged(f"{path} is cut short or not safetensors ({error}).") from None
    shapes = {"W_enc": (d, n), "W_dec": (n, d), "b_enc": (n,), "b_dec": (d,)}
    shapes |= {name: (n,) for name in ("threshold", "selection") if name in tensors}
    for name, shape in shapes.items():
        if name not in tensors:
            raise BundleDamaged(f"{path} lacks the tensor {name}.")
        if tensors[name].shape != shape or tensors[name].dtype != np.float32:
            raise BundleDamaged(
                f"{path}: {name} is {tensors[name].dtype} {tensors[name].shape}, "
                f"but float32 {shape} is what {CONFIGURATION} says."
            )
        if not np.isfinite(tensors[name]).all():
            raise BundleDamaged(f"{path}: {name} holds values that are not numbers.")
    return SaeWeights(
        encoder=tensors["W_enc"].T,
        encoder_bias=tensors["b_enc"],
        directions=tensors["W_dec"],
        bias=tensors["b_dec"],
        k=configuration["k"],
        threshold=_threshold(path, tensors),
        selection=tensors.get("selection"),
        **_own_settings(folder, configuration),
    )


def _own_settings(folder: Path, configuration: dict[str, Any]) -> dict[str, Any]:
    """What the configuration says that SAELens has no words for."""
    own = configuration.get("saetui", {})
    if not isinstance(own, dict):
        own = {"layer_norm": None}
    layer_norm = own.get("layer_norm", False)
    added, added_k = own.get("added", 0), own.get("added_k", 0)
    whole = type(added) is int and type(added_k) is int
    if (
        type(layer_norm) is not bool
        or not whole
        or not 0 <= added < configuration["d_sae"]
        or not min(added, 1) <= added_k <= added
        or not added_k < configuration["k"]
    ):
        raise BundleDamaged(f"{folder / CONFIGURATION} does not say which features were added.")
    return {"layer_norm": layer_norm, "added": added, "added_k": added_k}


def _check_header_length(path: Path) -> None:
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
    if length > _LONGEST_HEADER:
        raise ValueError(f"its header has {length:,} bytes")


def _threshold(path: Path, tensors: dict[str, NDArray[np.float32]]) -> float | Float:
    """Thresholds of features; one number where all have the same above 0."""
    thresholds = tensors.get("threshold")
    if thresholds is None:
        return 0.0
    if thresholds.min() < 0:
        raise BundleDamaged(f"{path}: threshold holds a number below 0.")
    same = thresholds.min() == thresholds.max() > 0
    return float(thresholds[0]) if same else thresholds


def load_stability(folder: Path, n: int) -> Float | None:
    """The largest cosine of each feature to one of another training, float32 `(n,)`, if known."""
    path = folder / STABILITY
    return np.array(map_array(path, (n,), np.float32)) if path.exists() else None


def read_map(path: Path, n: int) -> Float:
    """The places of features on a map, from 0 to 1 in both directions; float32 `(n, 2)`."""
    places = np.array(map_array(path, (n, 2), np.float32))
    if not ((places >= 0) & (places <= 1)).all():
        raise BundleDamaged(f"{path} holds places that are not on the map.")
    return places


def load_unseen(folder: Path, documents: int) -> NDArray[np.int32]:
    """Rows of the documents that were added after the SAE was trained, int32, ascending."""
    path = folder / UNSEEN
    if not path.exists():
        return np.empty(0, dtype=np.int32)
    rows: NDArray[np.int32] = np.array(map_array(path, (None,), np.int32))
    check_numbers(path, rows, 0, documents)
    return rows


def load_codes(folder: Path, documents: int, n: int, k: int) -> Codes:
    """Codes by document, mapped."""
    indices_path, values_path = (folder / name for name in CODES)
    indices = map_array(indices_path, (documents, k), np.int32)
    values = map_array(values_path, (documents, k), np.float32)
    check_numbers(indices_path, indices, -1, n)
    written = indices_path.stat().st_mtime_ns
    prove_once(
        values_path, f"codes of {written}", lambda: _check_activations(values_path, values, indices)
    )
    return Codes(indices, values, n)


def load_postings(folder: Path, n: int) -> Postings:
    """Codes by feature, mapped."""
    indptr_path, rows_path, values_path = (folder / name for name in POSTINGS)
    indptr = np.array(map_array(indptr_path, (n + 1,), np.int64))
    if indptr[0] != 0 or np.any(indptr[1:] < indptr[:-1]):
        raise BundleDamaged(f"{indptr_path} does not rise from zero.")
    rows = map_array(rows_path, (None,), np.int32)
    if indptr[-1] != len(rows):
        raise BundleDamaged(
            f"{indptr_path} ends at {indptr[-1]:,}, but {rows_path.name} holds {len(rows):,} rows."
        )
    values = map_array(values_path, (len(rows),), np.float32)
    prove_once(
        values_path, "activations above zero", lambda: _check_activations(values_path, values)
    )
    return Postings(indptr, rows, values)


def load_truth(folder: Path, postings: Postings) -> Truth:
    """Which postings count, and how probably labels are true of them."""
    return Truth(postings, map_array(folder / TRUTH, (len(postings.rows),), np.uint8))


def check_numbers(path: Path, numbers: NDArray[np.int32], low: int, stop: int) -> None:
    """Check that the numbers mapped from `path` are at least `low` and below `stop`.

    They are used as positions and sizes, so a wrong one could read other data or exhaust memory.

    Raises:
        BundleDamaged: One is not.
    """

    def check() -> None:
        lowest, highest = int(numbers.min(initial=low)), int(numbers.max(initial=low))
        forget_pages(numbers)
        if lowest < low or highest >= stop > low:
            wrong = lowest if lowest < low else highest
            raise BundleDamaged(f"{path} holds {wrong}, but only {low} to {stop - 1} belong there.")

    prove_once(path, f"numbers from {low} below {stop}", check)


def _check_activations(
    path: Path, values: NDArray[np.float32], indices: NDArray[np.int32] | None = None
) -> None:
    """Check that values are finite and above zero; with indices only where they name features."""
    for start in range(0, len(values), _BLOCK):
        block = values[start : start + _BLOCK]
        active = block if indices is None else block[indices[start : start + _BLOCK] >= 0]
        if not np.isfinite(block).all() or not (active > 0).all():
            raise BundleDamaged(f"{path} holds an activation that is not above zero.")
        for array in (values, indices):
            if array is not None:
                forget_pages(array)
