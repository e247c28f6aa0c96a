"""Whether codes of other libraries' SAEs agree with the libraries' own, in both directions.

Each library writes an SAE by its own functions; it is read here, and codes and reconstructions of
the same embeddings are compared with those that the library computes. Then an SAE of ours is
written for the library and compared the other way round. Activations are compared as parts of the
reconstruction (activation times norm of the direction), since libraries scale them differently.

The libraries are no dependencies. To run it, install what is to be tested into any environment that
has torch, such as `pip install sae-lens eai-sparsify dictionary-learning hypothesaes`, and run

    PYTHONPATH=. python tests/benchmarks/interop_peers.py

What is not installed is left out, and said so.
"""

import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from saetui.core.codec import SaeWeights, decoded, encode
from saetui.interop.autoencoder import write_saelens, write_sparsify
from saetui.interop.sae_readers import read_autoencoder

N, D, K, ROWS = 384, 96, 12, 512
Matrix = np.ndarray


@dataclass
class Peer:
    """What a library computes: activations `(m, n)`, norms of directions, reconstructions."""

    codes: Matrix
    norms: Matrix
    output: Matrix


def embeddings() -> torch.Tensor:
    """Vectors of unit norm that are not centred."""
    random = np.random.default_rng(3)
    x = random.standard_normal((ROWS, D)) + 0.4 * random.standard_normal(D)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    return torch.from_numpy(x.astype(np.float32))


def draw(seed: int, *shape: int, scale: float = 1.0) -> torch.Tensor:
    return scale * torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def directions(seed: int, norms: bool) -> torch.Tensor:
    """A decoder `(n, d)`, of unit norm or not."""
    rows = torch.nn.functional.normalize(draw(seed, N, D), dim=1)
    return rows * (
        0.5 + torch.rand(N, 1, generator=torch.Generator().manual_seed(seed + 1)) if norms else 1.0
    )


