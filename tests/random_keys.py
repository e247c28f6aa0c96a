"""Press keys at random in the app, many of them twice in one go, and see that it goes on.

    python -m tests.random_keys --count 5000 --seed 0

The keys are spread over terminals of three sizes, with a resize now and then. The app must be
alive after each batch, and the memory of the process must stay where it was after a first part of
the keys, in which everything was looked at once.
"""

import argparse
import asyncio
import gc
import os
import resource
import sys
import tempfile
import time
from pathlib import Path
from random import Random

sys.path += [os.fspath(Path(__file__).resolve().parent / name) for name in ("", "ui")]

from bundles import add_larger_sae, make_bundle
from driver import Driver, drive, open_still
from textual.screen import ModalScreen

from saetui.tui.commands import COMMANDS

SIZES = ((80, 24), (120, 40), (200, 50))
# Megabytes that may come with the rest of the keys: histories of searches are kept on purpose.
GROWTH = 40
# The share of the keys after which everything has been looked at once.
_FIRST = 0.3
_TEXTS = ("black hole", "coral", "f1>0.5", "~stars", "after:2012", "zzz", "family:x", "\u202e[b]")


def keys() -> list[str]:
    """Every key of the app but those that leave it, and some that mean nothing."""
    known = [
        key for each in COMMANDS.values() for command in each for key in command.keys.split(",")
    ]
    return [*(key for key in dict.fromkeys(known) if key not in ("q", "ctrl+q")), "x", "Z", "f5"]


def resident() -> int:
    """Megabytes of this process that are in memory now."""
    try:
        with Path("/proc/self/statm").open() as file:
            pages = int(file.read().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") >> 20
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10


async def _press(driver: Driver, chance: Random, known: list[str]) -> int:
    """One batch of keys, without waiting between them; how many there were."""
    if chance.random() < 0.04:
        text = chance.choice(_TEXTS)
        driver.send(*text, "enter")
        return len(text) + 1
    batch = [chance.choice(known) for _ in range(chance.choice([1, 1, 2, 4]))]
    batch = [key for key in batch for _ in range(chance.choice([1, 2, 2, 3]))]
    driver.send(*batch)
    return len(batch)


async def press_keys(bundle: Path, size: tuple[int, int], count: int, seed: int) -> list[str]:
    """Press so many keys in a terminal of a size; what was wrong."""
    chance, known, pressed, before = Random(f"{seed} {size}"), keys(), 0, 0
    session = open_still(bundle)
    async with drive(session, size) as driver:
        await driver.ask("black hole merger")
        while pressed < count:
            pressed += await _press(driver, chance, known)
            if chance.random() < 0.02:
                await driver.resize(chance.choice([*SIZES, size, (20, 6)]))
            await driver.settle()
            if not driver.app.is_running or driver.app.unexpected is not None:
                return [f"the app stopped after {pressed} keys at {size}"]
            stack = driver.app.screen_stack
            if stack[0] is not driver.main or len(set(stack)) < len(stack):
                return [f"screens lie in a heap after {pressed} keys: {stack}"]
            if sum(isinstance(screen, ModalScreen) for screen in stack) > 2:
                return [f"dialogs lie in a heap after {pressed} keys: {stack}"]
            if not before and pressed >= _FIRST * count:
                gc.collect()
                before = resident()
        gc.collect()
        after = resident()
        print(f"{size[0]}x{size[1]}: {pressed} keys, {before} MB, then {after} MB", flush=True)
    session.close()
    return [f"{after - before} MB more at {size}"] if after - before > GROWTH else []


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--count", type=int, default=5_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    started, wrong = time.monotonic(), list[str]()
    with tempfile.TemporaryDirectory(prefix="keys-") as name:
        os.environ["SAETUI_CACHE"] = os.environ["SAETUI_DATA"] = name
        bundle = add_larger_sae(make_bundle(Path(name) / "two.bundle"))
        here = Path.cwd()
        # Presets and exports are written where one is.
        os.chdir(name)
        try:
            for size in SIZES:
                each = options.count // len(SIZES)
                wrong += asyncio.run(press_keys(bundle, size, each, options.seed))
        finally:
            os.chdir(here)
    for line in wrong:
        print(line)
    print(f"{options.count} keys, {time.monotonic() - started:.0f} s: {len(wrong)} faults")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
