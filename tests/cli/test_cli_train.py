"""Training from the command line: into a bundle, from vectors, and to compare."""

import contextlib
import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from command_line import Run
from corpora import write_corpus

from saetui.cli import main
from saetui.cli.plots import Series, plot
from saetui.pipeline.build import build_bundle
from saetui.progress import Silent
from saetui.store.saes import load_weights
from saetui.train.options import TrainingOptions
from saetui.train.size import SaeSize


@pytest.fixture(scope="module")
def vectors(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("vectors") / "vectors.npy"
    generator = np.random.default_rng(0)
    truth = generator.standard_normal((24, 12))
    codes = generator.random((300, 24)) * (generator.random((300, 24)) < 0.1)
    np.save(path, (codes @ truth).astype(np.float16))
    return path


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    small = write_corpus(tmp_path_factory.mktemp("corpus"))
    path = small.corpus.with_name("small.bundle")
    command = ["build", small.corpus, "-o", path, "--embedder", f"precomputed:{small.vectors}"]
    command += ["--sae", "k4-n24", "--epochs", "4", "--no-stability"]
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        assert main([str(word) for word in command]) == 0
    assert "recall@10 kept" in printed.getvalue()
    return path


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SAETUI_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_an_sae_of_vectors_alone(run: Run, vectors: Path, tmp_path: Path) -> None:
    command = ["train", vectors, "--sae", "k3-n32", "-o", tmp_path / "saes", "--epochs", "5"]
    done = run(*command, "--stability", "--json").json
    (sae,) = done["saes"]
    assert sae["name"] == "k3-n32"
    assert 0 < sae["train"]["nmse"] < 1
    assert sae["held_out"]["l0"] == pytest.approx(3, abs=0.1)
    folder = tmp_path / "saes" / "k3-n32"
    assert load_weights(folder).n == 32
    assert json.loads((folder / "metrics.json").read_text())["best_epoch"] == sae["best_epoch"]
    assert np.load(folder / "stability.npy").mean() == pytest.approx(
        sae["stability"]["mean_max_cosine"], rel=1e-5
    )


def test_variants_are_compared(run: Run, vectors: Path, cache: Path) -> None:
    done = run("train", vectors, "--compare", "--sae", "k3-n32", "--epochs", "5")
    assert done.code == 0, done.err
    assert [row[0] for row in done.rows[::2]] == ["k3-n32", "batchtopk-k3-n32", "matryoshka-k3-n32"]
    assert {row[1] for row in done.rows} == {"training", "held-out"}
    assert not any((cache / "training").iterdir())


def test_a_sweep_is_drawn_and_kept_by_its_bundle(run: Run, built: Path, tmp_path: Path) -> None:
    path = tmp_path / "swept.bundle"
    shutil.copytree(built, path)
    sizes = [word for n in (16, 32, 64) for word in ("--sae", f"k2-n{n}")]
    done = run("train", path, "--sweep", *sizes, "--epochs", "4")
    assert done.code == 0, done.err
    assert [row[:2] for row in done.rows] == [["2", "16"], ["2", "32"], ["2", "64"]]
    assert "k = 2: nMSE = " in done.out
    assert "Held-out nMSE by n" in done.out
    shown = run("stats", path)
    assert done.out.strip() in shown.out
    swept = run("stats", path, "--json").json["sweep"]
    assert [point["n"] for point in swept["points"]] == [16, 32, 64]
    assert swept["laws"][0]["k"] == 2
    assert run("check", path).code == 0


def test_further_saes_join_a_bundle(run: Run, built: Path, tmp_path: Path) -> None:
    path = tmp_path / "more.bundle"
    shutil.copytree(built, path)
    command = ["train", path, "--sae", "matryoshka-k4-n32", "--epochs", "3", "--json"]
    done = run(*command)
    assert [sae["name"] for sae in done.json["saes"]] == ["k4-n24", "matryoshka-k4-n32"]
    assert run("check", path).code == 0
    assert run("features", path, "--sae", "matryoshka-k4-n32", "--json").json
    likes = run("match", path, "3", "--json").json
    assert [each["sae"] for each in likes["matches"]] == ["matryoshka-k4-n32"]
    assert likes["matches"][0]["features"][0]["cosine"] > 0
    assert "In matryoshka-k4-n32" in run("match", path, "3").out
    (compared,) = run("match", path, "--json").json
    assert (compared["from"], compared["to"]) == ("k4-n24", "matryoshka-k4-n32")
    (row,) = run("match", path).rows
    assert [int(cell) for cell in row[2:4]] == [len(compared["recurrent"]), len(compared["split"])]
    again = run(*command[:-1])
    assert "Nothing to do" in again.out


def test_torchrun_adds_an_sae_with_two_processes(built: Path, tmp_path: Path) -> None:
    path = tmp_path / "two.bundle"
    shutil.copytree(built, path)
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    command += ["--nproc-per-node", "2", "-m", "saetui"]
    command += ["train", str(path), "--sae", "k4-n32", "--epochs", "3", "--json"]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "SAETUI_CACHE": str(tmp_path / "cache")}
    done = subprocess.run(
        command,
        cwd=Path(__file__).parents[2],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert [sae["name"] for sae in json.loads(done.stdout)["saes"]] == ["k4-n24", "k4-n32"]


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--sae", "k3-n32"], "There is no folder to write the SAE to"),
        (["--compare", "--sweep"], "two experiments"),
        (["--device", "abacus", "--compare"], "'abacus' is not a device"),
        (["--sae", "k3", "--compare"], "'k3' is not the size of an SAE"),
        (["--sae", "newest-k3-n32", "--compare"], "is not the size of an SAE"),
        (["--sae", "k33-n32", "--compare"], "cannot have k = 33 active"),
    ],
)
def test_what_cannot_be_meant_is_said(
    run: Run, vectors: Path, words: list[str], complaint: str
) -> None:
    done = run("train", vectors, *words)
    assert done.code == 1
    assert complaint in done.err


