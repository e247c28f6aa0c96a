"""Autoencoders of libraries that keep them as torch's modules: which tensors mean what."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from saetui.core.codec import Float
from saetui.errors import InputError
from saetui.interop.autoencoder import Autoencoder, gated
from saetui.interop.saerch_folder import weight_file
from saetui.interop.tensor_files import TensorFile, read_settings, read_tensors, whole_number

SPARSIFY_SETTINGS, SPARSIFY_WEIGHTS = "cfg.json", "sae.safetensors"
DICTIONARY_SETTINGS, DICTIONARY_WEIGHTS = "config.json", "ae.pt"


def read_sparsify(folder: Path) -> Autoencoder:
    """A TopK autoencoder of sparsify or of latent-sae: `cfg.json` beside `sae.safetensors`.

    Raises:
        InputError: It cannot be read, or is a transcoder.
    """
    path = folder / SPARSIFY_SETTINGS
    settings = read_settings(path)
    d = whole_number(path, settings, "d_in")
    # latent-sae has kinds of its own, as the name or the value of an enumeration.
    kind = str(settings.get("sae_type", "topk")).rpartition(".")[2].lower()
    activation = settings.get("activation", "topk") if kind == "topk" else kind
    if settings.get("signed"):
        raise InputError(
            f"{path} lets activations be negative, which no feature here can be.",
            "Give an autoencoder whose activations pass through a ReLU.",
        )
    if settings.get("transcode") or settings.get("skip_connection"):
        raise InputError(
            f"{path} describes a transcoder, which predicts something else than it reads.",
            "Give an autoencoder.",
        )
    if activation != "topk":
        raise InputError(
            f"{path} has the activation function {str(activation)[:40]!r}.",
            "Only topk can be read.",
        )
    file = read_tensors(folder / SPARSIFY_WEIGHTS)
    encoder = file.tensor("encoder.weight", None, d)
    n = len(encoder)
    return Autoencoder(
        "sparsify",
        encoder,
        file.tensor("encoder.bias", n),
        file.tensor("W_dec", n, d),
        file.tensor("b_dec", d),
        k=whole_number(path, settings, "k"),
    )


def read_dictionary(folder: Path) -> Autoencoder:
    """A dictionary of dictionary_learning: `config.json` beside `ae.pt`.

    Raises:
        InputError: It cannot be read, or is of another class.
    """
    path = folder / DICTIONARY_SETTINGS
    trainer = read_settings(path).get("trainer")
    if not isinstance(trainer, dict):
        raise InputError(f"{path} does not describe a trainer.", "Copy it again.")
    kind = trainer.get("dict_class")
    file = read_tensors(folder / DICTIONARY_WEIGHTS)
    if kind in ("AutoEncoderTopK", "BatchTopKSAE"):
        return _with_k(_linear_layers(file, file.tensor("b_dec", None)), file, path, trainer)
    if kind == "MatryoshkaBatchTopKSAE":
        return _with_k(_matrices(file, centred=True), file, path, trainer)
    if kind == "JumpReluAutoEncoder":
        found = _matrices(file, centred=False)
        return replace(found, threshold=file.tensor("threshold", found.n))
    if kind == "AutoEncoder":
        return _linear_layers(file, file.tensor("bias", None))
    if kind == "AutoEncoderNew":
        return replace(_linear_layers(file, file.tensor("decoder.bias", None)), centred=False)
    if kind == "GatedAutoEncoder":
        return _gated_dictionary(file)
    raise InputError(
        f"{path} describes a dictionary of the class {str(kind)[:40]!r}, which cannot be read."
    )


def _with_k(
    found: Autoencoder, file: TensorFile, path: Path, trainer: Mapping[str, Any]
) -> Autoencoder:
    k = whole_number(path, trainer, "k")
    if trainer["dict_class"] == "AutoEncoderTopK":
        return replace(found, k=k)
    threshold = np.full(found.n, file.tensor("threshold"), dtype=np.float32)
    return replace(found, threshold=threshold, usual_k=k)


def _linear_layers(file: TensorFile, bias: Float) -> Autoencoder:
    d = len(bias)
    encoder = file.tensor("encoder.weight", None, d)
    n = len(encoder)
    decoder = np.ascontiguousarray(file.tensor("decoder.weight", d, n).T)
    own = file.tensor("encoder.bias", n)
    return Autoencoder("dictionary_learning", encoder, own, decoder, bias)


def _matrices(file: TensorFile, *, centred: bool) -> Autoencoder:
    bias = file.tensor("b_dec", None)
    decoder = file.tensor("W_dec", None, len(bias))
    n = len(decoder)
    encoder = np.ascontiguousarray(file.tensor("W_enc", len(bias), n).T)
    own = file.tensor("b_enc", n)
    return Autoencoder("dictionary_learning", encoder, own, decoder, bias, centred=centred)


def _gated_dictionary(file: TensorFile) -> Autoencoder:
    bias = file.tensor("decoder_bias", None)
    encoder = file.tensor("encoder.weight", None, len(bias))
    n = len(encoder)
    r_mag = file.tensor("r_mag", n)
    own, threshold = gated(file.tensor("mag_bias", n), file.tensor("gate_bias", n), r_mag)
    return Autoencoder(
        "dictionary_learning",
        encoder * np.exp(r_mag)[:, None],
        own,
        np.ascontiguousarray(file.tensor("decoder.weight", len(bias), n).T),
        bias,
        threshold=threshold,
    )


def read_single_file(path: Path) -> Autoencoder:
    """An autoencoder in one file of torch: OpenAI's, saerch's, or HypotheSAEs'.

    Raises:
        InputError: It cannot be read, or holds another model's tensors.
    """
    file = read_tensors(path)
    if "input_bias" in file.tensors:
        return _hypothesaes(file)
    if "pre_bias" in file.tensors:
        return _openai(file)
    have = ", ".join(sorted(file.tensors)[:6]) or "no tensors"
    raise InputError(
        f"{path} holds {have}, which is no autoencoder that is known here.",
        "Known are files of OpenAI, saerch and HypotheSAEs, and folders of SAELens, sparsify, "
        "latent-sae and dictionary_learning.",
    )


def _hypothesaes(file: TensorFile) -> Autoencoder:
    settings = file.plain.get("config")
    if not isinstance(settings, dict):
        raise InputError(f"{file.path} lacks its configuration.", "Save it by the library.")
    found = _of_layers(file, "HypotheSAEs", "input_bias", "neuron_bias")
    k = whole_number(file.path, settings, "k_active_neurons")
    if not settings.get("use_batch_topk"):
        return replace(found, k=k)
    threshold = np.full(found.n, file.tensor("threshold"), dtype=np.float32)
    return replace(found, threshold=threshold, usual_k=k)


def _openai(file: TensorFile) -> Autoencoder:
    activation = file.plain.get("activation")
    library = "saerch" if activation is None else "OpenAI"
    found = _of_layers(file, library, "pre_bias", "latent_bias")
    if activation == "ReLU":
        return found
    if activation == "TopK":
        further = file.plain.get("activation_state_dict")
        further = further if isinstance(further, dict) else {}
        if further.get("postact_fn", "ReLU") != "ReLU":
            raise InputError(
                f"{file.path} lets activations be negative, which no feature here can be.",
                "Give an autoencoder whose activations pass through a ReLU.",
            )
        # Its loader takes embeddings of these, and no others, for layer-normalised.
        k = whole_number(file.path, further, "k")
        return replace(found, k=k, preparation="layer_norm")
    if activation is not None:
        raise InputError(
            f"{file.path} has the activation function {str(activation)[:40]!r}.",
            "Only ReLU and TopK can be read.",
        )
    named = weight_file(file.path)
    if named is None:
        raise InputError(
            f"{file.path} does not say how many features are active, and neither does its name.",
            "Name it as it was published, such as 64_9216_128_auxk_epoch_50.pth for k = 64 and "
            "n = 9216.",
        )
    if named.n != found.n:
        raise InputError(
            f"{file.path} has {found.n} features, but its name says n = {named.n}.",
            "Give the file its own name back.",
        )
    return replace(found, k=named.k)


def _of_layers(file: TensorFile, library: str, bias: str, own: str) -> Autoencoder:
    encoder = file.tensor("encoder.weight", None, None)
    n, d = encoder.shape
    if "decoder.weight" not in file.tensors:
        # A tied decoder is the encoder turned round.
        decoder = file.tensor("decoder.linear.weight", n, d)
    else:
        decoder = np.ascontiguousarray(file.tensor("decoder.weight", d, n).T)
    return Autoencoder(library, encoder, file.tensor(own, n), decoder, file.tensor(bias, d))
