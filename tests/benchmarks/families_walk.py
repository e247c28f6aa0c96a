"""Walk 100 families of up to 500 members in the running app: how long until the screen answers.

    python tests/benchmarks/families_walk.py [DOCUMENTS]

Makes a bundle of 9,216 features on so many documents (20,000 unless told), 64 active on each, with
100 families of 50 to 500 members, every other one of them flat. Presses keys as a reader would, and
prints for every kind of interaction percentiles of the time from a key to the frame that shows its
effect, and the longest time in which the app answered nothing at all, until a moment after the
key: counting co-occurrence goes on beside it. Seconds are of the clock, on whatever else the
machine does; the last column is the processor time of this process per key.
"""

import asyncio
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from textual import events

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from bundles import HashEmbedder, make_bundle, save_codes
from families_scale import make_codes
from filter_latency import SYLLABLES

from saetui.core.codec import SaeWeights, build_postings
from saetui.core.families import Families, Family, FamilyLabel, FamilyParameters
from saetui.core.features import statistics
from saetui.session.session import Session
from saetui.store.atomic import sha256_of
from saetui.store.bundle import Bundle
from saetui.store.features import write_features
from saetui.store.labels import LabelRecord
from saetui.store.layout import FAMILIES, FEATURES, sae_folder
from saetui.store.manifest import FileRecord, SaeRecord, write_manifest
from saetui.store.relations import write_families
from saetui.store.saes import save_weights
from saetui.tui.app import SaetuiApp

N, K, COUNT, SMALLEST, LARGEST = 9_216, 64, 100, 50, 500
QUIET = 0.3


