"""From a key in the filter line of the features to the changed list on screen.

    python tests/benchmarks/filter_latency.py [FEATURES]

Makes a bundle of that many labelled features (9,000 unless told), types filters into the running
app, and prints percentiles of the time between a key and the frame that shows its list, beside the
time of the lookup alone, and those of sorting by each column and of a bookmark.
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
from bundles import HashEmbedder, make_bundle

from saetui.core.features import statistics
from saetui.session.session import Session
from saetui.store.bundle import FEATURES, Bundle, sae_folder
from saetui.store.features import FeatureQuality, write_features
from saetui.store.hashes import sha256_of
from saetui.store.labels import LabelRecord, ScoreRecord
from saetui.store.manifest import FileRecord, write_manifest
from saetui.tui.app import SaetuiApp
from saetui.tui.feature_columns import COLUMNS

FILTERS = ("supernova light", "f1>0.8 density<0.01", "quality:mixed gal", "family:none e")
SYLLABLES = (
    "ga",
    "la",
    "xy",
    "su",
    "per",
    "no",
    "va",
    "li",
    "ght",
    "cur",
    "ve",
    "tra",
    "ns",
    "tion",
    "e",
)


def main(features: int) -> None:
    """Make the bundle and measure."""
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(measure(labelled_bundle(Path(folder) / "large.bundle", features)))


def labelled_bundle(folder: Path, n: int) -> Path:
    """A bundle whose every feature has a label of two to four words, six terms and scores."""
    make_bundle(folder, documents=30, n=n)
    bundle = Bundle(folder)
    random = np.random.default_rng(0)
    words = ["".join(random.choice(SYLLABLES, random.integers(2, 5))) for _ in range(3_000)]
    words += ["supernova", "light", "curve", "galaxy", "transformer"]

    def text(count: int) -> str:
        return " ".join(random.choice(words, count))

    labels = [
        LabelRecord(i, text(random.integers(2, 5)), tuple(text(2) for _ in range(6)), "terms")
        for i in range(n)
    ]
    scores = [
        ScoreRecord(i, 0, "words", "top", 20, (f1, f1, f1), (f1, f1, f1))
        for i, f1 in enumerate(random.random(n).round(2).tolist())
    ]
    kinds = random.choice(["coherent", "broad", "mixed", "rare"], n).tolist()
    path = sae_folder(folder, bundle.sae().record.name) / FEATURES
    figures = statistics(bundle.sae().postings, len(bundle))
    quality = [FeatureQuality(kind, 0.5, 0.5) for kind in kinds]
    write_features(path, figures, labels, quality=quality, scores=scores)
    known = path.relative_to(folder).as_posix()
    files = {**bundle.manifest.files, known: FileRecord(path.stat().st_size, sha256_of(path))}
    write_manifest(folder, replace(bundle.manifest, files=files))
    bundle.close()
    return folder


class TimedApp(SaetuiApp):
    """The app, noting when each frame was written."""

    frame = 0.0
    listed = 0.0

    def note_lists(self):
        """Note when each list was filled, before its frame."""
        view = self.main._features_view
        fill = view._sort

        def noted():
            fill()
            self.listed = time.perf_counter()

        view._sort = noted

    def _display(self, screen, renderable):
        super()._display(screen, renderable)
        self.frame = time.perf_counter()


async def measure(folder: Path) -> None:
    bundle = Bundle(folder)
    session = Session(bundle, embedder=HashEmbedder(bundle.manifest.dimensions))
    app = TimedApp(lambda say: session, folder.stem)
    async with app.run_test(size=(120, 40)) as pilot:
        while app.main.session is None:
            await pilot.pause(0.01)
        await pilot.press("escape", "2", "slash")
        await pilot.pause(0.5)

        async def press(key: str) -> float:
            """Milliseconds until the list and the frame are there."""
            started = time.perf_counter()
            app.post_message(
                events.Key({" ": "space"}.get(key, key), key if len(key) == 1 else None)
            )
            while app.listed < started or app.frame < app.listed:
                await asyncio.sleep(0)
            taken = (time.perf_counter() - started) * 1000
            await pilot.pause(0.05)
            return taken

        app.note_lists()
        view = app.main._features_view
        keys, lookups = [], []
        for text in FILTERS:
            for character in text:
                keys.append(await press(character))
                started = time.perf_counter()
                session.choose(view.filter_line.value)
                lookups.append((time.perf_counter() - started) * 1000)
            for _ in text:
                keys.append(await press("backspace"))
        tell("a key of the filter", keys)
        tell("the lookup alone", lookups)
        view.filter_line.value = ""
        view.list.focus()
        await pilot.pause(0.2)
        tell("sorting by a column", [await press("greater_than_sign") for _ in COLUMNS * 4])
        tell("a bookmark", [await press("b") for _ in range(20)])


def tell(name: str, milliseconds: list[float]) -> None:
    """Print percentiles."""
    median, most, worst = np.percentile(milliseconds, [50, 95, 100])
    print(f"{name:<22} median {median:6.1f} ms   95% {most:6.1f} ms   worst {worst:6.1f} ms")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 9_000)
