"""Measure the time from the app's start to its first frames, and from a key to its last frame.

The command line starts this module in a process of its own, so that nothing is imported or read
before, and reads the JSON that it prints.
"""

import asyncio
import json
import sys
import time
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual import events
from textual.driver import Driver
from textual.geometry import Size
from textual.pilot import Pilot
from textual.widget import Widget
from textual.widgets import Input

from saetui.errors import SaetuiError
from saetui.tui.app import SaetuiApp

if TYPE_CHECKING:
    from saetui.core.codec import Float
    from saetui.session.bench_session import Latency
    from saetui.session.session import Session
    from saetui.store.bundle import Bundle

_SIZE = (120, 40)
# The app is at rest when nothing is going on at this many glances in a row. Whatever is still to be
# drawn is drawn within a frame, which is one glance long.
_QUIET_GLANCES = 5
# Seconds between glances; more of them would disturb the measurement.
_GLANCE = 0.004
# Seconds to wait for anything at most.
_PATIENCE = 120
_QUERY = "a few words"
_FILTERS = ("light", "s", "ga tr", "e f1>0.5", "model")


class _TimedDriver(Driver):
    """A terminal that nobody sees; it tells the app when a frame is written."""

    def __init__(self, app: "_TimedApp", **options: Any) -> None:  # noqa: ANN401
        super().__init__(app, **options)
        self._written = app.frame_written

    def write(self, data: str) -> None:
        """Note the time of a frame, and drop the data."""
        # An operating system command, such as the shape of the pointer, is not a frame.
        if not data.startswith("\x1b]"):
            self._written()

    def start_application_mode(self) -> None:
        """Tell the app the size of the terminal, as a real one does."""
        self.send_message(events.Resize(Size(*_SIZE), Size(*_SIZE)))

    def disable_input(self) -> None:
        """Do nothing: there is no input."""

    def stop_application_mode(self) -> None:
        """Do nothing: there is no state to restore."""


class _TimedApp(SaetuiApp):
    """The app, which notes when each frame was written.

    Attributes:
        first_frame: When the first frame was written; 0 before that.
        last_frame: When the last frame was written.
        last_change: When the first frame was written after `watched` last changed.
        watched: Returns an object that is replaced when something else is shown; None: not watched.
    """

    first_frame = 0.0
    last_frame = 0.0
    last_change = 0.0
    watched: Callable[[], object] | None = None
    _seen: object = None

    def get_driver_class(self) -> type[Driver]:
        """The driver that notes frames."""
        return _TimedDriver

    def frame_written(self) -> None:
        """Note the time of a frame."""
        self.last_frame = time.perf_counter()
        self.first_frame = self.first_frame or self.last_frame
        if self.watched is not None and (now := self.watched()) is not self._seen:
            self._seen, self.last_change = now, self.last_frame

    @property
    def busy(self) -> bool:
        """Whether a worker or a message may still change the screen."""
        if any(not worker.is_finished for worker in self.workers):
            return True
        pumps = [self, *self.screen.walk_children(with_self=True)]
        return any(pump.message_queue_size for pump in pumps)


class _QueryEmbedder:
    """The bundle's embedder; if it is not available, vectors of documents take its place."""

    def __init__(self, bundle: "Bundle") -> None:
        self._bundle = bundle
        self.own = False

    @cached_property
    def _embed(self) -> Callable[[str], "Float"]:
        from saetui.embed import EmbedderSettings, load_embedder

        try:
            embedder = load_embedder(EmbedderSettings.from_dict(self._bundle.manifest.embedder))
            fits = embedder.dimensions == self._bundle.manifest.dimensions
            if not fits or not len(embedder.embed_query(_QUERY)):
                raise SaetuiError("It is not the bundle's.")
        except SaetuiError:
            from saetui.session.bench_session import DocumentEmbedder

            return DocumentEmbedder(self._bundle.embeddings).embed_query
        self.own = True
        return embedder.embed_query

    @property
    def name(self) -> str:
        return "measuring"

    @property
    def revision(self) -> str:
        return ""

    @property
    def dimensions(self) -> int:
        _ = self._embed
        return self._bundle.manifest.dimensions

    def embed_query(self, text: str) -> "Float":
        return self._embed(text)

    def embed_documents(self, texts: Any, progress: Any = None) -> "Float":  # noqa: ANN401
        import numpy as np

        return np.stack([self._embed(text) for text in texts])


