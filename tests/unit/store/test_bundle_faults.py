"""No file can go bad in a way that ends in anything but a sentence that names it."""

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from bundles import make_bundle
from damage import (
    FILES,
    OTHER_SIZE,
    SAME_SIZE,
    SEEN_AT_ONCE,
    explore,
    extended,
    flipped,
    fresh,
    noise,
    write_sizes_and_hashes,
)

from saetui.errors import BundleDamaged, BundleError, InputError
from saetui.store.bundle import Bundle
from saetui.store.check import check_bundle
from saetui.store.manifest import read_manifest

Damage = Callable[[Path, Random], None]

# Flipped bits can turn embeddings into infinities; what numpy says of those is no error.
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_bundle(
        tmp_path_factory.mktemp("whole") / "small.bundle", documents=20, index="projected"
    )


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    return fresh(whole, tmp_path / "small.bundle")


def problems(folder: Path) -> list[tuple[str, str]]:
    return [
        (finding.subject, finding.problem) for finding in check_bundle(folder) if finding.problem
    ]


def is_one_sentence_about(message: str, name: str) -> bool:
    stem = Path(name).name
    return stem in message and message.endswith(".") and "\n" not in message


def test_the_bundle_is_whole_and_these_are_its_files(folder: Path) -> None:
    assert tuple(sorted(read_manifest(folder).files)) == FILES
    assert explore(folder) == []
    assert problems(folder) == []


@pytest.mark.parametrize("damage", SEEN_AT_ONCE)
@pytest.mark.parametrize("name", FILES)
def test_a_file_of_another_size_is_named_on_opening(
    folder: Path, name: str, damage: Damage
) -> None:
    damage(folder / name, Random(name))
    with pytest.raises(BundleDamaged) as raised:
        Bundle(folder)
    assert is_one_sentence_about(raised.value.message, name)
    assert raised.value.hint
    (found,) = problems(folder)
    assert Path(name).name in found[1]


@pytest.mark.parametrize("damage", SAME_SIZE)
@pytest.mark.parametrize("name", FILES)
def test_other_content_of_the_same_size_is_found_by_checking(
    folder: Path, name: str, damage: Damage
) -> None:
    damage(folder / name, Random(name))
    assert problems(folder) == [(name, "its content is not what was written (SHA-256 differs).")]


@pytest.mark.parametrize("damage", SAME_SIZE)
@pytest.mark.parametrize("name", FILES)
def test_other_content_is_refused_or_used_but_never_trips_a_reader(
    whole: Path, tmp_path: Path, name: str, damage: Damage
) -> None:
    folder = fresh(whole, tmp_path / "small.bundle")
    content = (folder / name).read_bytes()
    for seed in range(12 if damage is flipped else 1):
        (folder / name).write_bytes(content)
        damage(folder / name, Random(f"{name} {seed}"))
        errors = explore(folder)
        assert all(isinstance(error, BundleError) for error in errors), errors
        assert all(is_one_sentence_about(error.message, name) for error in errors), errors
        if name == "index.hnsw":
            assert errors


@pytest.mark.parametrize("damage", OTHER_SIZE)
@pytest.mark.parametrize("name", FILES)
def test_damage_that_the_manifest_agrees_with_never_trips_a_reader(
    folder: Path, name: str, damage: Damage
) -> None:
    for seed in range(3):
        damage(folder / name, Random(f"{name} {seed}"))
        write_sizes_and_hashes(folder)
        errors = explore(folder)
        # What follows the data is ignored, and so is what is missing from its full-text index.
        assert errors or damage is extended or name == "documents.sqlite"
        for error in errors:
            assert isinstance(error, BundleDamaged)
            assert is_one_sentence_about(error.message, name), error
        assert all(problem.endswith(".") for _, problem in problems(folder))


@pytest.mark.parametrize("other", FILES)
@pytest.mark.parametrize("name", FILES)
def test_the_content_of_another_file_never_trips_a_reader(
    folder: Path, name: str, other: str
) -> None:
    if name == other:
        return
    (folder / name).write_bytes((folder / other).read_bytes())
    write_sizes_and_hashes(folder)
    errors = explore(folder)
    # Codes and postings have files that may stand for one another as far as a reader can see.
    assert errors or {Path(name).suffix, Path(other).suffix} == {".npy"}
    for error in errors:
        assert isinstance(error, BundleDamaged), error
    problems(folder)


