"""From a steering key to changed results on screen, measured in the running app.

    python tests/benchmarks/steering_latency.py BUNDLE [QUERY]

Prints percentiles of the time between a key event and the frame that shows its results, beside
the time that the search alone takes in the same run.
"""

import asyncio
import sys
import time
from pathlib import Path

import numpy as np

from saetui.session.session import open_session
from saetui.tui.app import SaetuiApp

KEYS = 200


class TimedApp(SaetuiApp):
    """The app, noting when each frame was written."""

    frame = 0.0
    answered = 0.0

    def _display(self, screen, renderable):
        super()._display(screen, renderable)
        self.frame = time.perf_counter()

    def note_answers(self):
        show = self.main._search_view.show_answer

        def noted(answer):
            show(answer)
            self.answered = time.perf_counter()

        self.main._search_view.show_answer = noted


async def measure(bundle: Path, query: str, size: tuple[int, int]) -> None:
    # Textual reads how often it may draw when it is imported, which saetui.tui decides.
    from textual import events

    app = TimedApp(lambda say: open_session(bundle), bundle.stem)
    async with app.run_test(size=size) as pilot:
        while app.main.session is None:
            await pilot.pause(0.01)
        await pilot.press(*query.replace(" ", "_").replace("_", " "), "enter")
        while app.main.answer is None:
            await pilot.pause(0.01)
        await pilot.pause(0.5)
        app.note_answers()
        seen, searches = [], []
        for number in range(KEYS):
            key = "right" if number % 4 < 2 else "left"
            before = app.main.answer
            started = time.perf_counter()
            app.post_message(events.Key(key, None))
            # Waiting without pause would keep the interpreter from the thread that searches.
            while app.main.answer is before or app.frame < app.answered:
                await asyncio.sleep(0.0005)
            seen.append((app.frame - started) * 1000)
            searches.append(app.main.answer.milliseconds)
            await asyncio.sleep(0.02)
    for name, values in (("key to frame", seen), ("search alone", searches)):
        p50, p95, p99 = np.percentile(values, (50, 95, 99))
        print(f"{size[0]}x{size[1]}  {name}: p50 {p50:5.1f} ms  p95 {p95:5.1f} ms  p99 {p99:5.1f}")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    text = sys.argv[2] if len(sys.argv) > 2 else "dark matter"
    for terminal in ((80, 24), (200, 50)):
        asyncio.run(measure(Path(sys.argv[1]), text, terminal))
