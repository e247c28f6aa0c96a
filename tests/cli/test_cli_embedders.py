"""The list of embedders."""

import importlib

import pytest
from command_line import Run

from saetui.embed.registry import MINILM_PER_SECOND, MODELS

# The package has a function of that name.
command = importlib.import_module("saetui.cli.embedders")


def test_embedders_are_listed_with_what_to_expect(run: Run) -> None:
    found = {each["name"]: each for each in run("embedders", "--json").json}
    assert set(MODELS) < set(found) and "minilm" in found
    assert found["nomic"]["tokens"] == 8192
    for name in (*MODELS, "minilm"):
        assert 0.4 < found[name]["scifact"] < 0.8
        assert found[name]["per_second"] > 0 and not found[name]["measured"]
    # Twice the layers, half the speed; and a table of words is no network at all.
    speeds = {
        name: found[name]["per_second"] for name in ("nomic", "gte-small", "minilm", "potion")
    }
    assert sorted(speeds, key=lambda name: speeds[name]) == list(speeds)
    lines = run("embedders").out.splitlines()
    assert any(line.startswith("potion") and "any" in line for line in lines)
    assert any(line.startswith("minilm") for line in lines)


def test_speed_is_measured_where_the_weights_are(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "_TEXTS", 4)
    found = {each["name"]: each for each in run("embedders", "--measure", "--json").json}
    assert found["minilm"]["measured"]
    assert found["minilm"]["per_second"] not in (0, MINILM_PER_SECOND)
