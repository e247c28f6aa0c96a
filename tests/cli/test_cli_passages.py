"""Long texts are found by any of their passages."""

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from bundles import HashEmbedder, make_documents
from command_line import Run
from embeddings_server import HashingServer

from saetui.embed.minilm import MiniLM
from saetui.embed.openai import OpenAIEmbedder
from saetui.embed.protocol import lengths_read
from saetui.errors import EmbedderError
from saetui.pipeline import embedding
from saetui.session.search.ranking import Ranker, SearchSizes
from saetui.store.bundle import Bundle

ZEPPELIN = "The zeppelin left its airship hangar at dawn."
# Each long text is of so many short ones.
PARTS = 8


def long_texts(count: int) -> list[dict[str, str]]:
    texts = [each.text for each in make_documents(count)]
    rows = []
    for number in range(count):
        parts = [texts[(number + 7 * k) % count] for k in range(PARTS)]
        if number % 10 == 3:
            parts.append(ZEPPELIN)
        rows.append({"id": f"doc-{number}", "text": " ".join(parts)})
    return rows


def write(path: Path, rows: list[dict[str, str]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


@pytest.fixture(scope="module")
def server() -> Iterator[HashingServer]:
    with pytest.MonkeyPatch.context() as patch, HashingServer() as found:
        patch.setenv("OPENAI_API_KEY", "key")
        patch.setattr(embedding, "LONGEST", 20)
        yield found


@pytest.fixture(scope="module")
def words(server: HashingServer) -> list[str]:
    embedder = ["--embedder", "openai:any", "--base-url", server.url, "--dimensions", "32"]
    return [*embedder, "--sae", "k4-n24", "--epochs", "1"]


@pytest.fixture(scope="module")
def bundle(words: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    from saetui.cli import main

    folder = tmp_path_factory.mktemp("passages")
    corpus = write(folder / "c.jsonl", long_texts(40))
    assert main(["build", str(corpus), "-o", str(folder / "x.bundle"), *words, "--passages"]) == 0
    return folder / "x.bundle"


def test_a_sentence_finds_its_document_and_is_shown(run: Run, bundle: Path) -> None:
    found = run("search", bundle, ZEPPELIN, "--semantic", "--why", "--json", "--limit", "4").json
    ids = [each["id"] for each in found["results"]]
    assert sorted(ids) == sorted(f"doc-{number}" for number in range(3, 40, 10))
    for each in found["results"]:
        assert "zeppelin" in each["passage"] and each["excerpt"] == ZEPPELIN
        assert each["title"] == ZEPPELIN
        terms = sum(term["term"] for term in each["why"])
        assert each["score"] == pytest.approx(terms + each["bias"] + each["remainder"], abs=1e-3)
    assert run("check", bundle).code == 0


def test_beside_a_title_the_passage_is_quoted(
    run: Run, words: list[str], tmp_path: Path, bundle: Path
) -> None:
    rows = [{**row, "title": f"Paper {place}"} for place, row in enumerate(long_texts(20))]
    corpus = write(tmp_path / "c.jsonl", rows)
    done = run("build", corpus, "-o", tmp_path / "t.bundle", *words, "--passages")
    assert done.code == 0, done.err
    for way in ("--semantic", "--lexical"):
        said = run("search", tmp_path / "t.bundle", "zeppelin hangar", way, "--limit", "1").out
        columns = ["rank", "score", "title", "passage", "published", "id"]
        assert said.splitlines()[0].split() == columns
        assert f"\t{ZEPPELIN}\t" in said
    # Without titles the sentence stands in their place, once.
    said = run("search", bundle, "zeppelin hangar", "--limit", "1").out
    assert said.count(ZEPPELIN) == 1
    stats = run("stats", tmp_path / "t.bundle").out
    passages = Bundle(tmp_path / "t.bundle").passages
    assert passages is not None
    assert f"They were embedded by {len(passages):,} passages." in stats


def test_words_beyond_the_cut_name_no_feature(
    run: Run, words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server reads all, so features are of the last word, too; the embedder says otherwise."""
    monkeypatch.setattr(OpenAIEmbedder, "most_tokens", 20, raising=False)
    texts = [each.text for each in make_documents(60)]
    beyond = [f"{text[:60]} {'and so on ' * 6} {'The clove harvest. ' * 4}" for text in texts[::3]]
    rows = [{"id": str(n), "text": text} for n, text in enumerate([*texts, *beyond])]
    out = tmp_path / "x.bundle"
    done = run("build", write(tmp_path / "c.jsonl", rows), "-o", out, *words)
    assert done.code == 0, done.err
    features = Bundle(out).sae().features
    assert sum(bool(feature.label) for feature in features) > 5
    for feature in features:
        assert "clove" not in " ".join([feature.label, *feature.terms]).casefold()


def test_an_index_of_passages_finds_what_comparing_all_does(
    run: Run, words: list[str], tmp_path: Path, bundle: Path
) -> None:
    out, corpus = tmp_path / "g.bundle", write(tmp_path / "c.jsonl", long_texts(40))
    done = run("build", corpus, "-o", out, *words, "--passages", "--index", "graph")
    assert done.code == 0, done.err
    opened = Bundle(out)
    assert opened.passages is not None
    assert opened.index.parameters.documents == len(opened.passages)
    assert not opened.index.exact
    for query in (ZEPPELIN, "coral reef bleaching", "attention head layer"):
        asked = [query, "--semantic", "--limit", "8", "--json"]
        whole = run("search", bundle, *asked).json["results"]
        named = run("search", out, *asked).json["results"]
        assert [each["id"] for each in named] == [each["id"] for each in whole]
        assert [each["score"] for each in named] == [each["score"] for each in whole]
    assert run("check", out).code == 0
    # So few are compared whatever names them; the index is asked where there are more.
    ranker, limit = Ranker(opened, SearchSizes(few=0, small_share=0, passing=1)), 5
    vector = np.asarray(opened.passages.vectors[7], np.float32)
    for eligible in (None, np.arange(40) % 2 == 0):
        exact = ranker.nearest(vector, limit, exact=True, eligible=eligible)
        found = ranker.nearest(vector, limit, exact=False, eligible=eligible)
        np.testing.assert_array_equal(found.rows, exact.rows)
        np.testing.assert_array_equal(found.scores, exact.scores)
    # What grows is indexed anew.
    more = write(tmp_path / "m.jsonl", [{"id": "new", "text": f"Brand new words. {ZEPPELIN}"}])
    assert run("add", out, more).code == 0
    found = run("search", out, ZEPPELIN, "--semantic", "--limit", "6", "--json").json["results"]
    assert "new" in [each["id"] for each in found]


def test_features_count_documents(bundle: Path) -> None:
    opened = Bundle(bundle)
    assert len(opened) == 40 and opened.passages is not None and len(opened.passages) > 120
    mean = np.asarray(opened.passages.vectors[: opened.passages.starts[1]], np.float32).mean(axis=0)
    np.testing.assert_allclose(opened.embeddings[0], mean / np.linalg.norm(mean), atol=2e-3)
    assert all(feature.active <= 40 for feature in opened.sae().features)


def test_new_texts_alone_are_embedded(
    run: Run, bundle: Path, server: HashingServer, tmp_path: Path
) -> None:
    before, asked = Bundle(bundle).passages, len(server.texts)
    assert before is not None
    more = write(tmp_path / "m.jsonl", [{"id": "new", "text": f"Brand new words. {ZEPPELIN}"}])
    assert run("add", bundle, more).code == 0
    sent = [text for texts in server.texts[asked:] for text in texts]
    assert any("Brand new words." in text for text in sent)
    assert not any(long_texts(40)[0]["text"][:60] in text for text in sent)
    after = Bundle(bundle).passages
    assert after is not None and len(after) == len(before) + 1
    np.testing.assert_array_equal(after.vectors[: len(before)], before.vectors)


def test_a_build_that_was_stopped_goes_on_with_the_next_passages(
    run: Run, words: list[str], server: HashingServer, tmp_path: Path, bundle: Path
) -> None:
    corpus, out = write(tmp_path / "c.jsonl", long_texts(40)), tmp_path / "x.bundle"
    real, calls = OpenAIEmbedder.embed_documents, [0]

    def stops(self: OpenAIEmbedder, texts: list[str], progress: object = None) -> np.ndarray:
        calls[0] += 1
        if calls[0] == 2:
            raise EmbedderError("The power is out.")
        return real(self, texts, progress)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(OpenAIEmbedder, "embed_documents", stops)
        assert run("build", corpus, "-o", out, *words, "--passages").code == 1
    asked = len(server.texts)
    done = run("build", corpus, "-o", out, *words, "--passages")
    assert done.code == 0, done.err
    sent = {text for texts in server.texts[asked:] for text in texts}
    ours, whole = Bundle(out).passages, Bundle(bundle).passages
    assert ours is not None and whole is not None
    # The second passages of the first and the last document.
    for row, again in ((0, False), (39, True)):
        _, start, stop = ours.spans[ours.starts[row] + 1].tolist()
        assert (long_texts(40)[row]["text"][start:stop].strip() in sent) is again
    np.testing.assert_array_equal(ours.spans[:50], whole.spans[:50])
    np.testing.assert_allclose(ours.vectors[:50], whole.vectors[:50], atol=1e-3)


def test_vectors_from_elsewhere_have_no_passages(run: Run, tmp_path: Path) -> None:
    corpus = write(tmp_path / "c.jsonl", long_texts(20))
    np.save(tmp_path / "v.npy", np.eye(20, dtype=np.float32))
    words = ("--embedder", f"precomputed:{tmp_path / 'v.npy'}", "--passages")
    outcome = run("build", corpus, "-o", tmp_path / "y.bundle", *words)
    assert outcome.code == 1 and "cannot be cut into passages" in outcome.err


def test_texts_that_are_cut_off_are_counted(run: Run, tmp_path: Path) -> None:
    rows = [{"text": "word " * 300}, {"text": "short"}, {"text": "A star."}]
    corpus = write(tmp_path / "c.jsonl", rows)
    outcome = run("build", corpus, "-o", tmp_path / "y.bundle", "--sae", "k1-n2", "--epochs", "1")
    said = "1 of 3 texts are longer than the 256 tokens (about 192 words) that minilm reads"
    assert said in outcome.err
    stats = run("stats", tmp_path / "y.bundle")
    assert f"{said}: the rest of each is cut off." in stats.out
    assert run("stats", tmp_path / "y.bundle", "--json").json["corpus"]["cut_off"] == 1


def test_how_far_texts_are_read(server: HashingServer) -> None:
    """Each of these words is one token of MiniLM, and so is each Chinese letter."""
    texts = ["word " * 300, "short", "word " * 253 + "last more", "\u661f" * 400]
    read = lengths_read(MiniLM(), texts)
    assert texts[0][: read[0]].split() == ["word"] * 254
    assert texts[2][: read[2]].endswith(" last")
    assert read[1] == len("short")
    assert read[3] == 254
    # Where an embedder says only how many tokens it reads, these are about so many words.
    assert lengths_read(HashEmbedder(), texts) == [len(text) for text in texts]
    told = SimpleNamespace(most_tokens=8)
    assert [texts[0][: lengths_read(told, texts)[0]].split()] == [["word"] * 6]
