"""The app as a person at the keyboard meets it."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from weakref import WeakSet

import pytest
from bundles import HashEmbedder
from textual import events
from textual.css.model import RuleSet
from textual.css.stylesheet import Stylesheet
from textual.message_pump import MessagePump
from textual.pilot import Pilot
from textual.timer import Timer
from textual.widgets import Input
from textual.worker import WorkerCancelled

from saetui.session.search.response import SearchResponse
from saetui.session.session import Session
from saetui.store.bundle import Bundle
from saetui.tui.app import Opener, SaetuiApp
from saetui.tui.background import NewestRequest
from saetui.tui.screens.main import MainScreen
from saetui.tui.views.search import SearchView

NARROW = (80, 24)
WIDE = (120, 40)
# Messages cause messages; after so many rounds without any, none will come.
_QUIET_ROUNDS = 3
# Turns of the event loop in a round.
_TURNS = 5
# Rounds after which what was to appear will not.
_PATIENCE = 1_000
# Seconds between two looks at what is going on in a thread. A round, in which every widget is
# asked, would keep the thread waiting.
_LOOK = 0.002
# Seconds after which the app has not come up.
_START = 60


def open_still(path: Path) -> Session:
    """A session whose clock stands still, so that no answer shows a time."""
    bundle = Bundle(path)
    embedder = HashEmbedder(bundle.manifest.dimensions)
    return Session(bundle, embedder=embedder, clock=lambda: 0.0)


class Driver:
    """Presses keys, waits for what they cause, and reads the screen."""

    def __init__(self, app: SaetuiApp, pilot: Pilot[None]) -> None:
        self.app = app
        self.pilot = pilot
        # Every answer that was shown, in order.
        self.shown: list[SearchResponse] = []
        show = self.search.show_answer

        def noted(answer: SearchResponse) -> None:
            self.shown.append(answer)
            show(answer)

        self.search.show_answer = noted  # type: ignore[method-assign]

    @property
    def main(self) -> MainScreen:
        return self.app.main

    @property
    def search(self) -> SearchView:
        return self.main.query_one(SearchView)

    @property
    def session(self) -> Session:
        assert self.main.session is not None
        return self.main.session

    async def settle(self) -> None:
        """Wait until nothing is going on any more."""
        await self.rest()
        await self._calm()
        while running := [worker for worker in self.app.workers if not worker.is_finished]:
            with suppress(WorkerCancelled):
                await self.app.workers.wait_for_complete(running)
            await self.rest()
            await self._calm()

    async def _calm(self) -> None:
        """Wait until it has been asked what each feature would do."""
        calm = self._is_calm
        while not calm:
            await asyncio.sleep(_LOOK)
            calm = self._is_calm
            if calm:
                await self.rest()

    @property
    def _is_calm(self) -> bool:
        return not self.app.is_running or all(
            each.calm or not each._node.is_running for each in _waiting
        )

    async def rest(self) -> None:
        """Wait until all is done that does not wait for work in the background."""
        started, quiet = time.monotonic(), 0
        while quiet < _QUIET_ROUNDS:
            for _ in range(_TURNS):
                await asyncio.sleep(0)
            busy = self._busy
            if not busy:
                # Textual draws every sixtieth of a second; drawing may cause further messages.
                self.app.screen._on_timer_update()
                busy = self._busy
            quiet = 0 if busy else quiet + 1
            for pump in self._pumps:
                if isinstance(pump, Input) and pump.cursor_blink:
                    # A picture must not depend on when it is taken.
                    pump.cursor_blink, quiet = False, 0
            if busy and time.monotonic() - started > _START:
                raise AssertionError("The app does not come to rest.")

    @property
    def _busy(self) -> bool:
        """Whether anything has messages left, or has not yet done what the last one asked for.

        To ask each widget to answer, as Textual's pilot does, costs most of the time of a test.
        """
        return self.app._exception is None and any(
            not (pump._closing or pump._closed)
            and not (pump._message_queue.empty() and pump._message_queue.ready_event._waiters)
            for pump in self._pumps
        )

    @property
    def _pumps(self) -> list[MessagePump]:
        """Everything that gets messages now."""
        return [self.app, *self.app.screen.walk_children(with_self=True)]

    def send(self, *keys: str) -> None:
        """Press keys without waiting for anything."""
        for key in keys:
            character = key if len(key) == 1 else None
            self.app.post_message(events.Key({" ": "space"}.get(key, key), character))

    async def press(self, *keys: str) -> None:
        """Press keys, each when the one before has had its effect; text is typed at once."""
        for key, following in zip(keys, (*keys[1:], "enter"), strict=True):
            self.send(key)
            typing = isinstance(self.app.focused, Input)
            if not (typing and len(key) == len(following) == 1):
                await self.settle()

    async def type(self, text: str) -> None:
        """Type a text."""
        self.send(*text)
        await self.settle()

    async def see(self, text: str) -> None:
        """Wait until a text is on the screen, while something else goes on."""
        for _ in range(_PATIENCE):
            await self.pilot.pause(0)
            if text in self.text():
                await self.rest()
                return
        raise AssertionError(f"{text!r} does not appear:\n{self.text()}")

    async def resize(self, size: tuple[int, int]) -> None:
        """Give the terminal another size."""
        await self.pilot.resize_terminal(*size)
        await self.rest()

    async def ask(self, query: str) -> None:
        """Search for a query."""
        self.search.query_bar.query_line.focus()
        self.search.query_bar.query_line.value = query
        await self.settle()
        await self.press("enter")

    def lines(self) -> list[str]:
        """What is on the screen, line by line."""
        return [strip.text.rstrip() for strip in self.app.screen._compositor.render_strips()]

    def text(self) -> str:
        """What is on the screen."""
        return "\n".join(self.lines())

    def messages(self) -> list[str]:
        """Messages that are shown, each in one line; the screen breaks long ones."""
        return [notification.message for notification in self.app._notifications]

    def features(self) -> list[int]:
        """Numbers of the features in the steering list."""
        return [feature.id for feature in self.search.steering.rows]


_set_timer = MessagePump.set_timer
_ask_soon_unnoticed = NewestRequest.ask_soon
# All that may wait for a while without keys.
_waiting: WeakSet[NewestRequest[Any, Any]] = WeakSet()
_parse_rules = Stylesheet._parse_rules
# Rules by the colours of the theme, and by what they were read from.
_parsed: dict[object, list[RuleSet]] = {}


def _sure_timer(self: MessagePump, *args: Any, **kwargs: Any) -> Timer:
    """A timer that goes off even if it is late; Textual leaves out what a busy machine delays."""
    timer = _set_timer(self, *args, **kwargs)
    timer._skip = False
    return timer


def _ask_soon(self: NewestRequest[Any, Any], request: object) -> None:
    _waiting.add(self)
    _ask_soon_unnoticed(self, request)


def _parsed_once(self: Stylesheet, css: str, **options: Any) -> list[RuleSet]:
    """The rules of a text, which are the same in every app."""
    key = (css, tuple(options.items()), tuple(self._variables.items()))
    if key not in _parsed:
        _parsed[key] = _parse_rules(self, css, **options)
    return _parsed[key]


@asynccontextmanager
async def drive(
    opened: Session | Opener,
    size: tuple[int, int] = NARROW,
    *,
    name: str = "synthetic",
    theme: str = "textual-dark",
    encoding: str = "utf-8",
    wait: bool = True,
) -> AsyncIterator[Driver]:
    """Run the app on a session, or on what opens one.

    Args:
        opened: The session, or a function that opens it.
        size: Columns and lines of the terminal.
        name: Of the bundle, before it is open.
        theme: Colours.
        encoding: Of the terminal.
        wait: Whether to begin when the bundle is open.
    """
    # The pilot waits for every widget there is at first, and in vain for one that goes meanwhile.
    ready = threading.Event()

    def open_when_ready(say: Callable[[str], None]) -> Session:
        ready.wait(_START)
        return opened(say) if callable(opened) else opened

    app = SaetuiApp(open_when_ready, name, encoding)
    app.theme = theme
    app.animation_level = "none"
    # A message stays, however long a busy machine takes to draw the next picture.
    app.NOTIFICATION_TIMEOUT = 3_600  # type: ignore[misc]
    with pytest.MonkeyPatch.context() as patch:
        # What waits for a while without keys is worked out at once, so that it is there when all
        # else is.
        patch.setattr(NewestRequest, "CALM", 0.001)
        patch.setattr(NewestRequest, "ask_soon", _ask_soon)
        patch.setattr(MessagePump, "set_timer", _sure_timer)
        patch.setattr(Stylesheet, "_parse_rules", _parsed_once)
        async with app.run_test(size=size, notifications=True) as pilot:
            ready.set()
            driver = Driver(app, pilot)
            if wait:
                await driver.settle()
            yield driver