def saelens(folder: Path) -> Iterator[tuple[str, Callable[[], Peer]]]:
    from sae_lens import SAE
    from sae_lens.saes.batchtopk_sae import BatchTopKTrainingSAE, BatchTopKTrainingSAEConfig
    from sae_lens.saes.gated_sae import GatedSAE, GatedSAEConfig
    from sae_lens.saes.jumprelu_sae import JumpReLUSAE, JumpReLUSAEConfig
    from sae_lens.saes.matryoshka_batchtopk_sae import (
        MatryoshkaBatchTopKTrainingSAE,
        MatryoshkaBatchTopKTrainingSAEConfig,
    )
    from sae_lens.saes.standard_sae import StandardSAE, StandardSAEConfig
    from sae_lens.saes.topk_sae import TopKSAE, TopKSAEConfig

    def fill(sae: Any) -> Any:
        with torch.no_grad():
            sae.W_dec.copy_(directions(1, True))
            sae.W_enc.copy_(draw(2, D, N, scale=0.3) + sae.W_dec.T)
            sae.b_dec.copy_(draw(4, D, scale=0.05))
            for name, offset in (("b_enc", 0.0), ("b_gate", -0.1), ("b_mag", 0.05)):
                if isinstance(getattr(sae, name, None), torch.nn.Parameter):
                    getattr(sae, name).copy_(draw(5, N, scale=0.05) + offset)
            if isinstance(getattr(sae, "r_mag", None), torch.nn.Parameter):
                sae.r_mag.copy_(draw(6, N, scale=0.2))
            if isinstance(getattr(sae, "threshold", None), torch.nn.Parameter):
                sae.threshold.copy_(draw(7, N, scale=0.2).abs())
            if getattr(sae, "topk_threshold", None) is not None:
                sae.topk_threshold.fill_(0.8)
        return sae

    def peer(sae: Any) -> Peer:
        x = embeddings()
        with torch.no_grad():
            codes = sae.encode(x)
            output = sae.decode(codes)
        norms = sae.W_dec.norm(dim=1)
        if getattr(sae.cfg, "rescale_acts_by_decoder_norm", False):
            norms = torch.ones_like(norms)
        return Peer(codes.numpy(), norms.detach().numpy(), output.numpy())

    common = {"d_in": D, "d_sae": N}
    cases: list[tuple[str, Any]] = []
    for preparation in ("none", "constant_norm_rescale", "layer_norm"):
        for centred in (True, False):
            shared = {
                **common,
                "apply_b_dec_to_input": centred,
                "normalize_activations": preparation,
            }
            said = f"{preparation}, {'b_dec' if centred else 'no b_dec'} at the input"
            cases += [
                (f"standard, {said}", StandardSAE(StandardSAEConfig(**shared))),
                (f"jumprelu, {said}", JumpReLUSAE(JumpReLUSAEConfig(**shared))),
                (f"gated, {said}", GatedSAE(GatedSAEConfig(**shared))),
            ]
            for scaled in (True, False):
                config = TopKSAEConfig(**shared, k=K, rescale_acts_by_decoder_norm=scaled)
                by = "scaled" if scaled else "unscaled"
                cases.append((f"topk {by}, {said}", TopKSAE(config)))
    for number, (name, sae) in enumerate(cases):
        path = folder / f"saelens{number}"
        fill(sae).save_model(path)
        loaded = SAE.load_from_disk(path)
        yield name, lambda path=path, loaded=loaded: (path, peer(loaded))
    for number, (kind, config) in enumerate(
        (
            (BatchTopKTrainingSAE, BatchTopKTrainingSAEConfig(**common, k=K)),
            (
                MatryoshkaBatchTopKTrainingSAE,
                MatryoshkaBatchTopKTrainingSAEConfig(**common, k=K, matryoshka_widths=[N // 4, N]),
            ),
        )
    ):
        path = folder / f"training{number}"
        fill(kind(config)).save_inference_model(path)
        loaded = SAE.load_from_disk(path)
        name = kind.__name__.removesuffix("TrainingSAE").lower()
        yield f"{name}, saved for inference", lambda path=path, loaded=loaded: (path, peer(loaded))
    # Before version 6: another configuration, the same tensors.
    for number, (name, settings) in enumerate(
        (
            ("topk of version 5", {"activation_fn_str": "topk", "activation_fn_kwargs": {"k": K}}),
            ("standard of version 3", {"activation_fn_str": "relu"}),
        )
    ):
        path = folder / f"old{number}"
        fill(TopKSAE(TopKSAEConfig(**common, k=K))).save_model(path)
        old = {**common, **settings, "architecture": "standard", "hook_name": "embedding"}
        (path / "cfg.json").write_text(json.dumps({**old, "dtype": "float32", "device": "cpu"}))
        loaded = SAE.load_from_disk(path)
        yield name, lambda path=path, loaded=loaded: (path, peer(loaded))
    for dtype in ("float16", "bfloat16"):
        path = folder / dtype
        fill(TopKSAE(TopKSAEConfig(**common, k=K, dtype=dtype))).save_model(path)
        loaded = SAE.load_from_disk(path, dtype="float32")
        yield f"topk in {dtype}", lambda path=path, loaded=loaded: (path, peer(loaded))


def sparsify(folder: Path) -> Iterator[tuple[str, Callable[[], Peer]]]:
    from sparsify import SparseCoder, SparseCoderConfig

    for number, norms in enumerate((False, True)):
        coder = SparseCoder(D, SparseCoderConfig(num_latents=N, k=K, normalize_decoder=not norms))
        with torch.no_grad():
            coder.W_dec.copy_(directions(11, norms))
            coder.encoder.weight.copy_(coder.W_dec + draw(12, N, D, scale=0.1))
            coder.encoder.bias.copy_(draw(13, N, scale=0.05))
            coder.b_dec.copy_(draw(14, D, scale=0.05))
        path = folder / f"sparsify{number}"
        coder.save_to_disk(path)
        loaded = SparseCoder.load_from_disk(path)
        name = "topk, norms as trained" if norms else "topk, unit norms"
        yield name, lambda path=path, loaded=loaded: (path, sparse_coder(loaded))


def sparse_coder(coder: Any) -> Peer:
    x = embeddings()
    with torch.no_grad():
        found = coder.encode(x)
        codes = torch.zeros(len(x), N).scatter(1, found.top_indices, found.top_acts)
        output = codes @ coder.W_dec + coder.b_dec
    return Peer(codes.numpy(), coder.W_dec.norm(dim=1).detach().numpy(), output.numpy())


def dictionary_learning(folder: Path) -> Iterator[tuple[str, Callable[[], Peer]]]:
    from dictionary_learning.dictionary import (
        AutoEncoder,
        AutoEncoderNew,
        GatedAutoEncoder,
        JumpReluAutoEncoder,
    )
    from dictionary_learning.trainers.batch_top_k import BatchTopKSAE
    from dictionary_learning.trainers.matryoshka_batch_top_k import MatryoshkaBatchTopKSAE
    from dictionary_learning.trainers.top_k import AutoEncoderTopK
    from dictionary_learning.utils import load_dictionary

    made = (
        AutoEncoder(D, N),
        AutoEncoderNew(D, N),
        GatedAutoEncoder(D, N),
        JumpReluAutoEncoder(D, N),
        AutoEncoderTopK(D, N, K),
        BatchTopKSAE(D, N, K),
        MatryoshkaBatchTopKSAE(D, N, K, [N // 4, N - N // 4]),
    )
    for model in made:
        kind = type(model).__name__
        with torch.no_grad():
            for number, (name, value) in enumerate(sorted(model.named_parameters())):
                if value.dim() == 1:
                    value.copy_(draw(number + 20, *value.shape, scale=0.05))
                if name == "threshold":
                    value.abs_()
            for name, value in model.named_buffers():
                if name == "threshold":
                    value.fill_(0.15)
        path = folder / kind
        path.mkdir()
        torch.save(model.state_dict(), path / "ae.pt")
        trainer = {"dict_class": kind, "k": K, "activation_dim": D, "dict_size": N}
        (path / "config.json").write_text(json.dumps({"trainer": trainer}))
        loaded, _ = load_dictionary(str(path), "cpu")

        def peer(loaded: Any = loaded) -> Peer:
            with torch.no_grad():
                codes = loaded.encode(embeddings())
                output = loaded.decode(codes)
            decoder = getattr(loaded, "W_dec", None)
            norms = loaded.decoder.weight.norm(dim=0) if decoder is None else decoder.norm(dim=1)
            return Peer(codes.numpy(), norms.detach().numpy(), output.numpy())

        yield kind, lambda path=path, peer=peer: (path, peer())


def hypothesaes(folder: Path) -> Iterator[tuple[str, Callable[[], Peer]]]:
    from hypothesaes.sae import SparseAutoencoder, load_model

    for batch in (False, True):
        model = SparseAutoencoder(
            D, N, K, prefix_lengths=[N // 4, N], use_batch_topk=batch, device="cpu"
        )
        with torch.no_grad():
            model.decoder.weight.copy_(directions(31, False).T)
            model.encoder.weight.copy_(directions(31, False) + draw(32, N, D, scale=0.1))
            model.input_bias.copy_(draw(33, D, scale=0.05))
            model.neuron_bias.copy_(draw(34, N, scale=0.05))
            model.threshold.fill_(0.3)
        path = folder / f"hypothesaes{batch}" / "model.pt"
        model.save(str(path))
        loaded = load_model(str(path), device="cpu").eval()

        def peer(loaded: Any = loaded) -> Peer:
            with torch.no_grad():
                output, info = loaded(embeddings())
            norms = loaded.decoder.weight.norm(dim=0).detach().numpy()
            return Peer(info["activations"].numpy(), norms, output.numpy())

        name = "batch topk, matryoshka" if batch else "topk, matryoshka"
        yield name, lambda path=path, peer=peer: (path, peer())


def differences(weights: SaeWeights, peer: Peer, unprepared: float) -> tuple[float, float, float]:
    """Active features, largest difference of parts, and of reconstructions."""
    codes = encode(weights, embeddings().numpy())
    z = np.zeros((ROWS, weights.n), dtype=np.float32)
    rows, slots = np.nonzero(codes.indices >= 0)
    z[rows, codes.indices[rows, slots]] = codes.values[rows, slots]
    parts = peer.codes * peer.norms * unprepared
    output = decoded(weights, codes) + weights.bias
    return (
        float((codes.indices >= 0).sum() / ROWS),
        float(np.abs(z - parts).max()),
        float(np.abs(output - peer.output).max()),
    )


def read_from_peers(folder: Path) -> bool:
    fine = True
    for library in (saelens, sparsify, dictionary_learning, hypothesaes):
        try:
            for name, made in library(folder):
                path, peer = made()
                found = read_autoencoder(path)
                active, parts, output = differences(found.weights(found.n), peer, found._unprepared)
                print(f"| {found.library} | {name} | {active:.1f} | {parts:.1e} | {output:.1e} |")
                fine &= parts < 1e-5
        except ImportError as error:
            print(f"{library.__name__} was left out: {error}.", file=sys.stderr)
    return fine


def own(kind: str) -> SaeWeights:
    random = np.random.default_rng(8)
    rows = directions(41, False).numpy()
    single = np.float32
    threshold: Any = 0.0
    if kind == "batchtopk":
        threshold = 0.25
    elif kind == "jumprelu":
        threshold = np.abs(0.2 * random.standard_normal(N)).astype(single)
    encoder = (rows + 0.1 * random.standard_normal(rows.shape)).astype(single)
    if kind == "layer norm":
        encoder -= encoder.mean(axis=1, keepdims=True)
    return SaeWeights(
        encoder=encoder,
        encoder_bias=(0.05 * random.standard_normal(N)).astype(single),
        directions=rows,
        bias=(0.05 * random.standard_normal(D)).astype(single),
        k=K if kind in ("topk", "selection", "layer norm") else N,
        threshold=threshold,
        selection=random.uniform(0.5, 1.5, N).astype(single) if kind == "selection" else None,
        layer_norm=kind == "layer norm",
    )


def written_for_peers(folder: Path) -> bool:
    fine = True
    try:
        from sae_lens import SAE

        for kind in ("topk", "batchtopk", "jumprelu", "selection", "layer norm"):
            weights, path = own(kind), folder / f"ours {kind}"
            write_saelens(path, weights, {})
            sae = SAE.load_from_disk(path)
            with torch.no_grad():
                codes = sae.encode(embeddings())
                output = sae.decode(codes)
            peer = Peer(codes.numpy(), sae.W_dec.norm(dim=1).detach().numpy(), output.numpy())
            unprepared = 1 / np.sqrt(D - 1) if kind == "layer norm" else 1.0
            active, parts, output = differences(weights, peer, unprepared)
            print(f"| SAELens | {kind} | {active:.1f} | {parts:.1e} | {output:.1e} |")
            fine &= parts < 1e-5
    except ImportError as error:
        print(f"SAELens was left out: {error}.", file=sys.stderr)
    try:
        from sparsify import SparseCoder

        for kind in ("topk", "selection"):
            weights, path = own(kind), folder / f"ours sparsify {kind}"
            write_sparsify(path, weights)
            peer = sparse_coder(SparseCoder.load_from_disk(path))
            active, parts, output = differences(weights, peer, 1.0)
            print(f"| sparsify | {kind} | {active:.1f} | {parts:.1e} | {output:.1e} |")
            fine &= parts < 1e-5
    except ImportError as error:
        print(f"sparsify was left out: {error}.", file=sys.stderr)
    return fine


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        print("| library | its SAE | active | codes differ by | reconstructions by |")
        print("| --- | --- | --- | --- | --- |")
        fine = read_from_peers(folder)
        print("\n| read by | our SAE | active | codes differ by | reconstructions by |")
        print("| --- | --- | --- | --- | --- |")
        fine &= written_for_peers(folder)
    sys.exit(0 if fine else 1)


if __name__ == "__main__":
    main()
