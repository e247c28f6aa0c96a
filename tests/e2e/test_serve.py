"""`saetui serve` shows the app to whoever knows the token, and to nobody else."""

import asyncio
import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from bundles import make_bundle

aiohttp = pytest.importorskip("aiohttp", reason="needs saetui[serve]")
pytest.importorskip("textual_serve", reason="needs saetui[serve]")

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = make_bundle(tmp_path_factory.mktemp("bundle") / "small.bundle")
    command = [sys.executable, "-m", "saetui", "serve", str(folder), "--port", "0"]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        text=True,
    ) as process:
        assert process.stdout is not None
        found = re.search(r"http://\S+", process.stdout.readline())
        assert found, process.stderr and process.stderr.read()
        yield found[0]
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0
        assert process.stderr is not None
        assert "Traceback" not in process.stderr.read()


async def test_the_app_is_shown_to_whoever_knows_the_token(address: str) -> None:
    assert address.startswith("http://127.0.0.1:")
    async with aiohttp.ClientSession() as session:
        async with session.get(address) as answer:
            page = await answer.text()
            assert answer.status == 200
            assert answer.headers["Referrer-Policy"] == "no-referrer"
        socket = re.search(r'data-session-websocket-url="([^"]+)"', page)
        assert socket, page
        assert address.removeprefix("http") in socket[1]
        drawn = b""
        async with session.ws_connect(f"{socket[1]}?width=100&height=30") as websocket:
            await websocket.send_json(["resize", {"width": 100, "height": 30}])
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(20):
                    while b"Search" not in drawn:
                        message = await websocket.receive()
                        drawn += message.data if isinstance(message.data, bytes) else b""
        assert b"Search" in drawn


@pytest.mark.parametrize("path", ["", "ws", "static/js/textual.js", "wrong-token/", "download/x"])
async def test_nothing_is_shown_without_it(address: str, path: str) -> None:
    top = address.split("/", 3)
    async with (
        aiohttp.ClientSession() as session,
        session.get("/".join([*top[:3], path])) as answer,
    ):
        assert answer.status == 404
        assert "small" not in await answer.text()


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
def test_a_browser_draws_the_app_and_sends_keys(address: str) -> None:
    sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1200, "height": 700})
        answered: list[str] = []
        page.on("requestfinished", lambda request: answered.append(request.url))
        page.goto(address)
        page.wait_for_selector("body.-first-byte", timeout=20_000)
        page.keyboard.press("Tab")
        before = _settled(page)
        page.keyboard.press("2")
        after = _settled(page, unlike=before)
        browser.close()
    assert before != after
    assert all(url.startswith((address, "data:", "blob:")) for url in answered), answered


def _settled(page: Any, unlike: bytes = b"") -> bytes:
    """What the page looks like once it has stopped changing."""
    last = page.screenshot()
    for _ in range(40):
        page.wait_for_timeout(250)
        now = page.screenshot()
        if now == last and now != unlike:
            return bytes(now)
        last = now
    return bytes(last)
