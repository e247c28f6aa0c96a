"""Public libraries that train TopK autoencoders, and the paper's recipe, behind one interface.

Every library runs through its own modules and its own trainer; the adapters only choose settings,
hand over batches and ask for reconstructions. A side has

- `step(x)`: one whole training step on float32 `(B, d)`;
- `keep_dead(dead)`: count these latents, bool `(n,)`, as dead at the next step;
- `reconstruct(x)`: what the weights that it would deliver now make of rows;
- `revives`: whether an auxiliary loss works on dead latents;
- `settings`: how it trains, in words.
"""

import contextlib
import importlib
import io
from dataclasses import dataclass

LIBRARIES = {
    "sae-lens": ("sae_lens", "peers.with_sae_lens"),
    "dictionary-learning": ("dictionary_learning", "peers.with_dictionary_learning"),
    "eai-sparsify": ("sparsify", "peers.with_sparsify"),
}
WARMUP_SHARE = 0.05


@dataclass(frozen=True)
class Plan:
    """What a side is to train.

    Attributes:
        d: Width.
        n: Latents.
        k: Active latents per row.
        batch: Rows per step.
        steps: Steps in all, for schedules.
        epoch: Rows of an epoch.
        rate: Learning rate; None: the library's own rule.
        tuned: False: the library's own settings. True: what suits small data better, namely its
            auxiliary loss switched on and a latent dead after one epoch without firing, where
            libraries wait for up to ten million rows.
        seed: Of initial weights.
    """

    d: int
    n: int
    k: int
    batch: int
    steps: int
    epoch: int
    rate: float | None = None
    tuned: bool = False
    seed: int = 0

    def warmup(self, own: int) -> int:
        """A library's own number of warm-up steps, but at most a twentieth of all."""
        return min(own, int(self.steps * WARMUP_SHARE))


def installed():
    """Libraries that can be used: by the name of each way to train, what makes it from a plan.

    Returns:
        Makers by name, and for each library that is missing a reason by its name.
    """
    makers, missing = {}, {}
    for library, (module, adapter) in LIBRARIES.items():
        try:
            with silence():
                importlib.import_module(module)
        except Exception as problem:  # noqa: BLE001 -- Whatever is wrong with it, the rest shall run.
            missing[library] = f"{type(problem).__name__}: {str(problem).splitlines()[0]}"
        else:
            makers |= importlib.import_module(adapter).WAYS
    return makers, missing


@contextlib.contextmanager
def silence():
    """Keep a library's progress bars and announcements out of the tables."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        yield
