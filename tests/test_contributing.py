"""CONTRIBUTING.md names what is there: its paths, its functions, the order of its flows."""

import ast
import json
import re
import sys
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import numpy as np
import pytest
from bundles import make_bundle, make_documents

from saetui.cli import main

TOP = Path(__file__).resolve().parent.parent
PAGE = (TOP / "CONTRIBUTING.md").read_text("utf-8")
_QUOTED = re.compile(r"`([^`\n]+)`")
_PATH = re.compile(r"[\w./]+/[\w./]*|[\w./]+\.(?:py|md|toml)")


def found(path: str) -> Path | None:
    """A file or folder of the page, below `saetui/` or the repository."""
    places = (TOP / "saetui" / path, TOP / path)
    return next((place for place in places if place.exists()), None)


def named() -> list[tuple[str, str]]:
    """Every path in quotation marks, with the name after its colon or ""."""
    pairs = []
    for quoted in _QUOTED.findall(PAGE):
        path, _, name = quoted.partition(":")
        if _PATH.fullmatch(path) and " " not in quoted:
            pairs.append((path, name))
    return pairs


def defined(path: Path) -> set[str]:
    """Names of a module's functions, classes, methods and constants."""
    names: set[str] = set()

    def walk(body: list[ast.stmt], before: str) -> None:
        for node in body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                names.add(before + node.name)
            if isinstance(node, ast.ClassDef):
                walk(node.body, f"{before}{node.name}.")
            targets = node.targets if isinstance(node, ast.Assign) else []
            if isinstance(node, ast.AnnAssign):
                targets = [node.target]
            for target in targets:
                for each in ast.walk(target):
                    if isinstance(each, ast.Name):
                        names.add(before + each.id)

    walk(ast.parse(path.read_text("utf-8")).body, "")
    return names


def test_the_page_names_enough_to_be_tested() -> None:
    assert len(named()) > 80
    assert sum(bool(name) for _, name in named()) > 50
    assert len(PAGE.splitlines()) <= 200


@pytest.mark.parametrize(("path", "name"), dict.fromkeys(named()))
def test_what_the_page_names_is_there(path: str, name: str) -> None:
    place = found(path)
    assert place is not None, f"there is no {path}"
    if name:
        assert name in defined(place), f"{path} has no {name}"


def test_layers_are_those_of_the_contract() -> None:
    table = PAGE[PAGE.index("## Layers") : PAGE.index("## Three flows")]
    rows = [
        re.findall(r"`(\w+)`", line.split("|")[1]) for line in table.splitlines() if "|" in line
    ]
    contract = (TOP / "pyproject.toml").read_text("utf-8")
    layers = re.findall(r'^  "([\w| ]+)",$', contract.partition("layers = [")[2], re.MULTILINE)
    place = {
        name.strip(): i for i, layer in reversed([*enumerate(layers)]) for name in layer.split("|")
    }
    order = [{place[name] for name in row} for row in rows if row]
    assert all(len(places) == 1 for places in order)
    assert [max(each) for each in order] == sorted(max(each) for each in order)
    folders = {path.name for path in (TOP / "saetui").iterdir() if (path / "__init__.py").exists()}
    assert folders == {name for row in rows for name in row}


def flow(title: str) -> list[tuple[Path, str]]:
    """The functions of a numbered list, in its order."""
    text = PAGE[PAGE.index(title) :].partition("\n\n")[2].partition("\n\n")[0]
    steps = []
    for quoted in _QUOTED.findall(text):
        path, colon, name = quoted.partition(":")
        place = found(path) if colon and _PATH.fullmatch(path) else None
        # A table is looked at, not called.
        if place is not None and not name.isupper():
            steps.append((place, name))
    assert len(steps) > 5
    return steps


@contextmanager
def calling(title: str) -> Iterator[None]:
    """What is done calls the functions of a flow, for the first time each, in their order."""
    steps, seen = flow(title), dict[tuple[str, str], None]()
    left = {(str(path), name) for path, name in steps}

    def noted(frame: FrameType, event: str, _: object) -> None:
        call = (frame.f_code.co_filename, frame.f_code.co_qualname)
        if event == "call" and call in left:
            seen[call] = None
            left.discard(call)
        if not left:
            sys.setprofile(None)

    threading.setprofile(noted)
    sys.setprofile(noted)
    try:
        yield
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    assert not left, f"{title} These are not called: {left}"
    assert list(seen) == [(str(path), name) for path, name in steps], f"{title} Another order."


async def test_a_key_becomes_a_changed_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(TOP / "tests" / "ui")
    from driver import drive, open_still

    session = open_still(make_bundle(tmp_path / "small.bundle"))
    async with drive(session) as driver:
        await driver.ask("black hole merger chirp")
        # Only threads that start from now on are watched, so none that is still busy may come back.
        monkeypatch.setattr("saetui.tui.background._idle", deque(maxlen=0))
        with calling("The key `right` becomes a changed row:"):
            await driver.press("right")
        assert driver.main.request.steering
    session.close()


def test_a_file_becomes_embeddings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    documents = list(make_documents(30))
    corpus, vectors, ids = (tmp_path / name for name in ("papers.jsonl", "vectors.npy", "ids.txt"))
    lines = [json.dumps({"id": each.id, "text": each.text}) for each in documents]
    corpus.write_text("\n".join(lines), "utf-8")
    ids.write_text("\n".join(each.id for each in documents), "utf-8")
    embedded = np.random.default_rng(0).standard_normal((len(documents), 16))
    np.save(vectors, embedded.astype(np.float32))
    options = ("--embedder", f"precomputed:{vectors}", "--ids", ids, "--epochs", 1)
    with calling("A file becomes embeddings:"):
        assert main([str(each) for each in ("build", corpus, "-o", tmp_path / "b", *options)]) == 0


def test_a_command_becomes_a_result(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bundle = make_bundle(tmp_path / "small.bundle")
    with calling("A command becomes a result:"):
        words = ("search", bundle, "--steer", "Black holes=+0.3", "--json")
        assert main([str(word) for word in words]) == 0, capsys.readouterr().err
