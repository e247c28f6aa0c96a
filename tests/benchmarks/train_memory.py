"""Train on more vectors than memory is allowed to hold, and say how much memory that took.

    python tests/benchmarks/train_memory.py [--rows 500000] [--samples 40960] [--memory 1.5]

Writes synthetic float16 vectors to a file, trains a few steps on them in a process of its own, and
prints that process's peak of resident memory.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

BLOCK = 10_000


def write_vectors(path, rows, d):
    """Unit vectors: sparse combinations of true directions plus noise, a block at a time."""
    generator = np.random.default_rng(0)
    truth = generator.standard_normal((2 * d, d), dtype=np.float32) / np.sqrt(d)
    vectors = np.lib.format.open_memmap(path, "w+", np.float16, (rows, d))
    for start in range(0, rows, BLOCK):
        count = min(BLOCK, rows - start)
        block = 0.3 * generator.standard_normal((count, d), dtype=np.float32) / np.sqrt(d)
        for _ in range(8):
            chosen = generator.integers(len(truth), size=count)
            block += generator.random((count, 1), dtype=np.float32) * truth[chosen]
        vectors[start : start + count] = block / np.linalg.norm(block, axis=1, keepdims=True)
    vectors.flush()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=500_000)
    parser.add_argument("--width", type=int, default=1536)
    parser.add_argument("--sae", default="k64-n9216")
    parser.add_argument("--samples", type=int, default=40_960)
    parser.add_argument("--memory", type=float, help="Gigabytes for vectors; saetui's default.")
    parser.add_argument("--folder", help="Where the vectors go; a temporary folder if not given.")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        vectors = Path(folder) / "vectors.npy"
        write_vectors(vectors, arguments.rows, arguments.width)
        command = [sys.executable, "-m", "saetui", "train", str(vectors), "--sae", arguments.sae]
        command += ["--samples", str(arguments.samples), "-o", str(Path(folder) / "saes")]
        command += ["--memory", str(arguments.memory)] if arguments.memory else []
        started = time.monotonic()
        environment = os.environ | {"SAETUI_CACHE": folder}
        subprocess.run(command, check=True, env=environment)
        seconds = time.monotonic() - started
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / (1 << 20)
    print(
        f"{arguments.rows:,} x {arguments.width} float16 "
        f"({arguments.rows * arguments.width * 2 / (1 << 30):.1f} GiB), {arguments.sae}, "
        f"{arguments.samples:,} samples: peak {peak:.2f} GiB, {seconds:.0f} s"
    )


if __name__ == "__main__":
    main()
