"""From a key in the filter line of the features to the changed list on screen.

    python tests/benchmarks/filter_latency.py [FEATURES]

Makes a bundle of that many labelled features (9,216 unless told), types filters into the running
app, and prints percentiles of the time between a key and the frame that shows its list, beside the
time of the lookup alone, and those of a filter by meaning (embedded by a hash, so that only the app
is measured), of sorting by each column and of a bookmark. On a busy machine the time of the
processor, all threads together, says more.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from bundles import HashEmbedder, make_bundle

from saetui.core.features import statistics
from saetui.session.session import Session
from saetui.store.atomic import sha256_of
from saetui.store.bundle import Bundle
from saetui.store.features import FeatureQuality, write_features
from saetui.store.labels import LabelRecord, ScoreRecord
from saetui.store.layout import FEATURES, sae_folder
from saetui.store.manifest import FileRecord, write_manifest
from saetui.tui.app import SaetuiApp
from saetui.tui.widgets.feature_list import COLUMNS

FILTERS = ("supernova light", "f1>0.8 density<0.01", "quality:mixed gal", "family:none e")
MEANING = "~supernova light curves"
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
    words = np.array([*words, "supernova", "light", "curve", "galaxy", "transformer"])

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
    drawn: asyncio.Event

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
        self.drawn.set()


async def measure(folder: Path) -> None:
    # Textual reads how often it may draw when it is imported, which saetui.tui decides.
    from textual import events

    bundle = Bundle(folder)
    session = Session(bundle, embedder=HashEmbedder(bundle.manifest.dimensions))
    TimedApp.drawn = asyncio.Event()
    app = TimedApp(lambda say: session, folder.stem)
    async with app.run_test(size=(120, 40)) as pilot:
        while app.main.session is None:
            await pilot.pause(0.01)
        await pilot.press("escape", "2", "slash")
        await pilot.pause(0.5)

        async def press(key: str) -> tuple[float, float]:
            """Milliseconds until the list and the frame are there; those of the processor."""
            started, used = time.perf_counter(), time.process_time()
            app.post_message(
                events.Key({" ": "space"}.get(key, key), key if len(key) == 1 else None)
            )
            while app.listed < started or app.frame < app.listed:
                app.drawn.clear()
                await app.drawn.wait()
            taken = (app.frame - started) * 1000, (time.process_time() - used) * 1000
            await pilot.pause(0.05)
            return taken

        app.note_lists()
        view = app.main._features_view
        keys, lookups = [], []
        for text in FILTERS:
            for character in text:
                keys.append(await press(character))
                started = time.perf_counter()
                session.find_features(view.filter_line.value)
                lookups.append((time.perf_counter() - started) * 1000)
            for _ in text:
                keys.append(await press("backspace"))
        tell("a key of the filter", *zip(*keys, strict=True))
        tell("the lookup alone", lookups)
        keys = [await press(character) for character in MEANING]
        tell("a key of a meaning", *zip(*keys, strict=True))
        view.filter_line.value = ""
        view.list.focus()
        await pilot.pause(0.2)
        sorting = [await press("greater_than_sign") for _ in COLUMNS * 4]
        tell("sorting by a column", *zip(*sorting, strict=True))
        marks = [await press("b") for _ in range(20)]
        tell("a bookmark", *zip(*marks, strict=True))


def tell(name: str, milliseconds: Sequence[float], processor: Sequence[float] = ()) -> None:
    """Print percentiles."""
    median, most, worst = np.percentile(milliseconds, [50, 95, 100])
    used = f"   of processor {np.median(processor):6.1f} ms" if processor else ""
    print(f"{name:<22} median {median:6.1f} ms   95% {most:6.1f} ms   worst {worst:6.1f} ms{used}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 9_216)
