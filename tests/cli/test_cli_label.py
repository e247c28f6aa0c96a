"""Labels by a language model, from the command line, against a server on this machine."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bundles import TOPICS, HashEmbedder, make_bundle
from chat_server import ChatServer, completion, replying
from command_line import Run
from endpoint_server import failing

WORDS = [words.split()[0] for _, specials in TOPICS.values() for words in specials.values()]


class Reader(ChatServer):
    """Labels documents by the special topic that most of them are about."""

    def protocol_answer(self, request: dict[str, Any]) -> dict[str, Any]:
        asked = request["messages"][1]["content"]
        if '"document"' not in asked:
            best = max(WORDS, key=asked.count)
            text = json.dumps({"label": f"{best} studies"})
        else:
            label = asked.split('Concept: "')[1].split('"')[0].split()[0].lower()
            documents = [json.loads(line) for line in asked.splitlines() if line.startswith("{")]
            judged = [
                {
                    "document": document["document"],
                    "confidence": 0.9 if label in document["text"] else -0.9,
                }
                for document in documents
            ]
            text = json.dumps({"judgements": judged})
        self.charge(request, text)
        return completion(request, text)


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_bundle(tmp_path_factory.mktemp("bundles") / "many.bundle", documents=400)


@pytest.fixture
def own(many: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SAETUI_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    monkeypatch.setattr(
        "saetui.pipeline.feature_and_family_labels.load_embedder",
        lambda settings: HashEmbedder(settings.dimensions or 0),
    )
    path = tmp_path / "own.bundle"
    shutil.copytree(many, path)
    return path


@pytest.fixture
def server() -> Iterator[Reader]:
    with Reader() as server:
        yield server


def asked(server: Reader, *words: object) -> list[object]:
    return ["--base-url", server.url, "--price", "1,2", "--judge-price", "1,2", *words]


def test_labels_are_written_scored_and_judged(run: Run, own: Path, server: Reader) -> None:
    command = ["label", own, "--with", "openai:writer", "--judge", "openai:reader"]
    command += asked(server, "--only", "1,2,6", "--json")
    done = run(*command)
    assert done.code == 0, done.err
    assert (done.json["labelled"], done.json["judged"], done.json["failed"]) == (3, 3, {})
    assert done.json["dollars"] > 0
    assert "requests: about" in done.err
    found = run("feature", own, "1", "--json").json
    old, new = found["labels"]
    assert (old["text"], new["text"]) == ("Accretion discs", "Accretion studies")
    assert (new["method"], new["model"]) == ("llm", "openai:writer")
    judges = {score["judge"] for score in new["scores"]}
    assert "openai:reader" in judges
    assert len(judges) > 1
    assert found["label"] == "Accretion studies"
    by_reader = {s["protocol"]: s for s in new["scores"] if s["judge"] == "openai:reader"}
    assert (found["judge"], found["f1"]) == ("openai:reader", by_reader["top"]["f1"]["value"])
    assert by_reader["deciles"]["documents"] > by_reader["top"]["documents"] > 0
    assert run("check", own).code == 0


def test_a_second_run_asks_and_stores_nothing(run: Run, own: Path, server: Reader) -> None:
    command = ["label", own, "--with", "openai:writer", *asked(server, "--only", "1,2", "--json")]
    assert run(*command).json["labelled"] == 2
    paid = len(server.bill)
    again = run(*command).json
    assert (again["labelled"], again["known"], len(server.bill)) == (0, 2, paid)
    assert len(run("feature", own, "1", "--json").json["labels"]) == 2


def test_the_labels_there_are_can_be_judged_alone(run: Run, own: Path, server: Reader) -> None:
    command = ["label", own, "--judge", "openai:reader", *asked(server, "--only", "1,2", "--json")]
    done = run(*command)
    assert done.code == 0, done.err
    assert (done.json["labelled"], done.json["judged"]) == (0, 2)
    (label,) = run("feature", own, "1", "--json").json["labels"]
    assert label["text"] == "Accretion discs"
    assert [score["judge"] for score in label["scores"]][-1] == "openai:reader"


def test_an_estimate_asks_nothing(run: Run, own: Path, server: Reader) -> None:
    command = ["label", own, "--with", "openai:writer", *asked(server, "--estimate", "--json")]
    expected = run(*command).json
    assert expected["requests"] > 10
    assert expected["dollars"] == pytest.approx(
        (expected["prompt_tokens"] + 2 * expected["completion_tokens"]) / 1e6
    )
    assert server.bill == []


def test_a_budget_ends_the_work_and_keeps_what_was_paid_for(
    run: Run, own: Path, server: Reader
) -> None:
    command = ["label", own, "--with", "openai:writer", *asked(server, "--json")]
    some = run(*command, "--budget", "0.015").json
    assert 0 < some["labelled"] < 20
    assert "budget" in next(iter(some["failed"].values())).lower()
    assert some["dollars"] <= 0.015
    rest = run(*command, "--budget", "1").json
    assert rest["labelled"] + some["labelled"] == rest["labelled"] + rest["known"]
    assert rest["failed"] == {}


def judges_of(run: Run, bundle: Path, feature: int) -> list[set[str]]:
    """Who scored each label of a feature."""
    labels = run("feature", bundle, str(feature), "--json").json["labels"]
    return [{score["judge"] for score in label["scores"]} for label in labels]


def test_what_was_not_judged_for_want_of_credit_is_blank_and_judged_later(
    run: Run, own: Path, server: Reader
) -> None:
    answered = iter(range(8))
    server.rule = lambda request: (
        None if next(answered, None) is not None else failing(402, "Add credits")(request)
    )
    command = ["label", own, "--judge", "openai:reader", *asked(server, "--concurrency", "2")]
    command += ["--only", "1,2,6,7", "--json"]
    shown = {feature: run("feature", own, str(feature), "--json").json for feature in (1, 2, 6, 7)}
    some = run(*command)
    assert some.code == 0, some.err
    judged = [feature for feature in shown if "openai:reader" in judges_of(run, own, feature)[-1]]
    assert 0 < some.json["judged"] == len(judged) < 4
    assert "not paid for: Add credits" in some.err
    assert "run the same command again" in some.err
    # Nothing more was sent, and a feature without a judgement has no score rather than a bad one.
    assert len(server.requests) <= 8 + 2
    for feature in set(shown) - set(judged):
        assert run("feature", own, str(feature), "--json").json == shown[feature]
    server.rule = lambda request: None
    assert run(*command).json["judged"] == 4
    assert set(server.times_paid().values()) == {1}
    for feature in shown:
        assert "openai:reader" in judges_of(run, own, feature)[-1]


@pytest.mark.parametrize("families", [[], ["--families"]])
def test_labels_that_were_paid_for_are_stored_though_the_judge_cannot_be_asked(
    run: Run, own: Path, server: Reader, families: list[str]
) -> None:
    server.rule = lambda request: (
        failing(401, "no such judge")(request)
        if "Concept" in request["messages"][1]["content"]
        else None
    )
    command = ["label", own, *families, "--with", "openai:writer", "--judge", "openai:reader"]
    command += asked(server, "--only", "1,2", "--json")
    done = run(*command)
    assert done.code == 1
    assert "did not accept the key: no such judge" in done.err
    kind = "family" if families else "feature"
    assert run(kind, own, "1", "--json").json["labels"][-1]["model"] == "openai:writer"
    assert run("check", own).code == 0
    server.rule = lambda request: None
    again = run(*command).json
    assert (again["labelled"], again["known"], again["judged"]) == (0, 2, 2)
    assert set(server.times_paid().values()) == {1}


def test_a_key_that_the_server_echoes_is_in_no_output_and_no_file(
    run: Run, own: Path, server: Reader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = "sk-proj-Ab12Cd34Ef56Gh78Ij90"
    monkeypatch.setenv("OPENAI_API_KEY", key)
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    command = ["label", own, "--with", "openai:writer", "--price", "1,2", "--only"]
    server.rule = replying(json.dumps({"label": f"Key {key}"}))
    outputs = [run(*command, "1", "--json"), run("feature", own, "1")]
    assert "Key [key]" in outputs[1].out
    server.rule = replying(f"You sent {key[:14]}\n{key[14:]} and more words than a label may have")
    outputs.append(run(*command, "2"))
    server.rule = failing(401, f"Wrong key: {key}")
    outputs.append(run("--debug", *command, "6"))
    assert "Wrong key: [key]" in outputs[-1].err
    assert set(server.keys) == {f"Bearer {key}"}
    files = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    said = b"".join([*files, *((each.out + each.err).encode() for each in outputs)])
    assert not [start for start in range(len(key) - 8) if key[start : start + 8].encode() in said]


def test_a_feature_that_gets_no_usable_reply_is_named(run: Run, own: Path, server: Reader) -> None:
    server.rule = replying("")
    done = run("label", own, "--with", "openai:writer", *asked(server, "--only", "1", "--json"))
    assert done.json["labelled"] == 0
    assert list(done.json["failed"]) == ["1"]


def test_families_are_labelled_from_their_members(run: Run, own: Path, server: Reader) -> None:
    command = ["label", own, "--families", "--with", "openai:writer", "--judge", "openai:reader"]
    command += asked(server, "--only", "0,2", "--json")
    expected = run(*command, "--estimate").json
    assert server.bill == []
    done = run(*command)
    assert done.code == 0, done.err
    assert (done.json["labelled"], done.json["judged"], done.json["failed"]) == (2, 2, {})
    assert 0 < len(server.bill) <= expected["requests"] + 2
    shown = [family["label"] for family in run("families", own, "--json").json]
    assert shown == ["Merger studies", "Language models", "Fish studies"]
    found = run("family", own, "0", "--json").json
    old, new = found["labels"]
    assert (old["text"], old["method"]) == ("Black holes", "terms")
    assert (new["method"], new["model"], new["judge"]) == ("llm", "openai:writer", "openai:reader")
    assert (found["f1"], found["judge"]) == (new["f1"], "openai:reader")
    assert new["f1"] is not None
    assert run("check", own).code == 0
    mean = run("stats", own, "--json").json["saes"][0]["families"]["mean_f1"]
    scores = [family["f1"] for family in run("families", own, "--json").json]
    assert mean == pytest.approx(sum(scores) / 3)
    paid = len(server.bill)
    again = run(*command).json
    assert (again["labelled"], again["known"], len(server.bill)) == (0, 2, paid)
    assert len(run("family", own, "0", "--json").json["labels"]) == 2


def test_families_without_a_model_to_judge_are_judged_offline(
    run: Run, own: Path, server: Reader
) -> None:
    command = ["label", own, "--families", "--with", "openai:writer", *asked(server, "--json")]
    assert run(*command).json["labelled"] == 3
    judges = {family["judge"] for family in run("families", own, "--json").json}
    assert judges == {"words+embedder"}


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ([], "No language model is named"),
        (["--with", "gpt"], "does not name a language model"),
        (["--with", "openai:writer", "--only", "999"], "no feature 999"),
        (["--with", "openai:writer", "--only", "f1>2"], "No feature fits 'f1>2'"),
        (["--with", "openai:writer", "--only", "23"], "None of these features is active"),
        (["--with", "openai:writer", "--budget", "1"], "price"),
        (["--with", "openai:writer", "--families", "--only", "9"], "No family is called '9'"),
        (
            ["--with", "openai:writer", "--families", "--only", "clean"],
            "is not a list of family numbers",
        ),
    ],
)
def test_what_cannot_be_done_is_said(
    run: Run, own: Path, server: Reader, words: list[str], complaint: str
) -> None:
    done = run(
        "label",
        own,
        *words,
        "--base-url",
        "http://127.0.0.1:9/v1" if "--budget" not in words else "https://models.example/v1",
    )
    assert done.code == 1
    assert complaint in done.err
