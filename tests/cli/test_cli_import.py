"""`saetui import saerch` as a user runs it, and weights from the hub."""

import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest
from command_line import Outcome, Run
from corpora import train_small_bundle
from hub_server import COMMIT, new_hub_client, serve_repository
from published import Published, publish

REPOSITORY = "someone/embedding-saes"
needs_hub = pytest.mark.skipif(
    find_spec("huggingface_hub") is None, reason="huggingface-hub is not installed (saetui[hub])"
)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Published:
    folder = tmp_path_factory.mktemp("published")
    return publish(train_small_bundle(folder), folder / "published")


@pytest.fixture
def without_weights(published: Published, tmp_path: Path) -> Path:
    """The folder without the weights, which are on the hub."""
    folder = tmp_path / "published"
    shutil.copytree(published.path, folder, ignore=shutil.ignore_patterns("*.pth"))
    return folder


def test_what_is_printed(run: Run, published: Published, tmp_path: Path) -> None:
    path = tmp_path / "my.bundle"
    outcome = run("import", "saerch", published.path, "-o", path)
    assert outcome.code == 0, outcome.err
    assert "k4-n32: 32 labels, 2 families" in outcome.out
    assert f"Imported {path}, 400 documents." in outcome.out
    assert "Self-test of k4-n32: loaded right; explains " in outcome.err
    assert "Texts cannot be searched by meaning here yet: OPENAI_API_KEY is not set." in outcome.err
    again = run("import", "saerch", published.path, "-o", path)
    assert again.out.startswith("Nothing to do:")
    checked = run("check", path)
    assert checked.code == 0
    assert "ok       self-test k4-n32: explains " in checked.out
    assert "Most abstracts say" in run("feature", path, "3").out
    shown = run("feature", path, "3", "--json").json
    assert shown["labels"][0]["reasoning"].startswith("Most abstracts say")
    assert run("search", path, "--like", "doc-5", "--json").json["results"]
    failed = run("search", path, "coral reefs")
    assert failed.code == 1
    assert "OPENAI_API_KEY" in failed.err
    assert "by words alone still works" in failed.err


def test_json(run: Run, published: Published, tmp_path: Path) -> None:
    found = run("import", "saerch", published.path, "-o", tmp_path / "a.bundle", "--json").json
    (sae,) = found["saes"]
    assert sae["self_test"]["mistake"] == ""
    assert sae["labels"]["imported_from"] == "feature_analysis_results_4.json"
    assert found["corpus"]["format"] == "saerch"


def test_a_failed_self_test(run: Run, published: Published, tmp_path: Path) -> None:
    shutil.copytree(published.path, tmp_path / "published")
    copy = Published(tmp_path / "published", published.bundle, published.k, published.n)
    copy.weights.rename(copy.path / "2_32_8.pth")
    outcome = run("import", "saerch", copy.path, "-o", tmp_path / "my.bundle")
    assert outcome.code == 1
    assert "The self-test of 2_32_8.pth failed. k = 2 is too small" in outcome.err
    assert "To import it all the same, add --force." in outcome.err
    forced = run("import", "saerch", copy.path, "-o", tmp_path / "my.bundle", "--force")
    assert forced.code == 0
    checked = run("check", tmp_path / "my.bundle")
    assert checked.code == 1
    assert "problem  self-test k2-n32: k = 2 is too small" in checked.out


@needs_hub
def test_weights_from_a_hub(
    run: Run, published: Published, without_weights: Path, tmp_path: Path
) -> None:
    def import_from_hub(path: Path) -> Outcome:
        words = ("import", "saerch", without_weights, "-o", path, "--from-hub", REPOSITORY)
        return run(*words, "--json")

    home = str(tmp_path / "hf")
    files = {published.weights.name: published.weights.read_bytes(), "README.md": b"Weights"}
    with (
        serve_repository(REPOSITORY, files) as address,
        new_hub_client(HF_HOME=home, HF_ENDPOINT=address, HF_HUB_OFFLINE="0"),
    ):
        (sae,) = import_from_hub(tmp_path / "my.bundle").json["saes"]
        assert sae["imported_from"] == published.weights.name
    # The server is gone; what was downloaded is used.
    with new_hub_client(HF_HOME=home, HF_HUB_OFFLINE="1"):
        again = import_from_hub(tmp_path / "again.bundle")
        assert again.code == 0, again.err
    empty = str(tmp_path / "empty")
    with (
        serve_repository("someone/else", files) as address,
        new_hub_client(HF_HOME=empty, HF_ENDPOINT=address, HF_HUB_OFFLINE="0"),
    ):
        failed = import_from_hub(tmp_path / "other.bundle")
    assert failed.code == 1
    assert f"The hub has no repository {REPOSITORY} that may be read." in failed.err


@needs_hub
def test_weights_in_the_hubs_cache(
    run: Run,
    published: Published,
    without_weights: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cache = tmp_path / "hub"
    monkeypatch.setenv("HF_HUB_CACHE", str(cache))
    words = ("import", "saerch", without_weights, "-o", tmp_path / "my.bundle")
    nothing = run(*words, "--from-hub", REPOSITORY)
    assert nothing.code == 1
    assert f"No weights of {REPOSITORY} were downloaded before" in nothing.err
    repository = cache / f"models--{REPOSITORY.replace('/', '--')}"
    blob = repository / "blobs" / "abc"
    snapshot = repository / "snapshots" / COMMIT
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text(COMMIT)
    for folder in (blob.parent, snapshot):
        folder.mkdir(parents=True)
    shutil.copy(published.weights, blob)
    (snapshot / published.weights.name).symlink_to(blob)
    found = run(*words, "--from-hub", REPOSITORY)
    assert found.code == 0, found.err
    assert "k4-n32: 32 labels, 2 families" in found.out
