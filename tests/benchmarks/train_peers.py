"""Time one training step of public libraries, the paper's and ours on the same batches.

    python tests/benchmarks/train_peers.py [--n 9216] [--k 64] [--threads 2] [--repeats 7]

Everything runs in one process with the same threads and takes turns batch by batch. A step is
what a library does for one batch in its own training of a TopK autoencoder: forward, backward,
dead latents, clipping, optimiser, schedule, normalisation. Libraries that are not installed
(`pip install sae-lens eai-sparsify dictionary-learning`) are left out with a reason.
"""

import argparse
import gc
import os
from statistics import median

import torch
from peers import Plan, installed
from peers.paper import PUBLISHED, REFERENCES
from peers.turns import BATCH, WARM, batches, ours_and_paper, ratio, take_turns

D = 1536


def compare(makers, n, k, dead_share, repeats):
    xs = list(batches(repeats + WARM, D, n))
    dead = torch.zeros(n, dtype=torch.bool)
    dead[: int(n * dead_share)] = True
    ours, papers = ours_and_paper(xs[0], n, k)
    peers = {}
    for name, make in makers.items():
        # Without dead latents an auxiliary loss makes no difference.
        if dead_share or not name.endswith("auxiliary"):
            peers[name] = make(Plan(D, n, k, BATCH, steps=10_000, epoch=10_000_000))
    load = os.getloadavg()[0]
    times, losses = take_turns(papers | peers | ours, xs, dead)
    print(
        f"\nd={D} n={n} k={k} batch {BATCH}, {dead_share:.0%} dead, {repeats} batches, "
        f"{torch.get_num_threads()} threads, load {load:.1f} before and {os.getloadavg()[0]:.1f} "
        f"after"
    )
    print("| step | ms, median | ms, best | processor ms | samples/s |")
    print("| --- | --- | --- | --- | --- |")
    for name, (wall, cpu) in times.items():
        print(
            f"| {name} | {median(wall) * 1e3:.0f} | {min(wall) * 1e3:.0f} | "
            f"{median(cpu) * 1e3:.0f} | {BATCH / median(wall):.0f} |"
        )
    groups = {"best peer": peers}
    if dead_share:
        reviving = [name for name, peer in peers.items() if peer.revives]
        groups["best peer with an auxiliary loss"] = reviving
    difference = max(
        abs(a - b) for name in ours for a, b in zip(losses[name], losses[PUBLISHED], strict=True)
    )
    for name in ours:
        for reference in REFERENCES:
            print(f"{name} : {reference}: {ratio(times[reference], times[name])}")
        for kind, group in groups.items():
            if group:
                best = min(group, key=lambda peer: median(times[peer].cpu))
                print(f"{name} : {kind} ({best}): {ratio(times[best], times[name])}")
    print(f"ours within {difference:.0e} of the paper's loss on each batch", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, nargs="+", default=[9216, 3072])
    parser.add_argument("--k", type=int, default=64)
    parser.add_argument("--dead", type=float, nargs="+", default=[0.0, 0.1])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=7)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    makers, missing = installed()
    for library, reason in missing.items():
        print(f"{library} left out: {reason}")
    for n in arguments.n:
        for dead_share in arguments.dead:
            compare(makers, n, arguments.k, dead_share, arguments.repeats)
            gc.collect()


if __name__ == "__main__":
    main()
