"""Nothing that hnswlib would follow out of its memory gets as far as hnswlib."""

import os
import struct
import subprocess
import sys
import textwrap
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import hnswlib
import numpy as np
import pytest

from saetui.errors import BundleDamaged
from saetui.store import atomic
from saetui.store.atomic import sha256_of
from saetui.store.index import build_index, open_index
from saetui.store.index.graph import GRAPH
from saetui.store.index.graph_file import check_graph_file
from saetui.store.index.parameters import read_parameters, write_parameters

COUNT, WIDTH, LINKS = 600, 8, 16
HEADER = struct.Struct("<6QiI3QdQ")
FIELDS = (
    *("level_0_offset", "capacity", "elements", "element_bytes", "label_offset", "vector_offset"),
    *("top_level", "entry_point", "upper_links", "lowest_links", "M", "level_scale"),
    "ef_construction",
)
ELEMENT = 4 + 4 * 2 * LINKS + 4 * WIDTH + 8
UPPER = HEADER.size + COUNT * ELEMENT
PER_LEVEL = 4 * (LINKS + 1)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    vectors = np.random.default_rng(0).standard_normal((COUNT, WIDTH)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    index = hnswlib.Index(space="ip", dim=WIDTH)
    index.init_index(max_elements=COUNT, M=LINKS, ef_construction=50, random_seed=100)
    index.add_items(vectors, np.arange(COUNT), num_threads=1)
    path = tmp_path_factory.mktemp("graphs") / "whole.hnsw"
    index.save_index(os.fspath(path))
    return path.read_bytes()


@pytest.fixture
def checked(tmp_path: Path) -> Callable[[bytes], None]:
    def check(content: bytes) -> None:
        path = tmp_path / "index.hnsw"
        path.write_bytes(content)
        check_graph_file(path, COUNT, WIDTH, LINKS)

    return check


def with_header(content: bytes, **values: float) -> bytes:
    header = dict(zip(FIELDS, HEADER.unpack(content[: HEADER.size]), strict=True))
    assert values.keys() <= header.keys()
    return HEADER.pack(*{**header, **values}.values()) + content[HEADER.size :]


def with_word(content: bytes, place: int, value: int, form: str = "<I") -> bytes:
    packed = struct.pack(form, value)
    return content[:place] + packed + content[place + len(packed) :]


def word(content: bytes, place: int) -> int:
    (value,) = struct.unpack_from("<I", content, place)
    return int(value)


def upper_places(content: bytes) -> list[int]:
    """Where the size of the upper links of each element stands."""
    places, place = [], UPPER
    for _ in range(COUNT):
        places.append(place)
        place += 4 + word(content, place)
    assert place == len(content)
    return places


def highest(content: bytes) -> tuple[int, int]:
    """The element on the highest level, and where the size of its upper links stands."""
    places = upper_places(content)
    element = max(range(COUNT), key=lambda each: word(content, places[each]))
    return element, places[element]


def test_what_hnswlib_writes_is_sound(whole: bytes, checked: Callable[[bytes], None]) -> None:
    checked(whole)
    assert word(whole, highest(whole)[1]) >= 2 * PER_LEVEL, "there are upper levels to look at"


@pytest.mark.parametrize("count", [0, 1, 2, 40])
def test_small_graphs_are_sound(tmp_path: Path, count: int) -> None:
    vectors = np.eye(40, dtype=np.float32)[:count]
    build_index(vectors, tmp_path, lambda _: None, "graph")
    check_graph_file(tmp_path / GRAPH, count, 40, 16)
    assert len(open_index(tmp_path, lambda: vectors).search(np.ones(40, np.float32), 5)) == min(
        count, 5
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("level_0_offset", 8),
        ("elements", COUNT - 1),
        ("elements", COUNT + 1),
        ("elements", 2**62),
        ("element_bytes", ELEMENT - 4),
        ("element_bytes", 2**63),
        ("label_offset", 0),
        ("label_offset", 2**40),
        ("vector_offset", 2**40),
        ("top_level", -1),
        ("top_level", 40),
        ("entry_point", COUNT),
        ("entry_point", 2**32 - 1),
        ("upper_links", 2**31),
        ("lowest_links", 31),
        ("M", 0),
        ("level_scale", float("nan")),
        ("level_scale", 1e9),
        ("ef_construction", 2**63),
    ],
)
def test_a_forged_header_is_refused(
    whole: bytes, checked: Callable[[bytes], None], name: str, value: float
) -> None:
    with pytest.raises(BundleDamaged, match=r"index\.hnsw is not a sound index"):
        checked(with_header(whole, **{name: value}))