def test_no_damage_to_an_index_ends_the_process(folder: Path) -> None:
    program = textwrap.dedent(
        """
        import os, sys
        from pathlib import Path
        from random import Random
        from damage import explore
        from saetui.store import atomic
        atomic._WORTH_REMEMBERING = 1
        folder = Path(sys.argv[1])
        path = folder / "index.hnsw"
        whole, times = path.read_bytes(), path.stat()
        assert explore(folder) == []
        for seed in range(60):
            chance, content = Random(seed), bytearray(whole)
            for _ in range(chance.choice([1, 4, 64])):
                content[chance.randrange(len(content))] = chance.randrange(256)
            if content == whole:
                continue
            path.write_bytes(content)
            # As if nothing had happened: not even the time of the last change tells.
            os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
            errors = explore(folder)
            assert errors and all("index.hnsw is not the index" in str(e) for e in errors), errors
        path.write_bytes(whole)
        assert explore(folder) == []
        print("alive")
        """
    )
    here = Path(__file__).parent
    search_path = os.pathsep.join([str(here), str(here.parents[1]), *sys.path])
    outcome = subprocess.run(
        [sys.executable, "-c", program, str(folder)],
        env={**os.environ, "PYTHONPATH": search_path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (outcome.stdout, outcome.returncode) == ("alive\n", 0), outcome.stderr


def test_files_that_lie_about_one_another_are_found(folder: Path, whole: Path) -> None:
    """Each file is sound by itself here; only together they make no sense."""
    other = make_bundle(folder.parent / "other.bundle", documents=21, seed=1, index="projected")
    for name in FILES:
        fresh(whole, folder)
        (folder / name).write_bytes((other / name).read_bytes())
        write_sizes_and_hashes(folder)
        assert all(isinstance(error, BundleDamaged) for error in explore(folder))
        # These three hold nothing that tells of which documents they are.
        of_any = name.endswith(("cfg.json", "families.json", "sae_weights.safetensors"))
        assert problems(folder) or of_any, name


def test_a_manifest_that_claims_other_sizes_is_found(folder: Path) -> None:
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    for change in (
        {"documents": 21},
        {"documents": 19},
        {"documents": 0},
        {"dimensions": 31},
        {"saes": [{"name": "k4-n24", "n": 23, "k": 4}]},
        {"saes": [{"name": "k4-n24", "n": 24, "k": 5}]},
        {"saes": [{"name": "k9-n99", "n": 24, "k": 4}]},
    ):
        path.write_text(json.dumps({**manifest, **change}), encoding="utf-8")
        errors = explore(folder)
        # An embedder may be the first to notice that the widths differ.
        assert all(isinstance(error, BundleDamaged | InputError) for error in errors), errors
        assert any(isinstance(error, BundleDamaged) for error in errors), change
        assert problems(folder), change


@pytest.mark.parametrize("name", ["\0", "a\0b", "x" * 5_000, "\ud800", "embeddings.npy/x"])
def test_names_that_no_file_can_have_are_refused(folder: Path, name: str) -> None:
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    manifest["files"][name] = {"size": 1, "sha256": "0"}
    path.write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(BundleDamaged):
        Bundle(folder)
    assert len(problems(folder)) == 1


def test_links_in_a_circle_are_refused(folder: Path) -> None:
    path = folder / "embeddings.npy"
    path.unlink()
    path.symlink_to(path)
    with pytest.raises(BundleDamaged, match=r"embeddings\.npy cannot be read"):
        Bundle(folder)


def test_a_pipe_is_not_waited_for(folder: Path) -> None:
    path = folder / "index.json"
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(BundleDamaged, match=r"index\.json is not a file"):
        Bundle(folder)


def test_noise_in_the_manifest_is_refused(folder: Path) -> None:
    path = folder / "manifest.json"
    content = path.read_bytes()
    for seed in range(60):
        path.write_bytes(content)
        (noise if seed % 20 == 0 else flipped)(path, Random(seed))
        assert all(isinstance(error, BundleError) for error in explore(folder))
