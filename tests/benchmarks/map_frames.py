"""From a key on the map to the frame that shows what it did, in the running app.

    python tests/benchmarks/map_frames.py [FEATURES]

Makes a bundle of that many labelled features (9,216 unless told), puts them on a map by chance, and
prints percentiles of the time from a key to the frame, and the time of the processor: the first
frame of the map, going to the next feature, panning and zooming, at 80x24 and 200x50.
"""

import asyncio
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from bundles import HashEmbedder
from filter_latency import labelled_bundle, tell

from saetui.session.session import Session
from saetui.store.atomic import sha256_of
from saetui.store.bundle import Bundle
from saetui.store.layout import sae_folder
from saetui.store.manifest import FileRecord, write_manifest
from saetui.store.saes import MAP
from saetui.tui.app import SaetuiApp
from saetui.tui.widgets.map_canvas import MapCanvas

KEYS = {
    "to the next feature": ("right", "down", "left", "up"),
    "panning": ("plus", "plus", "L", "J", "H", "K", "0"),
    "zooming": ("plus", "plus", "plus", "minus", "minus", "minus"),
}
ROUNDS = 10


class TimedCanvas(MapCanvas):
    """The canvas, noting when the lines of a map were made."""

    drawn = 0.0

    def _drawn(self, width, height):
        strips = super()._drawn(width, height)
        if self.shown is not None:
            TimedCanvas.drawn = time.perf_counter()
        return strips


class TimedApp(SaetuiApp):
    """The app, noting when each frame was written."""

    frame = 0.0

    def _display(self, screen, renderable):
        super()._display(screen, renderable)
        self.frame = time.perf_counter()


async def measure(folder: Path, size: tuple[int, int]) -> None:
    # Textual reads how often it may draw when it is imported, which saetui.tui decides.
    from textual import events

    from saetui.tui.views import map as map_view

    map_view.MapCanvas = TimedCanvas
    bundle = Bundle(folder)
    session = Session(bundle, embedder=HashEmbedder(bundle.manifest.dimensions))
    app = TimedApp(lambda say: session, folder.stem)
    async with app.run_test(size=size) as pilot:
        while app.main.session is None:
            await pilot.pause(0.01)
        await pilot.press("escape")
        await pilot.pause(0.3)

        async def press(key: str) -> tuple[float, float]:
            """Milliseconds until the frame is there; those of the processor."""
            started, used = time.perf_counter(), time.process_time()
            app.post_message(events.Key(key, key if len(key) == 1 else None))
            # Waiting without pause would keep the interpreter from other threads.
            while TimedCanvas.drawn < started or app.frame < TimedCanvas.drawn:
                await asyncio.sleep(0.0005)
            taken = (app.frame - started) * 1000, (time.process_time() - used) * 1000
            await pilot.pause(0.03)
            return taken

        print(f"{size[0]}x{size[1]}, {session.sae.record.n:,} features")
        tell("the first frame", *zip(await press("6"), strict=True))
        await pilot.pause(0.3)
        for name, keys in KEYS.items():
            times = [await press(key) for _ in range(ROUNDS) for key in keys]
            tell(name, *zip(*times, strict=True))


def with_map(folder: Path) -> None:
    """Put a map into a bundle."""
    manifest = Bundle(folder).manifest
    name, n = manifest.saes[0].name, manifest.saes[0].n
    path = sae_folder(folder, name) / MAP
    np.save(path, np.random.default_rng(0).random((n, 2)).astype(np.float32))
    record = FileRecord(path.stat().st_size, sha256_of(path))
    write_manifest(
        folder, replace(manifest, files={**manifest.files, f"saes/{name}/{MAP}": record})
    )


def main(features: int) -> None:
    """Make the bundle and measure."""
    with tempfile.TemporaryDirectory() as folder:
        bundle = labelled_bundle(Path(folder) / "large.bundle", features)
        with_map(bundle)
        for size in ((80, 24), (200, 50)):
            asyncio.run(measure(bundle, size))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 9_216)
