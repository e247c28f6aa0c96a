"""Time one training step against a dense autograd step on the same batches.

    python tests/benchmarks/train_step.py [--threads 2] [--repeats 7]

The reference is `ReferenceTraining` of the unit tests, written from the formulas alone. Both sides
take turns on the same batches in one process, so that a busy machine slows both; the ratio of
medians and that of minima are printed, and the largest difference between their losses.
"""

import argparse
import statistics
import sys
import time
from pathlib import Path

import torch
from torch.nn.functional import normalize

sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "train"))

from reference_training import ReferenceSae, ReferenceTraining

from saetui.train.selection import can_screen
from saetui.train.step import GradientStep, Optimiser, Parameters

BATCH, RATE, NEVER = 1024, 1e-4, 1 << 40


def batches(count, d, n):
    """Unit vectors: sparse combinations of true directions plus noise."""
    generator = torch.Generator().manual_seed(2)
    truth = normalize(torch.randn(n, d, generator=generator), dim=1)
    for _ in range(count):
        active = torch.randint(n, (BATCH, 24), generator=generator)
        strength = torch.rand(BATCH, 24, 1, generator=generator)
        noise = 0.3 * normalize(torch.randn(BATCH, d, generator=generator), dim=1)
        yield normalize((strength * truth[active]).sum(dim=1) + noise, dim=1)


def timed(function, *arguments):
    start = time.perf_counter()
    result = function(*arguments)
    return time.perf_counter() - start, result


def compare(n, k, *, dead_share, screening, repeats, d=1536):
    """One line: times of both sides, their ratio, how far their losses differ."""
    generator = torch.Generator().manual_seed(1)
    directions = normalize(torch.randn(n, d, generator=generator), dim=1)
    xs = list(batches(repeats, d, n))
    start = (directions, torch.zeros(n), directions, xs[0].median(dim=0).values)
    dead = torch.zeros(n, dtype=torch.bool)
    dead[: int(n * dead_share)] = True
    sae = ReferenceSae(start, k=k, dead_after=NEVER)
    reference = ReferenceTraining(sae, RATE)
    step = GradientStep(Parameters(*(t.clone() for t in start)), k, BATCH, screening)
    optimiser = Optimiser(step)

    def sparse_step(x):
        figures = step(x, dead)
        optimiser.apply(RATE)
        return figures.loss

    slow, fast, difference = [], [], 0.0
    for x in xs:
        sae.samples_since_fired[dead] = NEVER  # The same share is dead at every step.
        seconds, expected = timed(reference.step, x)
        slow.append(seconds)
        seconds, loss = timed(sparse_step, x)
        fast.append(seconds)
        difference = max(difference, abs(loss - expected))
    medians = statistics.median(slow), statistics.median(fast)
    name = "screened" if screening else "float32"
    print(
        f"d={d} n={n:5} k={k:3} dead {dead_share:4.0%} {name:8} | reference "
        f"{medians[0] * 1e3:6.0f} ms, here {medians[1] * 1e3:5.0f} ms "
        f"({BATCH / medians[1]:6.0f} samples/s) | {medians[0] / medians[1]:4.1f}x median, "
        f"{min(slow) / min(fast):4.1f}x best | loss within {difference:.0e}",
        flush=True,
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=7)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    for n, k in ((9216, 64), (3072, 16), (3072, 64)):
        for dead_share in (0.0, 0.1):
            for screening in (False, True) if can_screen() else (False,):
                compare(n, k, dead_share=dead_share, screening=screening, repeats=arguments.repeats)


if __name__ == "__main__":
    main()