def forged_parts(whole: bytes) -> dict[str, bytes]:
    element = HEADER.size + 7 * ELEMENT
    top, size_place = highest(whole)
    low = next(e for e, place in enumerate(upper_places(whole)) if word(whole, place) == 0)
    label = element + ELEMENT - 8
    return {
        "a link out of the graph": with_word(whole, element + 4, COUNT),
        "a link far out of the graph": with_word(whole, element + 4, 2**32 - 1),
        "more links than there is room": with_word(whole, element, 2 * LINKS + 1),
        "a count of links with odd bits": with_word(whole, element, (1 << 24) + 5),
        "a label that no row has": with_word(whole, label, COUNT, "<Q"),
        "a huge label": with_word(whole, label, 2**64 - 1, "<Q"),
        "a label twice": with_word(whole, label, 8, "<Q"),
        "a vector that is no number": with_word(whole, label - 4, 0x7FC00000),
        "upper links of an odd size": with_word(whole, size_place, word(whole, size_place) + 4),
        "upper links that are huge": with_word(whole, size_place, 2**32 - PER_LEVEL),
        "upper links that are not there": with_word(whole, size_place, 0),
        "one upper level too few": with_word(
            whole, size_place, word(whole, size_place) - PER_LEVEL
        ),
        "an upper link out of the graph": with_word(whole, size_place + 8, COUNT + 3),
        "an upper link to what is not on the level": with_word(whole, size_place + 8, low),
        "more upper links than there is room": with_word(whole, size_place + 4, LINKS + 1),
        "an entry point on no upper level": with_header(whole, entry_point=low),
        "no upper levels": whole[:UPPER],
        "the last element missing": whole[:-4],
        "an element too many": whole + bytes(4),
        "bytes behind its end": whole + b"x",
        "levels on top of the highest": with_header(whole, top_level=word(whole, size_place)),
        "an entry point that is another": with_header(whole, entry_point=(top + 1) % COUNT),
        "nothing": b"",
        "half a header": whole[:50],
    }


def test_every_forged_part_is_refused(whole: bytes, checked: Callable[[bytes], None]) -> None:
    accepted = []
    for name, content in forged_parts(whole).items():
        try:
            checked(content)
        except BundleDamaged as error:
            assert "index.hnsw" in error.message
            assert error.message.endswith(".")
        else:
            accepted.append(name)
    assert accepted == []


def test_a_deleted_element_is_sound(whole: bytes, checked: Callable[[bytes], None]) -> None:
    place = HEADER.size + 7 * ELEMENT
    checked(with_word(whole, place, word(whole, place) | 1 << 16))


def test_its_capacity_is_not_asked_for(whole: bytes, tmp_path: Path) -> None:
    """The room that a file says there was is not taken from memory."""
    vectors = np.random.default_rng(0).standard_normal((COUNT, WIDTH)).astype(np.float32)
    build_index(vectors, tmp_path, lambda _: None, "graph")
    path = tmp_path / GRAPH
    path.write_bytes(with_header(path.read_bytes(), capacity=2**61))
    parameters = replace(read_parameters(tmp_path), sha256=sha256_of(path))
    write_parameters(tmp_path, parameters)
    assert len(open_index(tmp_path, lambda: vectors).search(vectors[0], 5)) == 5


def test_a_large_file_is_looked_at_once(
    whole: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAETUI_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(atomic, "_WORTH_REMEMBERING", 1)
    vectors = np.random.default_rng(0).standard_normal((50, WIDTH)).astype(np.float32)
    build_index(vectors, tmp_path, lambda _: None, "graph")
    looked: list[Path] = []

    def counted(path: Path, elements: int, width: int, links: int) -> None:
        looked.append(path)
        check_graph_file(path, elements, width, links)

    monkeypatch.setattr("saetui.store.index.graph.check_graph_file", counted)
    for _ in range(3):
        open_index(tmp_path, lambda: vectors)
    assert len(looked) == 1
    path = tmp_path / GRAPH
    path.write_bytes(with_word(path.read_bytes(), HEADER.size + 4, COUNT))
    write_parameters(tmp_path, replace(read_parameters(tmp_path), sha256=sha256_of(path)))
    for _ in range(2):
        with pytest.raises(BundleDamaged, match="a link leads to element 600 of 50"):
            open_index(tmp_path, lambda: vectors)
    assert len(looked) == 3, "what was found unsound is looked at again"


def test_what_passes_never_ends_the_process(whole: bytes, tmp_path: Path) -> None:
    """Random damage anywhere: either it is refused, or hnswlib can search what it made of it."""
    path = tmp_path / "index.hnsw"
    path.write_bytes(whole)
    program = textwrap.dedent(
        f"""
        import os, sys
        from pathlib import Path
        from random import Random
        import hnswlib, numpy as np
        from saetui.errors import BundleDamaged
        from saetui.store.index.graph_file import check_graph_file
        path = Path(sys.argv[1])
        whole = path.read_bytes()
        refused = searched = 0
        for seed in range(400):
            chance, content = Random(seed), bytearray(whole)
            end = chance.choice([96, 2_000, len(content)])
            start = chance.choice([0, {UPPER}]) if end == len(content) else 0
            for _ in range(chance.choice([1, 1, 4, 64])):
                content[chance.randrange(start, end)] = chance.choice([0, 1, 16, 127, 255])
            path.write_bytes(content)
            try:
                check_graph_file(path, {COUNT}, {WIDTH}, {LINKS})
            except BundleDamaged:
                refused += 1
                continue
            index = hnswlib.Index(space="ip", dim={WIDTH})
            index.load_index(os.fspath(path), max_elements={COUNT})
            index.set_ef(300)
            for query in np.random.default_rng(seed).standard_normal((20, {WIDTH})):
                try:
                    index.knn_query(query[None], k=10, num_threads=1)
                except RuntimeError:
                    pass
            searched += 1
        print(refused > 200, searched > 50)
        """
    )
    done = subprocess.run(
        [sys.executable, "-c", program, os.fspath(path)],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[3],
    )
    assert (done.stdout, done.returncode) == ("True True\n", 0), (done.stdout, done.stderr)