def test_files_that_hold_no_vectors(run: Run, tmp_path: Path, built: Path) -> None:
    wrong = {
        "words.npy": np.array(["a", "b"]),
        "numbers.npy": np.arange(4),
        "empty.npy": np.zeros((0, 3)),
    }
    for name, array in wrong.items():
        np.save(tmp_path / name, array)
        done = run("train", tmp_path / name, "--compare")
        assert (done.code, "not vectors" in done.err) == (1, True)
    (tmp_path / "short.npy").write_bytes(b"\x93NUMPY")
    assert "cannot be read as an array" in run("train", tmp_path / "short.npy", "--compare").err
    assert "no bundle at" in run("train", tmp_path / "absent", "--compare").err
    assert "keeps its own" in run("train", built, "-o", tmp_path / "x").err


def test_stats_tell_what_a_bundle_is(run: Run, built: Path) -> None:
    shown = run("stats", built)
    assert "160 documents" in shown.out
    assert "features by the share of documents" in shown.out
    assert "the label of half of the features is true of at least" in shown.out.replace("\n", " ")
    figures = run("stats", built, "--json").json
    labels = figures["saes"][0]["labels"]
    assert 0 < labels["true"] <= 1
    assert 0 < labels["counted_share"] <= 1
    assert sum(labels["concepts"].values()) == figures["saes"][0]["n"]
    (sae,) = figures["saes"]
    assert sae["nmse_train"] == sae["train"]["nmse"] > 0
    assert {"name", "n", "k", "nmse_held_out", "l0", "dead_share"} <= set(sae)
    assert figures["sweep"] is None


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle with two SAEs whose documents have categories."""
    small = write_corpus(tmp_path_factory.mktemp("told"), 240, told=True)
    path = small.corpus.with_name("told.bundle")
    options = small.options(
        saes=(SaeSize(n=24, k=4), SaeSize(n=12, k=1)),
        training=TrainingOptions(max_epochs=30),
        stability=False,
    )
    build_bundle(str(small.corpus), path, options, Silent())
    return path


def test_a_field_is_probed(run: Run, told: Path) -> None:
    probes = run("stats", told, "--probe", "categories", "--json").json["probes"]
    assert list(probes) == ["k4-n24", "k1-n12"]
    probe = probes["k4-n24"]
    assert (probe["measure"], len(probe["targets"])) == ("AUC", 3)
    assert [each["features"] for each in probe["scores"]] == [5, 10, 20, None]
    # Documents say in their words which category they have.
    assert all(score > 0.8 for each in probe["scores"] for score in each["halvings"])
    text = run("stats", told, "--probe", "categories").out
    assert "What a few features tell of categories, by AUC" in text
    assert "the mean of 3 categories" in text
    assert "No document has a field called 'x'" in run("stats", told, "--probe", "x").err


def test_saes_are_compared_over_seeds(run: Run, told: Path, cache: Path) -> None:
    words = ("stats", told, "--compare", "--epochs", "30")
    found = run(*words, "--json").json["comparison"]
    nmse = found["figures"]["nMSE held out"]
    assert [len(values) for values in nmse.values()] == [3, 3]
    # The first seed is that of the bundle, the others differ from it.
    own = {
        sae["name"]: sae["held_out"]["nmse"] for sae in run("stats", told, "--json").json["saes"]
    }
    assert {name: values[0] for name, values in nmse.items()} == own
    assert all(len(set(values)) == 3 for values in nmse.values())
    assert "AUC of categories, 5 features" in found["figures"]
    by_figure = {each["figure"]: each for each in found["differences"]}
    worse = by_figure["nMSE held out"]
    assert (worse["sae"], worse["other"], worse["claimed"]) == ("k1-n12", "k4-n24", True)
    assert worse["difference"] > worse["noise"] > 0
    assert not list((cache / "training").rglob("*.*"))
    text = run(*words, "--seeds", "2").out
    assert "SAEs over 2 seeds" in text
    assert "Differences from k4-n24" in text


def test_an_sae_of_more_documents_is_no_seed_of_a_comparison(
    run: Run, told: Path, tmp_path: Path, cache: Path
) -> None:
    path = shutil.copytree(told, tmp_path / "more.bundle") / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["saes"][0]["metrics"]["rows"]["train"] += 100
    path.write_text(json.dumps(manifest))
    done = run("stats", path.parent, "--compare", "--epochs", "5", "--seeds", "2", "--json")
    nmse = done.json["comparison"]["figures"]["nMSE held out"]
    assert "was not trained on its documents alone, so that each is trained 2 times" in done.err
    own = {sae["name"]: sae["metrics"]["held_out"]["nmse"] for sae in manifest["saes"]}
    assert all(len(values) == 2 and own[name] not in values for name, values in nmse.items())


def test_one_seed_claims_no_difference(run: Run, told: Path) -> None:
    found = run("stats", told, "--compare", "--seeds", "1", "--json").json["comparison"]
    assert {each["noise"] for each in found["differences"]} == {None}
    assert not any(each["claimed"] for each in found["differences"])


def test_matching_takes_two_saes(run: Run, built: Path) -> None:
    done = run("match", built)
    assert (done.code, "but matching needs two" in done.err) == (1, True)


def test_stats_of_a_bundle_without_metrics(run: Run, bundle: Path) -> None:
    assert run("stats", bundle).code == 0
    assert run("stats", bundle, "--json").json["saes"][0]["nmse_train"] is None


def test_a_plot_puts_each_point_where_it_belongs() -> None:
    falling = Series("a", [10, 100, 1000], [1, 0.1, 0.01], lambda x: 10 / x)
    lines = plot([falling], width=21, height=5, unicode=False, logarithmic=True)
    area = [line.split("|")[1].ljust(21) for line in lines[:5]]
    assert [(line.find("o"), row) for row, line in enumerate(area) if "o" in line] == [
        (0, 0), (10, 2), (20, 4)
    ]  # fmt: skip
    assert sum(line.count(".") for line in area) == 18
    assert lines[0].strip().startswith("1 |")
    assert lines[4].strip().startswith("0.01 |")
    assert lines[6].split() == ["10", "100", "1000"]
    assert lines[7].strip() == "o a"


def test_plots_of_one_point_and_of_many_sizes() -> None:
    assert any("o" in line for line in plot([Series("a", [64], [0.5])], logarithmic=True))
    many = Series("a", [float(n) for n in range(1, 200)], [0.5] * 199)
    crowded = plot([many], width=40, logarithmic=True)
    assert all(len(line) < 60 for line in crowded)
