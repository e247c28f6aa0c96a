"""Two or more sides take turns on the same batches, so that a busy machine slows all of them."""

import time
from statistics import median
from typing import NamedTuple

import torch
from torch.nn.functional import normalize

from peers import Plan
from peers.paper import PUBLISHED, REFERENCES, Paper, random_start
from peers.with_saetui import Saetui
from saetui.train.pairs import can_screen

BATCH, RATE, WARM = 1024, 1e-4, 1
NEVER = 1 << 40


def batches(count, d, n):
    """Unit vectors: sparse combinations of true directions plus noise."""
    generator = torch.Generator().manual_seed(2)
    truth = normalize(torch.randn(n, d, generator=generator), dim=1)
    for _ in range(count):
        active = torch.randint(n, (BATCH, 24), generator=generator)
        strength = torch.rand(BATCH, 24, 1, generator=generator)
        noise = 0.3 * normalize(torch.randn(BATCH, d, generator=generator), dim=1)
        yield normalize((strength * truth[active]).sum(dim=1) + noise, dim=1)


class Times(NamedTuple):
    """Of one side's steps, in seconds.

    Attributes:
        wall: By the clock.
        cpu: Of the processor, all threads together; on a busy machine this is the steadier one,
            but with several threads it counts their waiting for each other too.
    """

    wall: list[float]
    cpu: list[float]


def take_turns(sides, xs, dead):
    """Times of each side for each batch but the first; losses where a side tells them."""
    times = {name: Times([], []) for name in sides}
    losses = {name: [] for name in sides}
    for number, x in enumerate(xs):
        for name, side in sides.items():
            if dead.any():
                side.keep_dead(dead)
            start = time.perf_counter(), time.process_time()
            losses[name].append(side.step(x))
            end = time.perf_counter(), time.process_time()
            if number >= WARM:
                times[name].wall.append(end[0] - start[0])
                times[name].cpu.append(end[1] - start[1])
    return times, losses


def ratio(slow, fast):
    """How many times faster: by the clock, in the median and at best, and by processor time."""
    return (
        f"{median(slow.wall) / median(fast.wall):.2f}x median, "
        f"{min(slow.wall) / min(fast.wall):.2f}x best, "
        f"{median(slow.cpu) / median(fast.cpu):.2f}x processor time"
    )


def ours_and_paper(sample, n, k):
    """Our step, screened too where that pays, and the paper's in both ways, from equal weights.

    No latent counts as dead but those that `keep_dead` names.
    """
    plan = Plan(sample.shape[1], n, k, BATCH, steps=10_000, epoch=NEVER, rate=RATE)
    start = random_start(plan, sample)
    ours = {"saetui, float32": Saetui(plan, start, screening=False)}
    if can_screen():
        ours["saetui, screened"] = Saetui(plan, start, screening=True)
    papers = {name: Paper(plan, start, auxiliary_always=name == PUBLISHED) for name in REFERENCES}
    return ours, papers
