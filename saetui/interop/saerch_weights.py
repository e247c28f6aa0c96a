"""The paper's weights: a state dictionary in torch's own format.

Such a file is a pickle, which can hold code. Torch may build tensors only (`weights_only`), and a
file that holds anything else is refused.
"""

import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from saetui.core.codec import Float, SaeWeights
from saetui.errors import InputError
from saetui.interop.saerch_folder import WeightFile

_ENCODER, _DECODER, _BIAS, _LATENT_BIAS = (
    "encoder.weight",
    "decoder.weight",
    "pre_bias",
    "latent_bias",
)
# Prefixes of names when a model is saved while wrapped for several devices or compiled.
_WRAPPERS = re.compile(r"^(?:module\.|_orig_mod\.)+")
_CALLS = re.compile(r"GLOBAL ([\w.]+)")


def read_weights(file: WeightFile, d: int) -> SaeWeights:
    """The autoencoder in a file.

    Args:
        file: The file, with the k and n in its name.
        d: Width of the embeddings that it must encode.

    Raises:
        InputError: It cannot be read, holds anything but tensors, or its tensors are not those of
            an autoencoder of these sizes.
    """
    tensors = _tensors(file.path)
    encoder, decoder = (_matrix(file, tensors, name) for name in (_ENCODER, _DECODER))
    _check_matrix(file, _ENCODER, encoder.shape, (file.n, d))
    _check_matrix(file, _DECODER, decoder.shape, (d, file.n))
    bias, latent_bias = (
        _vector(file, tensors, name, length)
        for name, length in ((_BIAS, d), (_LATENT_BIAS, file.n))
    )
    return SaeWeights(
        encoder=encoder,
        encoder_bias=latent_bias,
        directions=np.ascontiguousarray(decoder.T),
        bias=bias,
        k=file.k,
    )


def _tensors(path: Path) -> dict[str, Any]:
    import torch

    loaded = _loaded(path)
    if not isinstance(loaded, dict):
        raise InputError(
            f"{path} holds {_kind(loaded)}, not a state dictionary of tensors.",
            f"It must name the tensors {_ENCODER}, {_DECODER}, {_BIAS} and {_LATENT_BIAS}.",
        )
    for name, value in loaded.items():
        if not isinstance(value, torch.Tensor):
            raise InputError(
                f"{path} was refused: its entry {str(name)[:40]!r} is {_kind(value)}, and only "
                "tensors are allowed.",
                "Save the model's state_dict() by itself.",
            )
    return {_WRAPPERS.sub("", str(name)): value for name, value in loaded.items()}


def _loaded(path: Path) -> Any:  # noqa: ANN401 - a file can hold anything.
    import pickle

    import torch

    try:
        with warnings.catch_warnings():
            # Torch warns of the age of a pickle, which does not concern the user.
            warnings.simplefilter("ignore")
            return torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise InputError(f"There is no file {path}.", "Check the path.") from None
    except pickle.UnpicklingError as error:
        call = _CALLS.search(str(error))
        what = f"it asks to run {call[1]}" if call else "it holds something else, or is damaged"
        raise InputError(
            f"{path} was refused: only tensors are allowed, and {what}.",
            "Nothing of it was run. Get the weights from those who published them.",
        ) from None
    # Torch, zipfile and pickle raise many kinds of errors for damaged bytes.
    except Exception:  # noqa: BLE001
        raise InputError(
            f"{path} is cut short or damaged: torch cannot read it as weights.", "Copy it again."
        ) from None


def _matrix(file: WeightFile, tensors: dict[str, Any], name: str) -> Float:
    if name not in tensors:
        have = ", ".join(sorted(tensors)[:6]) or "nothing"
        raise InputError(
            f"{file.path} lacks the tensor {name}.", f"It holds {have}, so it is another model's."
        )
    values: Float = tensors[name].detach().to_dense().float().numpy()
    if not np.isfinite(values).all():
        raise InputError(f"{file.path}: {name} holds values that are not numbers.")
    return values


def _check_matrix(
    file: WeightFile, name: str, found: tuple[int, ...], wanted: tuple[int, ...]
) -> None:
    if found == wanted:
        return
    is_encoder = name == _ENCODER
    shape, needed = (" x ".join(str(length) for length in each) for each in (found, wanted))
    if found == wanted[::-1]:
        raise InputError(
            f"{file.path}: {name} is transposed: it is {shape}, and {needed} belongs there.",
            f"Save it as {name}.T, or take the published file.",
        )
    n, d = found if is_encoder and len(found) == 2 else (found[::-1] if len(found) == 2 else (0, 0))
    own_n, own_d = wanted if is_encoder else wanted[::-1]
    if n == own_n:
        raise InputError(
            f"{file.path} encodes vectors of width {d}, but the embeddings have width {own_d}.",
            "Give the embeddings that it was trained on.",
        )
    if d == own_d:
        raise InputError(
            f"{file.path} has {n} features, but its name says n = {own_n}.",
            "Give the file its own name back.",
        )
    raise InputError(f"{file.path}: {name} is {shape}, and {needed} belongs there.")


def _vector(file: WeightFile, tensors: dict[str, Any], name: str, length: int) -> Float:
    values = _matrix(file, tensors, name)
    if values.shape != (length,):
        shape = " x ".join(str(each) for each in values.shape) or "one number"
        raise InputError(f"{file.path}: {name} has length {shape}, and {length} belongs there.")
    return values


def _kind(value: object) -> str:
    return f"an object of type {type(value).__name__}"
