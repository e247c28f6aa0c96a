"""Damage bundles at random, use them, and see that nothing crashes, hangs or goes unnoticed.

    python -m tests.mutate_bundle --count 600 --seed 0

Half of the bundles have their hashes and sizes computed anew after the damage, as whoever forges
one would do. Each command runs in a process of its own, whose end, time and memory are looked at.
What was found is printed, with the number of the bundle; `--only NUMBER` repeats one.
"""

import argparse
import asyncio
import collections
import contextlib
import io
import os
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

sys.path += [os.fspath(Path(__file__).resolve().parent / name) for name in ("", "ui")]
# A process with threads cannot be copied safely; numpy starts them when it is imported.
os.environ.update(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1", MKL_NUM_THREADS="1")

from bundles import HashEmbedder, add_larger_sae, make_bundle
from mutations import mutations_of

from saetui.store.atomic import sha256_of
from saetui.store.manifest import MANIFEST, FileRecord, read_manifest, write_manifest

WRITTEN_BEFORE = Path(__file__).parent / "written_before" / "bundle-0.1.0"

# What is too much: bytes of memory, and seconds of work and of waiting.
MEMORY = 1 << 30
ADDRESS_SPACE = 6 << 30
WORK = 60
PATIENCE = 600

# What is done with each bundle; the words of one line are commands that follow each other.
COMMANDS: dict[str, list[list[str]]] = {
    "search": [
        ["search", "B", "black hole", "--steer", "1=+0.3", "--why"],
        ["search", "B", "coral reef heat", "--filter", "after:2012 category:x", "--json"],
        ["search", "B", "language model", "--lexical"],
        ["search", "B", "tidal flare", "--hybrid", "--steer", "2=0.5", "--json"],
        ["search", "B", "--like", "doc-1", "--away", "doc-2", "--mode", "decode"],
        ["search", "B", "reef fish", "--semantic", "--exact", "--effects", "--steer", "4=+0.3"],
        ["search", "B", "attention head", "--mode", "both", "--steer", "5=0.5", "--why"],
        ["document", "B", "--row", "3", "--json"],
    ],
    "feature": [
        ["feature", "B", "1"],
        ["feature", "B", "7", "--json"],
        ["features", "B", "black", "--sort", "f1"],
        ["features", "B", "--limit", "0", "--json"],
        ["feature", "B", "2", "--sae", "k4-n32", "--json"],
    ],
    "families": [
        ["families", "B"],
        ["family", "B", "0"],
        ["families", "B", "--json"],
        ["stats", "B"],
        ["bookmarks", "B"],
    ],
    "match": [["match", "B"], ["match", "B", "1", "--json"], ["match", "B", "--json"]],
    "check": [["check", "B"]],
}
APP_KEYS = (
    *("black hole", "enter", "right", "L", "c", "enter", "escape", "l", "W", "i", "h", "escape"),
    *("o", "escape", "&", "after:2012", "enter", "2", "j", "j", "enter", "t", "c", "3", "right"),
    *("down", "a", "4", "j", "enter", "2", "m", "2", "/", "f1>0.1", "enter", "?", "escape", "1"),
)


@dataclass(frozen=True)
class Case:
    """A damaged bundle.

    Attributes:
        folder: Where it lies.
        what: Which file was damaged, and how.
        forged: Whether its hashes were computed anew.
        damaged: Whether the manifest lists a file that is not what it was, or is it itself.
    """

    folder: Path
    what: str
    forged: bool
    damaged: bool


@dataclass(frozen=True)
class Outcome:
    """How a process ended.

    Attributes:
        status: As `os.waitstatus_to_exitcode` has it.
        hung: Whether it had to be ended.
        memory: Bytes that it had at most.
        printed: On both of its streams.
    """

    status: int
    hung: bool
    memory: int
    printed: str


def whole_bundles(folder: Path) -> list[Path]:
    """Bundles to damage: one of an index of each kind, with everything that a bundle may have."""
    first = Path(shutil.copytree(WRITTEN_BEFORE, folder / "first.bundle"))
    manifest = read_manifest(first)
    # The larger SAE first, since the smaller one has no families.
    write_manifest(first, replace(manifest, saes=manifest.saes[::-1]))
    second = add_larger_sae(make_bundle(folder / "second.bundle", index="projected"))
    return [first, second]


def damaged_bundle(whole: list[Path], folder: Path, number: int, seed: int) -> Case:
    """The bundle of a number, always the same."""
    chance = Random(f"{seed} {number}")
    original = whole[number % len(whole)]
    forged = number // len(whole) % 2 == 1
    copy = Path(shutil.copytree(original, folder / f"{number}.bundle", symlinks=True))
    files = sorted(path for path in copy.rglob("*") if path.is_file())
    # Files of which there are few are damaged as often as the many arrays.
    kinds = sorted({path.suffix for path in files})
    kind = chance.choice(kinds)
    path = chance.choice([each for each in files if each.suffix == kind])
    mutation = chance.choice(mutations_of(path))
    mutation(path, chance)
    what = f"{path.relative_to(copy).as_posix()}: {mutation.__name__}"
    damaged = _is_damaged(original, copy)
    if forged:
        _forge(copy)
    return Case(copy, what, forged, damaged)


def _is_damaged(original: Path, copy: Path) -> bool:
    names = [MANIFEST, *read_manifest(original).files]
    return any(_content(copy / name) != _content(original / name) for name in names)


def _content(path: Path) -> bytes | None:
    if not path.is_file():
        return None
    # Only holes are so large.
    return path.read_bytes() if path.stat().st_size < 1 << 26 else b"large"


def _forge(folder: Path) -> None:
    """Have the manifest say what its files are now, where it can be read."""
    with contextlib.suppress(Exception):
        manifest = read_manifest(folder)
        files = {
            name: FileRecord((folder / name).stat().st_size, sha256_of(folder / name))
            if (folder / name).is_file()
            else record
            for name, record in manifest.files.items()
        }
        write_manifest(folder, replace(manifest, files=files))


# A process for each command.


def run_commands(folder: Path, commands: list[list[str]]) -> int:
    """Run commands one after the other; 1 if one of them failed."""
    from saetui.cli import main

    codes = [main([str(folder) if word == "B" else word for word in words]) for words in commands]
    return max(codes)


def run_app(folder: Path) -> int:
    """Open a bundle in the app and press keys; 1 if it could not be opened."""
    from driver import Driver

    from saetui.session.session import open_session
    from saetui.tui.app import SaetuiApp

    async def use() -> int:
        app = SaetuiApp(lambda say: open_session(folder), "damaged")
        app.animation_level = "none"
        async with app.run_test(size=(120, 40), notifications=True) as pilot:
            driver = Driver(app, pilot)
            await driver.settle()
            for keys in APP_KEYS:
                if not app.is_running or app.return_code:
                    break
                await (driver.type if len(keys) > 1 and " " in keys else driver.press)(keys)
        if app.main.session is not None:
            app.main.session.close()
        return 1 if app.failure is not None else 0

    return asyncio.run(use())


def in_process(work: Callable[[], int]) -> Outcome:
    """Do something in a process of its own and see how that ends."""
    with tempfile.TemporaryFile() as printed:
        process = os.fork()
        if process == 0:
            _as_child(work, printed.fileno())
        until, hung = time.monotonic() + PATIENCE, False
        while True:
            ended, status, used = os.wait4(process, os.WNOHANG)
            if ended:
                break
            if time.monotonic() > until and not hung:
                hung = True
                os.kill(process, signal.SIGKILL)
            time.sleep(0.01)
        printed.seek(0)
        text = printed.read().decode("utf-8", "replace")
    code = os.waitstatus_to_exitcode(status)
    return Outcome(code, hung or code == -signal.SIGXCPU, used.ru_maxrss * 1024, text)


def _as_child(work: Callable[[], int], output: int) -> None:
    code = 99
    try:
        resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
        resource.setrlimit(resource.RLIMIT_CPU, (WORK, WORK + 5))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        for stream in (1, 2):
            os.dup2(output, stream)
        sys.stdout = io.TextIOWrapper(io.FileIO(1, "w"), write_through=True, encoding="utf-8")
        sys.stderr = io.TextIOWrapper(io.FileIO(2, "w"), write_through=True, encoding="utf-8")
        code = work()
    except BaseException:  # noqa: BLE001 - told in the output, which is looked at.
        traceback.print_exc()
    finally:
        os._exit(code)


def faults(case: Case, name: str, outcome: Outcome) -> Iterator[str]:
    """What must not be about the end of a process."""
    if outcome.hung:
        yield "hang"
    elif outcome.status < 0:
        yield "crash"
    elif outcome.status not in (0, 1, 2):
        yield "unexpected error"
    if outcome.memory > MEMORY or "not enough memory" in outcome.printed:
        yield "memory"
    if "unexpected error" in outcome.printed or "Traceback" in outcome.printed:
        yield "unexpected error"
    if name == "check" and case.damaged and not case.forged and outcome.status == 0:
        yield "unnoticed"


def use(case: Case) -> Iterator[tuple[str, str, Outcome]]:
    """Use a bundle in every way; yields each fault with the name of what was done."""
    done: list[tuple[str, Callable[[], int]]] = [
        (name, lambda commands=commands: run_commands(case.folder, commands))  # type: ignore[misc]
        for name, commands in COMMANDS.items()
    ]
    done.append(("app", lambda: run_app(case.folder)))
    for name, work in done:
        outcome = in_process(work)
        for fault in dict.fromkeys(faults(case, name, outcome)):
            yield name, fault, outcome


@contextlib.contextmanager
def prepared() -> Iterator[None]:
    """Everything is imported once, and queries are embedded by hashing."""
    import driver  # noqa: F401
    import hnswlib  # noqa: F401
    import safetensors.numpy  # noqa: F401

    import saetui.cli
    import saetui.tui.app  # noqa: F401
    from saetui.session.search import queries

    load = queries.load_embedder
    queries.load_embedder = lambda _: HashEmbedder()  # type: ignore[assignment]
    try:
        yield
    finally:
        queries.load_embedder = load


def run(numbers: list[int], seed: int, show: Callable[[str], None]) -> collections.Counter[str]:
    """Damage and use the bundles of some numbers; counts of each kind of fault."""
    found: collections.Counter[str] = collections.Counter()
    with tempfile.TemporaryDirectory(prefix="mutated-") as name, prepared():
        folder = Path(name)
        os.environ["SAETUI_CACHE"] = os.fspath(folder / "cache")
        os.environ["SAETUI_DATA"] = os.fspath(folder / "data")
        whole = whole_bundles(folder)
        for number in numbers:
            case = damaged_bundle(whole, folder, number, seed)
            for done, fault, outcome in use(case):
                found[fault] += 1
                kept = "forged" if case.forged else "damaged"
                lines = outcome.printed.strip().splitlines()[-12:] or [""]
                show(f"{number} ({kept}) {case.what}: {done}: {fault}, status {outcome.status}")
                show("".join(f"    {line[:300]}\n" for line in lines).rstrip())
            shutil.rmtree(case.folder, ignore_errors=True)
            for path in folder.glob(f"{number}.bundle*"):
                path.unlink(missing_ok=True)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--count", type=int, default=600)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int, nargs="+", help="numbers of bundles to repeat")
    parser.add_argument("--share", default="0/1", help="such as 1/2: the second half of two")
    options = parser.parse_args()
    place, parts = map(int, options.share.split("/"))
    numbers = options.only or list(range(options.count))[place::parts]
    started = time.monotonic()
    found = run(numbers, options.seed, lambda line: print(line, flush=True))
    kinds = ("crash", "hang", "memory", "unexpected error", "unnoticed")
    told = ", ".join(f"{kind} {found[kind]}" for kind in kinds)
    print(f"{len(numbers)} bundles, {time.monotonic() - started:.0f} s: {told}")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