class _Keyboard:
    """Presses keys, and waits for all that they cause."""

    def __init__(self, app: _TimedApp) -> None:
        self.app = app

    async def settle(self) -> None:
        """Wait until the app is at rest.

        Raises:
            SaetuiError: It is still busy after minutes.
        """
        patience = time.perf_counter() + _PATIENCE
        quiet, frame = 0, self.app.last_frame
        while quiet < _QUIET_GLANCES:
            await asyncio.sleep(_GLANCE)
            unchanged = self.app.last_frame == frame and not self.app.busy
            quiet, frame = quiet + 1 if unchanged else 0, self.app.last_frame
            if time.perf_counter() > patience:
                raise SaetuiError(
                    "The app did not come to rest.", "Try the same in the app itself."
                )

    async def until(self, happened: Callable[[], bool]) -> None:
        """Wait until something has happened.

        Raises:
            SaetuiError: The bundle cannot be opened, or it has not happened after minutes.
        """
        patience = time.perf_counter() + _PATIENCE
        while not happened():
            if self.app.failure is not None:
                raise self.app.failure
            if time.perf_counter() > patience:
                raise SaetuiError("The app did not answer.", "Try the same in the app itself.")
            await asyncio.sleep(_GLANCE)

    async def next_frame(self) -> float:
        """Wait for the next frame, and return when it was written."""
        now = time.perf_counter()
        await self.until(lambda: self.app.last_frame >= now)
        return self.app.last_frame

    def send(self, key: str) -> None:
        character = key if len(key) == 1 else None
        self.app.post_message(events.Key({" ": "space"}.get(key, key), character))

    async def press(self, key: str) -> float:
        """Milliseconds from a key to the last frame that it causes."""
        started = time.perf_counter()
        self.send(key)
        await self.settle()
        return max(self.app.last_frame - started, 0.0) * 1000

    async def times(self, *keys: str) -> tuple[float, ...]:
        """Milliseconds of many keys; keys that change nothing on the screen are left out."""
        taken = [await self.press(key) for key in keys]
        return tuple(each for each in taken if each)

    async def showing(self, key: str) -> tuple[float, float]:
        """Milliseconds from a key to the first frame that shows a change, and to the last frame.

        Zero if there is no such frame.
        """
        started = time.perf_counter()
        last = await self.press(key)
        return max(self.app.last_change - started, 0.0) * 1000, last


async def _measure(path: Path, sae: str | None, repeats: int, started: float) -> dict[str, Any]:
    def open_bundle(say: Callable[[str], None]) -> "Session":
        from saetui.session.session import Session
        from saetui.store.bundle import Bundle

        bundle = Bundle(path)
        embedders.append(_QueryEmbedder(bundle))
        sessions.append(Session(bundle, sae, embedders[0]))
        return sessions[0]

    embedders: list[_QueryEmbedder] = []
    sessions: list[Session] = []
    app = _TimedApp(open_bundle, path.stem)
    # The process that started this one passed the time of day.
    before = time.time() - started - time.perf_counter()
    found: dict[str, Any] = {}

    async def measure(_: Pilot[object]) -> None:
        keyboard = _Keyboard(app)
        for line in app.main.query(Input):
            line.cursor_blink = False
        await keyboard.until(lambda: bool(app.first_frame) and app.focused is not None)
        for key in (*_QUERY, "enter"):
            keyboard.send(key)
        await keyboard.until(lambda: app.main.session is not None)
        usable = await keyboard.next_frame()
        await keyboard.until(lambda: app.main.answer is not None)
        await keyboard.next_frame()
        found["start"] = {
            "first_frame": before + app.first_frame,
            "usable": before + usable,
            "first_answer": before + app.last_frame,
        }
        await keyboard.settle()
        from saetui.session.bench_session import measured_recall

        session = sessions[0]
        latencies = await _keys(app, keyboard, session, repeats)
        found["embedder"] = embedders[0].own
        found["latencies"] = latencies + _of_session(session, repeats)
        found["memory"] = dict(zip(("resident", "peak"), memory(), strict=True))
        found["recall"] = measured_recall(session, seed=0)
        app.exit()

    await app.run_async(size=_SIZE, auto_pilot=measure)
    return found


