"""Write an autoencoder as other libraries read it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import LAYER_NORM_EPSILON, SaeWeights
from saetui.errors import InputError
from saetui.interop import saelens, torch_saes
from saetui.store.atomic import atomic_write

_SAELENS = "6.0.0"


def write_saelens(folder: Path, weights: SaeWeights, metadata: Mapping[str, Any]) -> None:
    """Write a folder that `SAE.load_from_disk` of SAELens 6 and later reads.

    Args:
        folder: Is made if it is not there.
        weights: Of the autoencoder.
        metadata: Kept in its configuration.

    Raises:
        InputError: Features were added to it; or the folder cannot be written.
    """
    _refuse_added(weights, "SAELens")
    length = 1.0
    if weights.layer_norm:
        # SAELens divides by the standard deviation itself, and multiplies by it afterwards.
        length = float(np.sqrt(weights.d - 1))
    parts = _unselected(weights)
    usual = 1 / (1 / np.sqrt(weights.d - 1) + LAYER_NORM_EPSILON)
    encoder = parts["encoder"] * (length / usual if weights.layer_norm else 1)
    bias = weights.bias * length
    offset = parts["offset"] * length
    tensors: dict[str, NDArray[np.floating]] = {
        "W_enc": np.ascontiguousarray(encoder.T),
        "W_dec": parts["decoder"],
        "b_enc": offset + encoder @ bias,
        "b_dec": bias,
    }
    kind: dict[str, Any] = {"architecture": "topk", "k": weights.k}
    if weights.has_threshold:
        kind = {"architecture": "jumprelu"}
        tensors["threshold"] = np.full(weights.n, weights.threshold) * length
    settings = {
        **kind,
        "d_in": weights.d,
        "d_sae": weights.n,
        "dtype": "float32",
        "device": "cpu",
        "apply_b_dec_to_input": True,
        "normalize_activations": "layer_norm" if weights.layer_norm else "none",
        "reshape_activations": "none",
        "metadata": {"sae_lens_version": _SAELENS, **metadata},
    }
    _write(folder, saelens.CONFIGURATION, settings, saelens.WEIGHTS, tensors)


def write_sparsify(folder: Path, weights: SaeWeights) -> None:
    """Write a folder that sparsify's `SparseCoder` and latent-sae's `Sae` load.

    Args:
        folder: Is made if it is not there.
        weights: Of the autoencoder.

    Raises:
        InputError: These libraries cannot express it; or the folder cannot be written.
    """
    _refuse_added(weights, "sparsify")
    if weights.has_threshold or weights.layer_norm:
        what = "a threshold" if weights.has_threshold else "layer normalisation"
        raise InputError(
            f"The SAE has {what}, which sparsify and latent-sae do not know.",
            "Export it for SAELens.",
        )
    parts = _unselected(weights)
    tensors: dict[str, NDArray[np.floating]] = {
        "encoder.weight": parts["encoder"],
        "encoder.bias": parts["offset"] + parts["encoder"] @ weights.bias,
        "W_dec": parts["decoder"],
        "b_dec": weights.bias,
    }
    settings = {
        "activation": "topk",
        "d_in": weights.d,
        "expansion_factor": max(weights.n // weights.d, 1),
        "k": weights.k,
        "multi_topk": False,
        "normalize_decoder": weights.selection is None,
        "num_latents": weights.n,
        "skip_connection": False,
        "transcode": False,
    }
    _write(
        folder,
        torch_saes.SPARSIFY_SETTINGS,
        settings,
        torch_saes.SPARSIFY_WEIGHTS,
        tensors,
    )


def _unselected(weights: SaeWeights) -> dict[str, NDArray[np.float64]]:
    """Encoder, offset and decoder in units in which the largest activations are those chosen."""
    factor = np.ones(weights.n) if weights.selection is None else weights.selection
    return {
        "encoder": weights.encoder.astype(np.float64) * factor[:, None],
        "offset": (weights.encoder_bias - weights.encoder.astype(np.float64) @ weights.bias)
        * factor,
        "decoder": weights.directions.astype(np.float64) / factor[:, None],
    }


def _refuse_added(weights: SaeWeights, library: str) -> None:
    if weights.added:
        raise InputError(
            f"{weights.added:,} features of the SAE were added by --extend, and {library} has no "
            "autoencoders that encode what another one leaves unexplained.",
            "Export the SAE that they were added to.",
        )


def _write(
    folder: Path,
    settings_name: str,
    settings: Mapping[str, Any],
    weights_name: str,
    tensors: Mapping[str, NDArray[np.floating]],
) -> None:
    from safetensors.numpy import save

    folder.mkdir(parents=True, exist_ok=True)
    single = {
        name: np.ascontiguousarray(values, dtype=np.float32) for name, values in tensors.items()
    }
    with atomic_write(folder / weights_name) as temporary:
        temporary.write_bytes(save(single))
    with atomic_write(folder / settings_name) as temporary:
        temporary.write_text(json.dumps(settings, indent=1) + "\n", encoding="utf-8")
