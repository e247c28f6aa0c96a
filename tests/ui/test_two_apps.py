"""Two apps have one bundle open: each shows what is noted in the other, and neither undoes it."""

from pathlib import Path

import pytest
from bundles import make_bundle
from driver import Driver, drive, open_still

from saetui.session.session import Session
from saetui.store.notes import Kind
from saetui.tui.screens import main


@pytest.fixture
def own_bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SAETUI_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(main, "_BETWEEN_LOOKS", 0.01)
    return make_bundle(tmp_path / "own.bundle")


def say(other: Session, feature: int, kind: Kind, text: str) -> None:
    other.note(feature, kind, text)
    other.write_notes()


async def note(driver: Driver, text: str) -> None:
    await driver.press("N")
    driver.app.screen.query_one("Input").value = text  # type: ignore[attr-defined]
    await driver.press("enter")


async def test_what_another_app_notes_is_shown_and_not_undone(own_bundle: Path) -> None:
    session, other = open_still(own_bundle), open_still(own_bundle)
    _ = other.features
    async with drive(session) as driver:
        await driver.press("escape", "2")
        await note(driver, "mine")
        say(other, 0, "label", "Named elsewhere")
        for _ in range(500):
            await driver.pilot.pause(0.01)
            if not session.others_have_noted:
                break
        await driver.settle()
        assert "Named elsewhere" in driver.text()
        assert session.features.notes_on(0).note == "mine"
        other.read_others_notes()
        assert other.features.notes_on(0).note == "mine"
        # The other app takes the note back; undoing it here would have done the same.
        say(other, 0, "note", "")
        await driver.press("u")
        (message,) = driver.messages()
        assert message.startswith("The note of feature 0 was changed elsewhere since then")
        assert session.features.notes_on(0).note == ""


async def test_a_note_that_another_app_removed_does_not_come_back(own_bundle: Path) -> None:
    session, other = open_still(own_bundle), open_still(own_bundle)
    say(other, 0, "note", "to be removed")
    async with drive(session) as driver:
        await driver.press("escape", "2")
        await note(driver, "changed here")
        other.read_others_notes()
        say(other, 0, "note", "")
        await driver.press("u")
        assert session.features.notes_on(0).note == ""
        await driver.press("u")
        assert driver.messages()[-1] == "There is nothing to undo."
    assert open_still(own_bundle).features.notes_on(0).note == ""
