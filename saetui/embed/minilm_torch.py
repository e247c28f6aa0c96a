"""The forward pass of all-MiniLM-L6-v2 in torch, for whole corpora, and the device to use.

Matrix products run in bfloat16 where the processor has instructions for it. Layer norms, the
residual stream and the pooling stay in float32, which costs next to nothing and keeps the cosine
to the float32 vectors above 0.9999.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - torch's own convention
from torch import Tensor

from saetui.embed.minilm_numpy import HEAD_WIDTH, HEADS, LAYER_NORM_EPSILON, LAYERS, WIDTH, Float

# Large enough to keep the matrix products busy, small enough that activations stay in the cache.
_TOKENS_PER_BATCH = {"cpu": 4_096, "cuda": 65_536, "mps": 16_384}


@dataclass(frozen=True)
class _Affine:
    weight: Tensor
    bias: Tensor


@dataclass(frozen=True)
class _Layer:
    query_key_value: _Affine
    attended: _Affine
    attention_norm: _Affine
    up: _Affine
    down: _Affine
    output_norm: _Affine


class TorchForward:
    """The model on many texts at once, with matrix products in float32 or bfloat16."""

    def __init__(
        self, tensors: Mapping[str, Float], device: torch.device, dtype: torch.dtype
    ) -> None:
        self._device = device
        self._dtype = dtype
        self._tokens_per_batch = _TOKENS_PER_BATCH.get(device.type, 4_096)

        def stored(name: str, type_: torch.dtype) -> Tensor:
            # Copied, because torch does not accept read-only memory.
            return torch.from_numpy(np.array(tensors[name])).to(device, type_)

        def linear(*names: str) -> _Affine:
            return _Affine(
                torch.cat([stored(f"{name}.weight", dtype) for name in names]),
                torch.cat([stored(f"{name}.bias", dtype) for name in names]),
            )

        def norm(name: str) -> _Affine:
            return _Affine(
                stored(f"{name}.weight", torch.float32), stored(f"{name}.bias", torch.float32)
            )

        self._words = stored("embeddings.word_embeddings.weight", torch.float32)
        self._positions = stored("embeddings.position_embeddings.weight", torch.float32)
        self._positions += stored("embeddings.token_type_embeddings.weight", torch.float32)[0]
        self._norm = norm("embeddings.LayerNorm")
        self._layers = [
            _Layer(
                query_key_value=linear(
                    *(f"{layer}.attention.self.{part}" for part in ("query", "key", "value"))
                ),
                attended=linear(f"{layer}.attention.output.dense"),
                attention_norm=norm(f"{layer}.attention.output.LayerNorm"),
                up=linear(f"{layer}.intermediate.dense"),
                down=linear(f"{layer}.output.dense"),
                output_norm=norm(f"{layer}.output.LayerNorm"),
            )
            for layer in (f"encoder.layer.{number}" for number in range(LAYERS))
        ]

    def __call__(
        self, token_ids: Sequence[Sequence[int]], done: Callable[[int], None] = lambda _: None
    ) -> Float:
        """The vectors of texts.

        Args:
            token_ids: Of each text, with the model's opening and closing tokens; at most 512.
            done: Called with the number of texts after each batch.

        Returns:
            Float32 `(m, 384)`, rows of unit norm in the order given.
        """
        vectors = np.empty((len(token_ids), WIDTH), dtype=np.float32)
        # Sorted by length, so that batches contain little padding.
        order = sorted(range(len(token_ids)), key=lambda text: -len(token_ids[text]))
        start = 0
        while start < len(order):
            longest = len(token_ids[order[start]])
            batch = order[start : start + max(1, self._tokens_per_batch // longest)]
            vectors[batch] = self._batch([token_ids[text] for text in batch])
            start += len(batch)
            done(len(batch))
        return vectors

    @torch.inference_mode()
    def _batch(self, token_ids: Sequence[Sequence[int]]) -> Float:
        tokens, lengths = _padded(token_ids)
        tokens, lengths = tokens.to(self._device), lengths.to(self._device)
        real = torch.arange(tokens.shape[1], device=self._device) < lengths[:, None]
        mask = None
        if min(map(len, token_ids)) < tokens.shape[1]:
            mask = torch.zeros(real.shape, dtype=self._dtype, device=self._device)
            mask = mask.masked_fill(~real, -torch.inf)[:, None, None, :]
        embedded = self._words[tokens] + self._positions[: tokens.shape[1]]
        hidden = _layer_norm(embedded, self._norm)
        for layer in self._layers:
            hidden = self._layer(hidden, layer, mask)
        mean = (hidden * real[:, :, None]).sum(dim=1) / lengths[:, None]
        vectors: Float = F.normalize(mean, dim=1).cpu().numpy()
        return vectors

    def _layer(self, hidden: Tensor, layer: _Layer, mask: Tensor | None) -> Tensor:
        texts, length, _ = hidden.shape
        projected = _linear(hidden.to(self._dtype), layer.query_key_value)
        query, key, value = (
            projected.view(texts, length, 3, HEADS, HEAD_WIDTH).permute(2, 0, 3, 1, 4).unbind()
        )
        mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        mixed = mixed.transpose(1, 2).reshape(texts, length, WIDTH)
        hidden = _layer_norm(hidden + _linear(mixed, layer.attended), layer.attention_norm)
        expanded = F.gelu(_linear(hidden.to(self._dtype), layer.up))
        return _layer_norm(hidden + _linear(expanded, layer.down), layer.output_norm)


def _linear(hidden: Tensor, affine: _Affine) -> Tensor:
    return F.linear(hidden, affine.weight, affine.bias)


def _layer_norm(hidden: Tensor, affine: _Affine) -> Tensor:
    return F.layer_norm(hidden, (WIDTH,), affine.weight, affine.bias, LAYER_NORM_EPSILON)


def _padded(token_ids: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
    """Token ids `(m, longest)`, padded with zeros, and the lengths `(m,)`."""
    lengths = np.array([len(ids) for ids in token_ids])
    tokens = np.zeros((len(token_ids), int(lengths.max())), dtype=np.int64)
    for row, ids in enumerate(token_ids):
        tokens[row, : len(ids)] = ids
    return torch.from_numpy(tokens), torch.from_numpy(lengths)


# x86 with AVX-512 or AMX, and ARM. Without these instructions bfloat16 is emulated, and slower.
_BFLOAT16_INSTRUCTIONS = {"avx512_bf16", "amx_bf16", "bf16"}


def bulk_device() -> torch.device:
    """The fastest device that torch finds."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")


def bulk_dtype(device: torch.device) -> torch.dtype:
    """Bfloat16 if the device has instructions for it, else float32."""
    if device.type == "cuda":
        fast = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        fast = device.type == "cpu" and bool(_BFLOAT16_INSTRUCTIONS & _processor_flags())
    return torch.bfloat16 if fast else torch.float32


def _processor_flags(cpuinfo: Path = Path("/proc/cpuinfo")) -> set[str]:
    """The processor's feature flags; empty where the system does not list them."""
    try:
        lines = cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return set()
    flags = (line.partition(":") for line in lines)
    return next(
        (set(value.split()) for key, _, value in flags if key.strip() in ("flags", "Features")),
        set(),
    )
