"""The list of keys, and the file in which they are changed."""

from pathlib import Path

import pytest
from command_line import Run

from saetui.tui.commands import COMMANDS


def test_keys_are_listed_as_they_are_set(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SAETUI_CONFIG", str(tmp_path))
    rows = run("keys").rows
    assert [row[2] for row in rows] == [e.help for each in COMMANDS.values() for e in each]
    assert ["Search", "u", "Undo the last change", "search.undo"] in rows
    said = run("keys", "--write")
    path = tmp_path / "keys.toml"
    assert str(path) in said.out
    text = path.read_text("utf-8")
    assert '# undo = "u" ' in text
    again = run("keys", "--write")
    assert (again.code, path.read_text("utf-8")) == (1, text)
    assert "exists" in again.err
    path.write_text(text.replace('# undo = "u" ', 'undo = "R" ', 1), "utf-8")
    found = run("keys", "--json").json
    assert {"in": "Search", "keys": "R", "does": "Undo the last change", "name": "search.undo"} in (
        found["keys"]
    )
    assert found["remarks"] == ["R does Undo in Search, no longer Reset all."]
    assert "no longer Reset all" in run("keys").err
    path.write_text("[search]\nundoo = 'u'", "utf-8")
    wrong = run("keys")
    assert wrong.code == 1
    assert f"Line 2 of {path}" in wrong.err