async def _keys(
    app: _TimedApp, keyboard: _Keyboard, session: "Session", repeats: int
) -> list[dict[str, Any]]:
    """Measure keys in every view."""
    from saetui.session.bench_session import Latency

    found: list[Latency] = []

    async def focus(widget: Widget) -> None:
        widget.focus()
        await keyboard.settle()

    search, features, families = (
        app.main.query_one(f"#{name}") for name in ("search", "features", "families")
    )
    if search.steering.rows:  # type: ignore[attr-defined]
        await focus(search.steering)  # type: ignore[attr-defined]
        # Further to the right a key would change nothing.
        keys = ["right" if turn % 4 < 2 else "left" for turn in range(repeats)]
        found.append(Latency("steer", await keyboard.times(*keys)))
    if search.results.rows:  # type: ignore[attr-defined]
        taken = []
        await focus(search.results)  # type: ignore[attr-defined]
        # The first frame of a document's screen shows the document, the next one adds its keys.
        app.watched = lambda: app.screen
        for _ in range(min(repeats, 50)):
            await keyboard.press("down")
            shown, _ = await keyboard.showing("enter")
            taken.append(shown)
            await keyboard.press("escape")
        app.watched = None
        found.append(Latency("open a document", tuple(taken)))
    await keyboard.press("2")
    await focus(features.lines)  # type: ignore[attr-defined]
    found.append(Latency("open a feature", await keyboard.times(*["down"] * repeats)))
    app.watched = lambda: features.lines.rows  # type: ignore[attr-defined]
    typed = []
    for text in _FILTERS:
        await focus(features.filter_line)  # type: ignore[attr-defined]
        features.filter_line.value = ""  # type: ignore[attr-defined]
        await keyboard.settle()
        typed += [await keyboard.showing(key) for key in text]
    app.watched = None
    named = ("filter features, a key", "and open the first of them")
    for what, times in zip(named, zip(*typed, strict=True), strict=True):
        found.append(Latency(what, tuple(each for each in times if each)))
    await keyboard.press("escape")
    await keyboard.press("3")
    if session.sae.families:
        await focus(families.lines)  # type: ignore[attr-defined]
        found.append(Latency("open a family", await keyboard.times(*["down"] * repeats)))
    return [_shape("key to frame", each) for each in found if each.milliseconds]


def _of_session(session: "Session", repeats: int) -> list[dict[str, Any]]:
    """Measure the session without the app."""
    from saetui.session.bench_session import measure_session

    return [_shape("session", each) for each in measure_session(session, repeats, seed=0)]


def _shape(where: str, latency: "Latency") -> dict[str, Any]:
    import numpy as np

    return {
        "where": where,
        "what": latency.name,
        "times": len(latency.milliseconds),
        **{f"p{share}": latency.percentile(share) for share in (50, 95, 99)},
        "processor_p95": (
            float(np.percentile(latency.processor, 95)) if latency.processor else None
        ),
    }


def memory() -> tuple[int | None, int | None]:
    """Bytes of memory that this process uses now, and used at most; None where unknown."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None, None
    fields = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
    now, most = (int(fields[name].split()[0]) * 1024 for name in ("VmRSS", "VmHWM"))
    return now, most


def main() -> None:
    """Measure the bundle that the arguments name, and print the results as JSON."""
    path, sae, repeats, started = sys.argv[1:]
    try:
        found = asyncio.run(_measure(Path(path), sae or None, int(repeats), float(started)))
    except SaetuiError as error:
        found = {"error": error.message, "hint": error.hint}
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
