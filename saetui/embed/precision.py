"""The device and the number type for embedding many texts."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

# x86 with AVX-512 or AMX, and ARM. Without these instructions bfloat16 is emulated, and slower.
_BFLOAT16_INSTRUCTIONS = {"avx512_bf16", "amx_bf16", "bf16"}


def bulk_device() -> "torch.device":
    """The fastest device that torch finds."""
    import torch

    if torch.cuda.is_available():
        return torch.device("cuda")
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")


def bulk_dtype(device: "torch.device") -> "torch.dtype":
    """Bfloat16 if the device has instructions for it, else float32."""
    import torch

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
