"""Held-out error of public libraries, the paper's recipe and ours on the same vectors.

    python tests/benchmarks/train_quality.py VECTORS.npy ... [--sizes 768,16 1536,16 768,32]
        [--epochs 30 100] [--seeds 0] [--grid all|known] [--threads 1]

Every side trains on the same rows, sees at most the same number of samples and is measured on the
same held-out rows: nMSE, squared error over that of predicting their mean. Ours stops early and
keeps the epoch with the lowest held-out error; the others have the same privilege: their lowest
held-out error after any epoch is compared, and the last one is shown beside it.

Others run in two ways. "Own": the library's own learning rate, schedule and handling of dead
latents with the paper's batch of 1,024; only the warm-up is cut to a twentieth of the steps.
"Tuned": each learning rate of a grid with the batch that ours uses, the auxiliary loss switched
on and latents dead after one epoch, whichever is best by held-out error. `--grid known` takes from
the grid only what was best for the same library at the first size and budget, and its neighbours.
"""

import argparse
import math
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from peers import Plan, installed
from peers.paper import Paper
from peers.with_saetui import split, train

OWN_BATCH = 1024
ADAM_RATES = (1e-3, 2e-3, 5e-3, 1e-2, 2e-2)
SIGN_RATES = (1e-3, 3e-3, 8e-3, 2.4e-2)
# Ways that are meant for speed, or that the tuned plan includes.
LEFT_OUT = ("sae-lens, sparse", "eai-sparsify, signum, auxiliary")


class Trial(NamedTuple):
    """Rows, and how long and how large to train on them."""

    train_rows: torch.Tensor
    held_out: torch.Tensor
    n: int
    k: int
    epochs: int
    seed: int

    def plan(self, batch):
        count, d = self.train_rows.shape
        steps = -(-count // batch) * self.epochs
        return Plan(d, self.n, self.k, batch, steps, epoch=count, seed=self.seed)

    def run(self, make, plan):
        """Held-out nMSE after each epoch, and the side's settings."""
        side = make(plan)
        order = np.random.default_rng(plan.seed)
        curve = []
        for _ in range(self.epochs):
            count = plan.steps // self.epochs
            for rows in np.array_split(order.permutation(len(self.train_rows)), count):
                side.step(self.train_rows[torch.from_numpy(rows)])
            curve.append(self.nmse(side))
        return curve, side.settings

    def nmse(self, side):
        error = self.held_out - side.reconstruct(self.held_out)
        spread = (self.held_out - self.held_out.mean(dim=0)).square().sum()
        nmse = float(error.square().sum() / spread)
        return nmse if math.isfinite(nmse) else math.inf


class Peer:
    """One way to train, and which learning rates are worth trying."""

    def __init__(self, name, make):
        self.name, self.make = name, make
        self.rates = SIGN_RATES if "signum" in name else ADAM_RATES
        self.best_rate = None

    def grid(self, known):
        if not known or self.best_rate is None:
            return self.rates
        place = self.rates.index(self.best_rate)
        return self.rates[max(0, place - 1) : place + 2]

    def compare(self, trial, batch, known):
        """Curve and settings: the library's own, and the best of the grid with this batch."""
        curve, settings = trial.run(self.make, trial.plan(OWN_BATCH))
        yield f"{self.name}, own", curve, f"batch {OWN_BATCH}; {settings}"
        results = {}
        for rate in self.grid(known):
            plan = replace(trial.plan(batch), rate=rate, tuned=True)
            results[rate] = trial.run(self.make, plan)
        best = min(results, key=lambda rate: min(results[rate][0]))
        self.best_rate = self.best_rate or best
        curve, settings = results[best]
        tried = ", ".join(f"{rate:g}: {min(curve):.4f}" for rate, (curve, _) in results.items())
        yield f"{self.name}, tuned", curve, f"batch {batch}; {settings} [{tried}]"


def compare(vectors, trial, peers, known):
    print(
        f"\n{len(trial.train_rows):,} training and {len(trial.held_out):,} held-out rows, "
        f"n={trial.n} k={trial.k}, {trial.epochs} epochs at most, seed {trial.seed}"
    )
    print("| side | nMSE, best epoch | last | best epoch | settings |")
    print("| --- | --- | --- | --- | --- |")
    best, last, metrics = train(vectors, trial.n, trial.k, trial.epochs, trial.seed)
    print(
        f"| saetui | {best:.4f} | {last:.4f} | {metrics['best_epoch']} | batch "
        f"{metrics['batch']}; Adam {metrics['learning_rate']:.1e}; {metrics['samples']:,} samples "
        f"seen |",
        flush=True,
    )
    for peer in peers:
        for name, curve, settings in peer.compare(trial, metrics["batch"], known):
            best = min(curve)
            print(
                f"| {name} | {best:.4f} | {curve[-1]:.4f} | {curve.index(best) + 1} | {settings} |",
                flush=True,
            )


def size_of(text):
    n, k = text.split(",")
    return int(n), int(k)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("vectors", type=Path, nargs="+")
    parser.add_argument(
        "--sizes", type=size_of, nargs="+", default=[(768, 16), (1536, 16), (768, 32)]
    )
    parser.add_argument("--epochs", type=int, nargs="+", default=[30, 100])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--grid", choices=("all", "known"), default="known")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    makers, missing = installed()
    for library, reason in missing.items():
        print(f"{library} left out: {reason}")
    makers = {name: make for name, make in makers.items() if name not in LEFT_OUT}
    peers = [Peer(name, make) for name, make in (makers | {"paper": Paper}).items()]
    for path in arguments.vectors:
        print(f"\n{path.parent.name}/{path.name}")
        vectors = np.load(path)
        for epochs in arguments.epochs:
            for size in arguments.sizes:
                for seed in arguments.seeds:
                    trial = Trial(*split(vectors, seed), *size, epochs, seed)
                    compare(vectors, trial, peers, arguments.grid == "known")


if __name__ == "__main__":
    main()
