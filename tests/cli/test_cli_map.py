import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from command_line import Run

from saetui.paths import cache_dir
from saetui.session.questions.feature_map import FeatureMap, drawn

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def laid_out(bundle: Path) -> Path:
    """A bundle whose map was made before, so that no test waits for it."""
    from saetui.store.bundle import Bundle

    opened = Bundle(bundle)
    sae = opened.sae()
    directions = sae.weights.directions[:, :2].astype(np.float32)
    places = (directions - directions.min(axis=0)) / np.ptp(directions, axis=0)
    kept = cache_dir() / "maps" / f"{sae.of}.npy"
    kept.parent.mkdir(parents=True, exist_ok=True)
    np.save(kept, places)
    opened.close()
    return bundle


def test_a_map_in_json_has_every_feature(run: Run, laid_out: Path) -> None:
    found = run("map", laid_out, "--find", "black hole", "--json").json
    assert [each["id"] for each in found] == list(range(24))
    assert all(0 <= each["x"] <= 1 and 0 <= each["y"] <= 1 for each in found)
    assert found[0]["family"] == 0
    assert found[0]["found"]
    assert not found[10]["found"]


def test_a_map_as_text_has_dots_and_names(run: Run, laid_out: Path) -> None:
    text = run("map", laid_out, "--width", "60", "--find", "reef").out
    assert "24 features" in text
    assert re.search("[\u2801-\u28ff]", text)
    assert "*" in text
    assert any(name in text for name in ("Black holes", "Coral reefs", "Language mod"))
    assert max(map(len, text.splitlines()[1:])) <= 60


def test_a_dot_stands_where_its_feature_is() -> None:
    places = np.array([[0.0, 0.0], [0.999, 0.999], [0.0, 0.999]])
    shown = FeatureMap(places, ("", "", ""), np.ones(3), np.full(3, -1), ())
    lines = drawn(shown, 4, 2)
    assert lines == ["\u2801  \u2808", "\u2840"]
    assert drawn(shown, 4, 2, unicode=False) == [".  .", "."]


def test_a_map_is_written(run: Run, laid_out: Path, hostile_bundle: Path, tmp_path: Path) -> None:
    picture, page = tmp_path / "map.svg", tmp_path / "map.html"
    assert run("map", laid_out, "--find", "reef", "--export", picture).code == 0
    tree = ElementTree.parse(picture)
    circles = tree.findall(f".//{SVG}circle")
    assert len(circles) == 24
    assert any(circle.get("stroke") for circle in circles)
    names = [circle.find(f"{SVG}title").text for circle in circles]  # type: ignore[union-attr]
    assert names[0] == "0 Black holes (Black holes)"
    run("map", laid_out, "--export", page)
    assert page.read_text("utf-8").count("<circle") == 24
    refused = run("map", laid_out, "--export", tmp_path / "map.png")
    assert "which format" in refused.err


def test_a_bundle_of_before_is_laid_out_once(
    run: Run, bundle: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SAETUI_CACHE", str(tmp_path))
    first = run("map", bundle, "--json")
    assert "Laying out features" in first.err
    again = run("map", bundle, "--json")
    assert again.json == first.json
    assert "Laying out features" not in again.err
    places = np.array([[each["x"], each["y"]] for each in first.json])
    assert np.ptp(places, axis=0).min() > 0.99
    # A file that was cut short is as good as none.
    (kept,) = (tmp_path / "maps").iterdir()
    kept.write_bytes(kept.read_bytes()[:-8])
    assert run("map", bundle, "--json").json == first.json