def main(documents: int) -> None:
    """Make the bundle and walk."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "families.bundle"
        bundle_with_families(folder, documents)
        for size in ((80, 24), (120, 40)):
            print(f"{size[0]}x{size[1]}", flush=True)
            asyncio.run(walk(folder, size))


def bundle_with_families(folder: Path, documents: int) -> None:
    """A bundle whose only SAE has many large families."""
    make_bundle(folder, documents=documents)
    bundle = Bundle(folder)
    random = np.random.default_rng(0)
    directions = random.standard_normal((N, bundle.manifest.dimensions)).astype(np.float32)
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    bias = np.zeros(bundle.manifest.dimensions, dtype=np.float32)
    codes = make_codes(documents, N, K)
    postings = build_postings(codes)
    record = SaeRecord(f"k{K}-n{N}", N, K)
    sae = sae_folder(folder, record.name)
    save_weights(sae, SaeWeights(directions, np.zeros(N, np.float32), directions, bias, K), {})
    save_codes(sae, codes, postings)
    words = ["".join(random.choice(SYLLABLES, random.integers(2, 5))) for _ in range(3_000)]
    labels = [LabelRecord(i, " ".join(random.choice(words, 3)), (), "terms") for i in range(N)]
    write_features(sae / FEATURES, statistics(postings, documents), labels)
    families = tuple(
        family_of(place, size, labels, random)
        for place, size in enumerate(np.linspace(LARGEST, SMALLEST, COUNT).astype(int).tolist())
    )
    write_families(sae / FAMILIES, Families(FamilyParameters(), (), families, ()))
    files = {
        path.relative_to(folder).as_posix(): FileRecord(path.stat().st_size, sha256_of(path))
        for path in folder.rglob("*")
        if path.is_file()
        and (
            path.is_relative_to(sae) or path.relative_to(folder).as_posix() in bundle.manifest.files
        )
    }
    bundle.close()
    write_manifest(folder, replace(bundle.manifest, saes=(record,), files=files))


def family_of(
    place: int, size: int, labels: list[LabelRecord], random: np.random.Generator
) -> Family:
    """A flat tree, or one in which every member stands below any earlier one."""
    members = random.choice(N, size, replace=False).tolist()
    below: dict[int, list[int]] = {}
    for i, member in enumerate(members[1:], start=1):
        parent = members[0] if place % 2 else members[int(random.integers(i))]
        below.setdefault(parent, []).append(member)
    edges, waiting = [], [members[0]]
    while waiting:
        parent = waiting.pop(0)
        edges += [(parent, child, 0.5) for child in below.get(parent, ())]
        waiting += below.get(parent, ())
    order = (members[0], *(child for _, child, _ in edges))
    family = Family(place, members[0], "", order, tuple(edges), 1)
    return family.called(FamilyLabel(labels[members[0]].text, "terms", f1=0.8, pearson=0.7))


class TimedApp(SaetuiApp):
    """The app, noting when each frame was written, and when it last did nothing."""

    frame = 0.0

    def _display(self, screen, renderable):
        super()._display(screen, renderable)
        self.frame = time.perf_counter()


class Pulse:
    """Beats whenever the app has time to, and notes the longest time without a beat."""

    def __init__(self) -> None:
        self.longest = 0.0
        self._task = asyncio.create_task(self._beat())

    async def _beat(self) -> None:
        last = time.perf_counter()
        while True:
            await asyncio.sleep(0.001)
            now = time.perf_counter()
            self.longest = max(self.longest, now - last)
            last = now

    def stop(self) -> None:
        self._task.cancel()


async def walk(folder: Path, size: tuple[int, int]) -> None:
    """Press keys and print what they took."""
    bundle = Bundle(folder)
    session = Session(bundle, embedder=HashEmbedder(bundle.manifest.dimensions))
    app = TimedApp(lambda say: session, folder.stem)
    async with app.run_test(size=size) as pilot:
        while app.main.session is None:
            await pilot.pause(0.01)
        await pilot.pause(1)
        pulse = Pulse()
        view = app.main._families_view
        forest = view.forest
        taken: dict[str, list[tuple[float, float, float]]] = {}

        async def quietly(*keys: str) -> None:
            """Press keys that are not measured."""
            for key in keys:
                app.post_message(events.Key(key, None))
                await asyncio.sleep(0.2)

        async def put(row: int) -> None:
            """Put the cursor somewhere, unmeasured."""
            forest.cursor = row
            await asyncio.sleep(QUIET)

        async def press(what: str, key: str) -> None:
            await asyncio.sleep(0)
            pulse.longest, started = 0.0, time.perf_counter()
            worked = time.process_time()
            app.post_message(
                events.Key({" ": "space"}.get(key, key), key if len(key) == 1 else None)
            )
            while app.frame < started and time.perf_counter() < started + 2:
                await asyncio.sleep(0.0005)
            shown = time.perf_counter() - started
            await asyncio.sleep(QUIET)
            figures = (shown, pulse.longest, time.process_time() - worked)
            taken.setdefault(what, []).append(figures)

        await quietly("escape")
        await press("open the view", "3")
        for _ in range(12):
            await press("move to the next family", "down")
        for family in range(8):
            await put(family)
            await press("unfold a family", "right")
            for _ in range(4):
                await press("move to the next member", "down")
            await press("to the last row", "end")
            more = next((i for i, row in enumerate(forest.rows) if row.more), None)
            if more is not None:
                await put(more)
                await press("unfold more of it", "right")
            await put(family)
            await press("fold a family", "left")
        await press("go to the block", "c")
        for key in ("right", "down") * 8:
            await press("read another cell", key)
        await quietly("escape", "slash")
        for text in ("tra", "ns ga", "e"):
            for character in text:
                await press("a key of the filter", character)
            for _ in text:
                await press("a key of the filter", "backspace")
        await quietly("enter")
        several = session.sae.families.of_feature
        shared = [i for i in session.sae.families[0].members if len(several(i)) > 1]
        for feature in shared[:8]:
            view.go_to(several(feature)[0].id, feature)
            await asyncio.sleep(QUIET)
            await press("the feature in its next family", "t")
        pulse.stop()
        for what, figures in taken.items():
            tell(what, np.array(figures) * 1000)


def tell(name: str, milliseconds: np.ndarray) -> None:
    """Print percentiles of one kind of interaction."""
    shown, stall, worked = milliseconds.T
    median, most, worst = np.percentile(shown, [50, 95, 100])
    print(
        f"  {name:<31} {len(shown):>3} keys: frame after {median:5.1f} ms, 95% {most:5.1f}, worst "
        f"{worst:5.1f}; longest pause {np.percentile(stall, 95):5.1f}, worst {stall.max():5.1f}; "
        f"processor {np.median(worked):5.0f} ms",
        flush=True,
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)
