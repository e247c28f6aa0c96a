"""The theme that a user chooses is there the next time."""

from pathlib import Path

import pytest
from driver import drive

from saetui.session.session import Session
from saetui.tui.palette import KeptThemes, use_kept_theme


async def test_a_chosen_theme_is_kept(
    session: Session, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SAETUI_DATA", str(tmp_path / "data"))
    async with drive(session) as driver:
        usual = driver.app.theme
        use_kept_theme(driver.app)
        assert driver.app.theme == usual
        dict(KeptThemes(driver.app.screen).commands)["nord"]()
        assert driver.app.theme == "nord"
        driver.app.theme = usual
        use_kept_theme(driver.app)
        assert driver.app.theme == "nord"
        driver.app.theme = usual
        for damaged in ("", "[]", '{"theme": 3}', '{"theme": "of another version"}'):
            (tmp_path / "data" / "settings.json").write_text(damaged, "utf-8")
            use_kept_theme(driver.app)
            assert driver.app.theme == usual
