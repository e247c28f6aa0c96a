"""A search that was cut off is told of in one line, and found where saved searches are."""

import os
from pathlib import Path

import pytest
from driver import NARROW, drive

from saetui.paths import recovered_dir
from saetui.session.saved.presets import read_preset
from saetui.session.session import Session
from saetui.tui.app import SaetuiApp
from saetui.tui.recovery import _save, remarks_on_kept


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the app runs; what it recovers is kept below."""
    monkeypatch.setenv("SAETUI_DATA", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


async def test_it_is_the_first_of_the_saved_searches(session: Session, folder: Path) -> None:
    async with drive(session, NARROW) as driver:
        await driver.ask("coral reef")
        await driver.press("s", "enter")
        (saved,) = folder.glob("*.json")
        os.utime(saved, (1, 1))
        await driver.press("right", "right")
        _save(driver.main)
        wanted = driver.main.request
    (remark,) = remarks_on_kept(SaetuiApp(lambda say: session, "synthetic"))
    assert len(remark) < 60
    assert not remarks_on_kept(SaetuiApp(lambda say: session, "synthetic")), "it is said once"
    (kept,) = recovered_dir().iterdir()
    assert read_preset(kept).bundle == session.bundle.manifest.name
    async with drive(session, NARROW) as driver:
        await driver.press("escape", "o")
        first, second = (driver.text().index(text) for text in ("cut off on 20", saved.name))
        assert first < second
        await driver.press("enter")
        assert driver.main.request == wanted


@pytest.mark.usefixtures("folder")
async def test_those_of_another_bundle_are_not_listed(session: Session) -> None:
    async with drive(session, NARROW) as driver:
        await driver.ask("coral reef")
        await driver.press("right")
        _save(driver.main)
    (kept,) = recovered_dir().iterdir()
    kept.write_text(kept.read_text("utf-8").replace('"synthetic"', '"another"', 1), "utf-8")
    async with drive(session, NARROW) as driver:
        await driver.press("escape", "o")
        assert "cut off" not in driver.text()
