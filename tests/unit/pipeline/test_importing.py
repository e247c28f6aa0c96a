"""What the paper published becomes a bundle; what cannot be right is refused in a sentence."""

import json
import os
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from corpora import train_small_bundle
from published import Published, label_of, publish

from saetui.core.changes import Change
from saetui.core.search_request import SearchRequest
from saetui.errors import EmbedderError, InputError
from saetui.pipeline.importing import import_saerch
from saetui.pipeline.options import BuildOptions
from saetui.progress import Silent
from saetui.session.session import open_session
from saetui.store.bundle import Bundle
from saetui.store.check import check_bundle


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train_small_bundle(tmp_path_factory.mktemp("trained"))


@pytest.fixture(scope="module")
def whole(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Published:
    """Every file that was published; not to be changed."""
    return publish(trained, tmp_path_factory.mktemp("whole") / "published")


@pytest.fixture
def published(whole: Published, tmp_path: Path) -> Published:
    """A copy to be changed."""
    shutil.copytree(whole.path, tmp_path / "published")
    return Published(tmp_path / "published", whole.bundle, whole.k, whole.n)


@pytest.fixture(scope="module")
def imported(whole: Published, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("imported") / "my.bundle"
    import_saerch(whole.path, path, BuildOptions(), Silent())
    return path


class Notes(Silent):
    """Progress that remembers what it was told."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, message: str) -> None:
        self.notes.append(message)


def bring(published: Published, path: Path, **options: object) -> Notes:
    notes = Notes()
    import_saerch(published.path, path, BuildOptions(), notes, **options)  # type: ignore[arg-type]
    return notes


def change(published: Published, way: Callable[[dict[str, torch.Tensor]], None]) -> None:
    """Save the weights again, changed."""
    state = torch.load(published.weights, weights_only=True)
    way(state)
    torch.save(state, published.weights)


def test_the_bundle_is_whole(imported: Path) -> None:
    findings = list(check_bundle(imported))
    assert [finding.problem for finding in findings if not finding.ok] == []
    (tested,) = [f for f in findings if f.subject == "self-test k4-n32"]
    assert "4.0 features active, directions of unit norm, codes agree" in tested.detail


def test_codes_and_vectors_are_those_of_the_sae(imported: Path, trained: Path) -> None:
    ours, theirs = Bundle(imported), Bundle(trained)
    assert np.array_equal(ours.embeddings, theirs.embeddings)
    assert np.array_equal(ours.sae().codes.indices, theirs.sae().codes.indices)
    assert np.array_equal(ours.sae().postings.rows, theirs.sae().postings.rows)
    for part in ("encoder", "encoder_bias", "directions", "bias"):
        ours_part, theirs_part = (getattr(b.sae().weights, part) for b in (ours, theirs))
        assert np.array_equal(ours_part, theirs_part)


def test_documents_have_their_metadata(imported: Path, trained: Path) -> None:
    ours, theirs = Bundle(imported).documents.document(7), Bundle(trained).documents.document(7)
    assert (ours.id, ours.title, ours.text) == (theirs.id, theirs.title, theirs.text)
    assert ours.published == "2007"
    assert ours.metadata["citation_count"] == 7


def test_labels_scores_and_reasons_are_there(imported: Path) -> None:
    session = open_session(imported)
    for record in session.features:
        assert record.label == label_of(record.id)
        assert record.f1 == 0.9
        assert record.pearson == (0.85 if record.id % 2 else None)
        assert record.judge == "its publisher"
        (label,) = session.feature(record.id).labels
        assert label.method == "imported from feature_analysis_results_4.json"
        assert label.reasoning.startswith("Most abstracts say ")


def test_families_of_both_files_are_there(imported: Path, whole: Published) -> None:
    families = open_session(imported).sae.families.families
    plain = json.loads((whole.path / "clean_families.json").read_text("utf-8"))
    sized = json.loads(whole.file("clean_families_{k}_{n}.json").read_text("utf-8"))
    children = plain | {name: family["children"] for name, family in sized.items()}
    assert {family.label for family in families} == set(children)
    for family in families:
        assert label_of(family.root) == family.label
        assert set(family.members[1:]) == {index for _, index in children[family.label]}
        assert family.newest_label.method.startswith("imported from clean_families")


def test_edges_weigh_as_in_the_paper(imported: Path) -> None:
    bundle = Bundle(imported)
    codes = bundle.sae().codes.indices
    for family in bundle.sae().families:
        for parent, child, weight in family.edges:
            active = [(codes == feature).any(axis=1) for feature in (parent, child)]
            together = int((active[0] & active[1]).sum())
            assert weight == together / (min(active[0].sum(), active[1].sum()) + 1)


def test_it_is_searched_without_its_embedder(imported: Path, trained: Path) -> None:
    ours, theirs = open_session(imported), open_session(trained)
    requests = (
        # By activations alone: the labels, which say what shows a feature, too, are others.
        SearchRequest("", {2: Change("add", 0.5)}, mode="codes"),
        SearchRequest("", like=3),
        SearchRequest("coral", retrieval="lexical"),
    )
    for request in requests:
        rows = [[result.row for result in s.search(request).results] for s in (ours, theirs)]
        assert rows[0] == rows[1] != []


def test_the_app_says_why_text_does_not_work(imported: Path) -> None:
    with pytest.raises(EmbedderError) as raised:
        open_session(imported).search(SearchRequest("coral reefs"))
    assert "OPENAI_API_KEY is not set" in raised.value.message
    assert "searching by features, by a document (its id) and by words" in raised.value.hint


def test_the_same_again_does_nothing(whole: Published, imported: Path) -> None:
    assert import_saerch(whole.path, imported, BuildOptions(), Silent()).steps == ()


class Stopped(BaseException):
    """Stands for whatever ends a process without asking."""


class StopsAfter(Silent):
    """Progress that ends the import at its n-th event."""

    def __init__(self, events: int) -> None:
        self.left = events

    def start(self, task: str, total: int | None, unit: str, done: int = 0) -> None:
        self.advance()

    def advance(self, amount: int = 1, **figures: float) -> None:
        self.left -= 1
        if self.left < 0:
            raise Stopped


@pytest.mark.parametrize("events", [0, 1, 3, 200, 402, 404, 405, 407])
def test_a_stopped_import_goes_on(
    whole: Published, imported: Path, tmp_path: Path, events: int
) -> None:
    path = tmp_path / imported.name
    with pytest.raises(Stopped):
        import_saerch(whole.path, path, BuildOptions(), StopsAfter(events))
    import_saerch(whole.path, path, BuildOptions(), Silent())
    for name, record in Bundle(imported).manifest.files.items():
        assert Bundle(path).manifest.files[name].sha256 == record.sha256, name


def test_codes_that_were_not_published_are_computed(
    published: Published, imported: Path, tmp_path: Path
) -> None:
    for part in ("indices", "values"):
        published.file(f"topk_{part}_{{k}}_{{n}}.npy").unlink()
    notes = bring(published, tmp_path / "my.bundle").notes
    assert "Codes of k4-n32 were computed." in notes
    ours, theirs = (Bundle(path).sae().codes for path in (tmp_path / "my.bundle", imported))
    # Vectors were rounded to half precision, which may turn a tie.
    assert np.mean(ours.indices == theirs.indices) > 0.99


def test_labels_and_families_that_were_not_published_are_found(
    published: Published, tmp_path: Path
) -> None:
    for pattern in ("feature_analysis*", "clean_families*", "paper_metadata*"):
        for path in published.path.glob(pattern):
            path.unlink()
    bring(published, tmp_path / "my.bundle")
    features = open_session(tmp_path / "my.bundle").features
    assert sum(bool(feature.label) for feature in features) > len(features) // 2


# What is wrong with the weights or the embeddings.


@pytest.mark.parametrize(("k", "said"), [(2, "k = 2 is too small"), (8, "k = 8 is too large")])
def test_a_wrong_k(published: Published, tmp_path: Path, k: int, said: str) -> None:
    published.weights.rename(published.path / f"{k}_{published.n}_8_auxk_epoch_50.pth")
    with pytest.raises(InputError, match=said) as raised:
        bring(published, tmp_path / "my.bundle")
    assert "Codes with k = 4 lie beside it" in raised.value.hint
    assert not (tmp_path / "my.bundle" / "manifest.json").exists()


def test_a_wrong_k_in_every_name(published: Published, tmp_path: Path) -> None:
    for path in published.path.glob(f"*4_{published.n}*"):
        path.rename(path.with_name(path.name.replace(f"4_{published.n}", f"8_{published.n}")))
    with pytest.raises(InputError, match="has 4 features for each document, but the name"):
        bring(published, tmp_path / "my.bundle")


def test_a_transposed_matrix(published: Published, tmp_path: Path) -> None:
    def turn(state: dict[str, torch.Tensor]) -> None:
        state["encoder.weight"] = state["encoder.weight"].T.contiguous()

    change(published, turn)
    with pytest.raises(InputError, match="encoder is transposed"):
        bring(published, tmp_path / "my.bundle")


@pytest.mark.parametrize("name", ["encoder.weight", "decoder.weight"])
def test_a_transposed_matrix_that_is_not_square(tmp_path: Path, name: str) -> None:
    from saetui.interop.saerch_arrays import read_weights
    from saetui.interop.saerch_folder import WeightFile

    state = {
        "encoder.weight": torch.zeros(6, 4),
        "decoder.weight": torch.zeros(4, 6),
        "pre_bias": torch.zeros(4),
        "latent_bias": torch.zeros(6),
    }
    path = tmp_path / "2_6_4.pth"
    torch.save(state, path)
    read_weights(WeightFile(path, 2, 6), 4)
    torch.save({**state, name: state[name].T.contiguous()}, path)
    with pytest.raises(InputError, match=f"{name} is transposed: it is"):
        read_weights(WeightFile(path, 2, 6), 4)
    torch.save(state, path)
    with pytest.raises(InputError, match="has 6 features, but its name says n = 8"):
        read_weights(WeightFile(path, 2, 8), 4)
    with pytest.raises(InputError, match="encodes vectors of width 4, but the embeddings"):
        read_weights(WeightFile(path, 2, 6), 5)
    torch.save({**state, "pre_bias": torch.zeros(3)}, path)
    with pytest.raises(InputError, match="pre_bias is 3, and 4 belongs there"):
        read_weights(WeightFile(path, 2, 6), 4)
    torch.save({name: state[name] for name in state if name != "pre_bias"}, path)
    with pytest.raises(InputError, match="lacks the tensor pre_bias"):
        read_weights(WeightFile(path, 2, 6), 4)
    torch.save({**state, "latent_bias": torch.full((6,), torch.nan)}, path)
    with pytest.raises(InputError, match="latent_bias holds values that are not numbers"):
        read_weights(WeightFile(path, 2, 6), 4)
    torch.save({f"module.{name}": value for name, value in state.items()}, path)
    assert read_weights(WeightFile(path, 2, 6), 4).n == 6


class Code:
    """What runs a command when it is unpickled."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self):
        return os.system, (f"touch {self.file}",)


@pytest.mark.parametrize("how", ["torch", "pickle"])
def test_code_in_a_pickle_is_refused(published: Published, tmp_path: Path, how: str) -> None:
    trace = tmp_path / "it-ran"
    if how == "torch":
        torch.save({"encoder.weight": Code(trace)}, published.weights)
        said = "was refused: only tensors are allowed, and it asks to run .*system"
    else:
        published.weights.write_bytes(pickle.dumps(Code(trace)))
        said = "was refused: only tensors are allowed"
    with pytest.raises(InputError, match=said):
        bring(published, tmp_path / "my.bundle")
    assert not trace.exists()


@pytest.mark.parametrize(
    ("extra", "said"),
    [
        ({"epoch": 3}, "its entry 'epoch' is an object of type int"),
        (None, "not a state dictionary"),
    ],
)
def test_anything_but_tensors_is_refused(published: Published, tmp_path: Path, extra, said) -> None:
    state = torch.load(published.weights, weights_only=True)
    torch.save([1, 2] if extra is None else {**state, **extra}, published.weights)
    with pytest.raises(InputError, match=said):
        bring(published, tmp_path / "my.bundle")


@pytest.mark.parametrize(
    "pattern",
    [
        "abstract_embeddings.npy",
        "abstract_texts.json",
        "{k}_{n}_8_auxk_epoch_50.pth",
        "topk_indices_{k}_{n}.npy",
        "topk_values_{k}_{n}.npy",
        "feature_analysis_results_{k}.json",
        "clean_families.json",
        "clean_families_{k}_{n}.json",
    ],
)
def test_a_truncated_file(published: Published, tmp_path: Path, pattern: str) -> None:
    path = published.file(pattern)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(InputError, match="is cut short") as raised:
        bring(published, tmp_path / "my.bundle")
    assert path.name in raised.value.message
    assert raised.value.hint == "Copy it again."


def test_fewer_vectors_than_documents(published: Published, tmp_path: Path) -> None:
    path = published.path / "abstract_embeddings.npy"
    vectors = np.load(path)
    for file in published.path.glob("topk*"):
        file.unlink()
    np.save(path, vectors[:300])
    with pytest.raises(
        InputError, match=r"holds 300 vectors, but abstract_texts\.json has at least"
    ):
        bring(published, tmp_path / "my.bundle")
    np.save(path, np.concatenate([vectors, vectors[:1]]))
    with pytest.raises(InputError, match=r"holds 401 vectors, but abstract_texts\.json has 400"):
        bring(published, tmp_path / "my.bundle")


def test_codes_of_fewer_documents(published: Published, tmp_path: Path) -> None:
    path = published.file("topk_indices_{k}_{n}.npy")
    np.save(path, np.load(path)[:300])
    with pytest.raises(InputError, match="has codes of 300 documents, but there are 400"):
        bring(published, tmp_path / "my.bundle")


def test_codes_of_another_sae(published: Published, tmp_path: Path) -> None:
    path = published.file("topk_indices_{k}_{n}.npy")
    np.save(path, np.load(path) + published.n)
    with pytest.raises(InputError, match="names a feature that an SAE of n = 32 does not have"):
        bring(published, tmp_path / "my.bundle")


def test_a_vector_that_is_not_a_number(published: Published, tmp_path: Path) -> None:
    path = published.path / "abstract_embeddings.npy"
    vectors = np.load(path)
    vectors[5] = np.nan
    np.save(path, vectors)
    with pytest.raises(InputError, match=r"Row 5 of .* is zero or not a number"):
        bring(published, tmp_path / "my.bundle")


def test_vectors_of_another_model(published: Published, tmp_path: Path) -> None:
    path = published.path / "abstract_embeddings.npy"
    np.save(path, np.random.default_rng(0).standard_normal(np.load(path).shape))
    with pytest.raises(InputError, match="was not trained on these embeddings"):
        bring(published, tmp_path / "my.bundle")
    notes = bring(published, tmp_path / "my.bundle", force=True).notes
    assert any(note.endswith("It is imported all the same.") for note in notes)
    # Codes that are not those of the vectors are not taken over, whatever is forced.
    assert "Codes of k4-n32 were computed." in notes


def test_labels_of_another_sae(published: Published, tmp_path: Path) -> None:
    path = published.path / "feature_analysis_results_4.json"
    entries = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps([*entries, {"index": published.n, "label": "One more"}]), "utf-8")
    with pytest.raises(InputError, match="names feature 32, but the SAE has features 0 to 31"):
        bring(published, tmp_path / "my.bundle")
    densities = [entry["density"] for entry in entries][::-1]
    moved = [{**entry, "density": d} for entry, d in zip(entries, densities, strict=True)]
    path.write_text(json.dumps(moved), "utf-8")
    notes = bring(published, tmp_path / "my.bundle").notes
    assert any("its labels may be of another SAE" in note for note in notes)


def test_families_of_another_sae_are_left_out(published: Published, tmp_path: Path) -> None:
    families = {label_of(1): [[label_of(31 - child), child] for child in range(3, 9)]}
    (published.path / "clean_families.json").write_text(json.dumps(families), "utf-8")
    notes = bring(published, tmp_path / "my.bundle").notes
    assert any("clean_families.json was left out" in note for note in notes)
    assert len(open_session(tmp_path / "my.bundle").sae.families.families) == 1


# Which weights.


def test_several_weights(published: Published, tmp_path: Path) -> None:
    shutil.copy(published.weights, published.path / f"csLG_{published.k}_{published.n}_8.pth")
    with pytest.raises(InputError, match=r"are both k4-n32\.") as raised:
        bring(published, tmp_path / "my.bundle")
    assert "--sae" in raised.value.hint
    with pytest.raises(InputError, match=r"Several files of .* are k4-n32"):
        bring(published, tmp_path / "my.bundle", saes=("k4-n32",))
    bring(published, tmp_path / "my.bundle", saes=(published.weights.name,))
    with pytest.raises(InputError, match="has no weights k8-n32") as raised:
        bring(published, tmp_path / "my.bundle", saes=("k8-n32",))
    assert "csLG_4_32_8.pth (k4-n32)" in raised.value.hint


def test_no_weights(published: Published, tmp_path: Path) -> None:
    published.weights.rename(published.path / "weights.pth")
    with pytest.raises(InputError, match="holds no weights whose name gives their size"):
        bring(published, tmp_path / "my.bundle")


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("64_9216_128_auxk_epoch_50.pth", "k64-n9216"),
        ("astroPH_64_9216_128.pth", "k64-n9216"),
        ("csLG_128_3072_256.pth", "k128-n3072"),
    ],
)
def test_names_of_weights(name: str, size: str) -> None:
    from saetui.interop.saerch_folder import weight_file

    found = weight_file(Path(name))
    assert found is not None
    assert found.sae == size


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="There is no folder"):
        import_saerch(tmp_path / "nothing", tmp_path / "my.bundle", BuildOptions(), Silent())
    with pytest.raises(InputError, match=r"holds no abstract_embeddings\.npy"):
        import_saerch(tmp_path, tmp_path / "my.bundle", BuildOptions(), Silent())


def test_an_unknown_embedder(whole: Published, tmp_path: Path) -> None:
    with pytest.raises(EmbedderError, match="There is no embedder 'word2vec'"):
        bring(whole, tmp_path / "my.bundle", embedder="word2vec")


def test_the_embedder_is_recorded(imported: Path) -> None:
    embedder = Bundle(imported).manifest.embedder
    assert embedder == {"spec": "openai:text-embedding-3-small", "dimensions": 32}
