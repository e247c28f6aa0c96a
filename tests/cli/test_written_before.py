"""A bundle that an earlier version wrote opens, and answers as that version did.

`tests/written_before` holds a bundle with two SAEs, a graph index, notes and a bookmark, a preset
made with it, and what commands printed about it as JSON. None of it is ever written anew: what a
later version changes about a bundle, it must still read here.
"""

import json
import math
import shutil
from pathlib import Path
from typing import Any

import pytest
from command_line import Run

WRITTEN = Path(__file__).parents[1] / "written_before"
# Feedback on results rewards other things by now: what a document has beyond the query, its words.
ANSWERS = [
    known
    for known in json.loads((WRITTEN / "answers.json").read_text(encoding="utf-8"))
    if "--toward" not in known["command"]
]
# How long an answer took, and where the bundle lies, are of the day. What occurs together came by
# how often it does so; now what does so more often than by chance comes first.
_OF_THE_DAY = {"milliseconds", "path", "file", "co_occurring"}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy, since opening a bundle may write beside it."""
    folder = tmp_path_factory.mktemp("written") / "first.bundle"
    shutil.copytree(WRITTEN / "bundle-0.1.0", folder)
    return folder


@pytest.mark.parametrize("known", ANSWERS, ids=lambda known: " ".join(known["command"]))
def test_a_bundle_written_before_answers_alike(
    run: Run, written: Path, known: dict[str, Any]
) -> None:
    places = {"B": written, "preset.json": WRITTEN / "preset.json"}
    words = [places.get(word, word) for word in known["command"]]
    if known["command"][0] == "search" and not {"--lexical", "--preset"} & {*words}:
        # By meaning alone was the default then.
        words.append("--semantic")
    if known["command"][0] == "search" and not {"--mode", "--preset"} & {*words}:
        words += ["--mode", "codes"]
    found = run(*words, "--json").json
    differing = list(_differences(known["answer"], found, "answer"))
    assert not differing, "\n".join(differing[:20])


def test_it_is_whole(run: Run, written: Path) -> None:
    assert run("check", written).code == 0


def test_what_its_reader_said_is_there(run: Run, written: Path) -> None:
    assert run("feature", written, 1, "--json").json["label"] == "Mine: discs"
    larger = run("feature", written, 7, "--sae", "k4-n48", "--json").json
    assert larger["label"] == "Of the larger SAE"


def test_a_difference_would_be_seen() -> None:
    answer = ANSWERS[0]["answer"]
    other = json.loads(json.dumps(answer))
    other["results"][0], other["results"][1] = other["results"][1], other["results"][0]
    assert list(_differences(answer, other, ""))
    assert not list(_differences(answer, {**answer, "new": 1}, ""))


def _differences(then: Any, now: Any, where: str) -> "list[str]":
    """What of an earlier answer is not in a later one; the later one may say more."""
    if isinstance(then, dict) and isinstance(now, dict):
        return [
            line
            for key, value in then.items()
            if key not in _OF_THE_DAY
            for line in _differences(value, now.get(key, "<missing>"), f"{where}.{key}")
        ]
    if isinstance(then, list) and isinstance(now, list) and len(then) == len(now):
        return [
            line
            for place, (old, new) in enumerate(zip(then, now, strict=True))
            for line in _differences(old, new, f"{where}[{place}]")
        ]
    if isinstance(then, float) and isinstance(now, int | float):
        alike = math.isclose(then, now, rel_tol=1e-4, abs_tol=1e-5)
    else:
        alike = then == now
    return [] if alike else [f"{where}: was {then!r}, is {now!r}"]
