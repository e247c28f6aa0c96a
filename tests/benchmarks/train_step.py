"""Hold our training step against the paper's: speed, and the loss over many steps.

    python tests/benchmarks/train_step.py [--threads 2] [--repeats 7] [--only speed|loss]

The reference is `ReferenceTraining` of the unit tests, written from the formulas alone with dense
products and autograd. "auxiliary always" computes the dead latents' term at every step, as the
paper's implementation does; "auxiliary if dead" only while there are dead latents.

Speed: all sides take turns on the same batches in one process, so that a busy machine slows all;
ratios of medians and of minima are printed. Loss: from the same weights on the same batches, first
for 25 steps at full size, then for 500 smaller ones on which gradients are clipped and latents die
and are revived; how often each happened is printed.
"""

import argparse
import gc
import os
from statistics import median

import torch
from peers import Plan
from peers.paper import REFERENCES, Paper, random_start
from peers.turns import BATCH, WARM, batches, ours_and_paper, ratio, take_turns
from peers.with_saetui import Saetui
from torch.nn.functional import normalize

from saetui.train.pairs import can_screen

D = 1536
SIZES = ((9216, 64), (3072, 16), (3072, 64))


def compare_speed(n, k, dead_share, repeats):
    """One line for each of our ways: times, and ratios to both references."""
    xs = list(batches(repeats + WARM, D, n))
    dead = torch.zeros(n, dtype=torch.bool)
    dead[: int(n * dead_share)] = True
    ours, papers = ours_and_paper(xs[0], n, k)
    times, _ = take_turns(papers | ours, xs, dead)
    medians = {name: median(side.wall) * 1e3 for name, side in times.items()}
    print(
        f"d={D} n={n} k={k} dead {dead_share:.0%}, load {os.getloadavg()[0]:.1f}: "
        + ", ".join(f"{name} {medians[name]:.0f} ms" for name in papers)
    )
    for name in ours:
        ratios = [f"{ratio(times[paper], times[name])} ({paper})" for paper in REFERENCES]
        print(f"  {name} {medians[name]:.0f} ms: {'; '.join(ratios)}", flush=True)


def ways():
    return (False, True) if can_screen() else (False,)


def compare_loss(title, xs, plan):
    """How far the losses of ours and the reference are apart, and what was at work meanwhile.

    A latent that one side calls dead a step before the other adds 1/32 of the auxiliary term to
    one loss only; steps more than 0.5% apart are such steps, and they are counted.
    """
    start = random_start(plan, xs[0])
    paper = Paper(plan, start)
    expected, dead_counts = [], []
    for x in xs:
        since_fired = paper.training.sae.samples_since_fired
        dead_counts.append(int((since_fired >= plan.epoch).sum()))
        expected.append(paper.step(x))
    for screening in ways():
        ours = Saetui(plan, start, screening=screening)
        losses = [ours.step(x) for x in xs]
        differences = [abs(a - b) for a, b in zip(losses, expected, strict=True)]
        shares = [a / b for a, b in zip(differences, expected, strict=True)]
        last = len(xs) // 10 or 1
        final = abs(sum(losses[-last:]) / sum(expected[-last:]) - 1)
        print(
            f"{title}, {'screened' if screening else 'float32'}: {len(xs)} steps, loss "
            f"{expected[0]:.4f} to {expected[-1]:.4f}; apart by at most {max(differences):.1e}, "
            f"median {median(differences):.1e}, by {shares[-1]:.4%} at the last step, "
            f"by {final:.4%} in the mean of the last {last}, by more than 0.5% at "
            f"{sum(share > 0.005 for share in shares)} steps | clipped at {ours.clipped} steps, "
            f"dead latents at {ours.revived} steps, at most {max(dead_counts)} of {plan.n}",
            flush=True,
        )


def drifting(count, batch, d, truths):
    """Unit vectors whose common part turns from batch to batch, which keeps gradients long."""
    generator = torch.Generator().manual_seed(5)
    truth = normalize(torch.randn(truths, d, generator=generator), dim=1)
    common = normalize(torch.randn(count, d, generator=generator), dim=1)
    for number in range(count):
        # True directions come and go, so that latents which follow one fall silent.
        present = (torch.arange(truths) + number) % truths < truths // 2
        among = present.nonzero().squeeze(1)
        chosen = among[torch.randint(len(among), (batch, 8), generator=generator)]
        strength = torch.rand(batch, 8, 1, generator=generator)
        noise = 0.2 * normalize(torch.randn(batch, d, generator=generator), dim=1)
        rows = (strength * truth[chosen]).sum(dim=1) + noise
        share = 2.0 if number % 3 == 0 else 0.2
        yield normalize(rows + share * common[number], dim=1)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--only", choices=("speed", "loss"))
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    if arguments.only != "loss":
        for n, k in SIZES:
            for dead_share in (0.0, 0.1):
                compare_speed(n, k, dead_share, arguments.repeats)
                gc.collect()
    if arguments.only != "speed":
        n, k = SIZES[0]
        plan = Plan(D, n, k, BATCH, steps=25, epoch=8 * BATCH, rate=1e-4)
        compare_loss(f"d={D} n={n} k={k}", list(batches(25, D, n)), plan)
        plan = Plan(128, 1024, 16, 256, steps=500, epoch=12 * 256, rate=1e-3)
        compare_loss("d=128 n=1024 k=16", list(drifting(500, 256, 128, 512)), plan)


if __name__ == "__main__":
    main()
