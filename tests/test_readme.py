"""What the README promises is run: its commands, its Python, its table of keys."""

import gzip
import io
import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from bundles import make_bundle, make_documents
from corpora import train_small_bundle
from published import publish

from saetui.cli import main
from saetui.embed import load_embedder
from saetui.tui.commands import COMMANDS
from saetui.tui.glossary import GLOSSARY

TOP = Path(__file__).resolve().parent.parent
README = (TOP / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


def marked(name: str) -> str:
    between = re.search(rf"<!-- {name} -->(.*?)<!-- /{name} -->", README, re.DOTALL)
    assert between, f"the README has no part marked {name}"
    return between[1].strip()


def commands() -> list[str]:
    installing = marked("demo-command") + marked("test-command")
    lines = [
        line for block in blocks("sh") if block not in installing for line in block.split("\n")
    ]
    return [line for line in lines if line.strip()]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files that the README's commands name."""
    folder = tmp_path_factory.mktemp("desk")
    records = [{"id": d.id, "title": d.title, "text": d.text} for d in make_documents(40)]
    lines = "".join(json.dumps(record) + "\n" for record in records)
    (folder / "papers.jsonl").write_text(lines, "utf-8")
    new = json.dumps({"id": "new", "text": "A document about coral reefs and their fish."})
    (folder / "more.jsonl").write_text(f"{new}\n", "utf-8")
    (folder / "thesaurus.txt").write_text("# Of a field\nAccretion discs\nTokens\n", "utf-8")
    corrected = {**records[0], "text": f"{records[0]['text']} Corrected."}
    (folder / "corrected.jsonl").write_text(f"{json.dumps(corrected)}\n", "utf-8")
    (folder / "papers.jsonl.gz").write_bytes(gzip.compress(lines.encode()))
    notes = ["key,title,body", *(f'{r["id"]},"{r["title"]}","{r["text"]}"' for r in records)]
    (folder / "notes.csv").write_text("\n".join(notes) + "\n", "utf-8")
    snapshot = [
        {
            "id": f"2401.{i:05}",
            "title": record["title"],
            "abstract": record["text"],
            "categories": "astro-ph.HE cs.CL" if i % 2 else "astro-ph.GA",
            "update_date": "2024-01-31",
            "authors_parsed": [],
            "versions": [],
        }
        for i, record in enumerate(records)
    ]
    text = "".join(json.dumps(record) + "\n" for record in snapshot)
    (folder / "arxiv-metadata-oai-snapshot.json").write_text(text, "utf-8")
    return folder


@pytest.fixture
def at_the_desk(desk: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    if not (desk / "my.bundle").exists():
        make_bundle(desk / "my.bundle", d=384, embedder=load_embedder("minilm"))
    if not (desk / "published").exists():
        publish(train_small_bundle(desk / "source"), desk / "published")
    monkeypatch.chdir(desk)
    yield desk


def test_there_are_commands_to_test() -> None:
    assert len(commands()) > 10


@pytest.mark.parametrize("command", commands())
def test_a_command_of_the_readme_works(
    command: str, at_the_desk: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    if "|" in command:
        piped, command = command.split("|")
        assert piped.split() == ["zcat", "papers.jsonl.gz"]
        lines = (at_the_desk / "papers.jsonl").read_bytes()
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(lines), encoding="utf-8"))
    program, *words = shlex.split(command)
    assert program == "saetui"
    if "-o" in words:
        # The corpus is built into a folder of its own, so that no command finds it done.
        words[words.index("-o") + 1] = f"built-{len(list(at_the_desk.iterdir()))}.bundle"
    if words[0] in ("train", "add"):
        # These need to know how the bundle was built, so they take one that was.
        words[words.index("my.bundle")] = "trained.bundle"
        if not (at_the_desk / "trained.bundle").exists():
            assert main(["build", "papers.jsonl", "-o", "trained.bundle", "--epochs", "3"]) == 0
    if words[0] == "train":
        words += ["--epochs", "3"]
        # Whether a map is good is another test's question.
        monkeypatch.setattr("saetui.core.feature_layout._STEPS", 20)
    if "--sheet" in words or "--judgements" in words:
        for file in ("blind.csv", "blind.key.json"):
            (at_the_desk / file).unlink(missing_ok=True)
    if "--judgements" in words:
        # A reader found all labels true.
        main(["evaluate", "labels", "my.bundle", "--sheet", "blind.csv"])
        sheet = at_the_desk / "blind.csv"
        sheet.write_text(sheet.read_text("utf-8-sig").replace(",\n", ",yes\n"), "utf-8")
        capsys.readouterr()
    code = main(words)
    printed = capsys.readouterr()
    if words == ["my.bundle"]:
        # A test has no terminal; tests/e2e opens the app in one.
        assert "needs a terminal" in printed.err
    else:
        assert code == 0, printed.err
        assert printed.out


@pytest.mark.parametrize("code", blocks("python"))
def test_the_python_of_the_readme_works(code: str, at_the_desk: Path, capsys) -> None:
    exec(compile(code, "README.md", "exec"), {})
    assert capsys.readouterr().out.startswith("1 ")


def rows(name: str) -> list[tuple[str, ...]]:
    """The rows of a table, without its heading."""
    lines = marked(name).split("\n")[2:]
    return [tuple(cell.strip() for cell in line.strip("|").split(" | ")) for line in lines]


def test_the_keys_of_the_readme_are_the_apps_own() -> None:
    found = rows("keys")
    known = {
        (scope, " ".join(f"`{key}`" for key in entry.shown.split()), entry.help)
        for scope, entries in COMMANDS.items()
        for entry in entries
    }
    assert set(found) <= known
    # Whoever knows these can find out all others.
    assert {key for key in known if key[0] == "Everywhere"} <= set(found)
    assert {"Steering", "Results", "Search", "Document"} <= {scope for scope, *_ in found}


def test_the_words_of_the_readme_are_those_of_help() -> None:
    found = rows("words")
    assert len(found) > 10
    assert set(found) <= set(GLOSSARY)


def test_ci_runs_the_readmes_own_command() -> None:
    assert "test-command" in (TOP / ".ci" / "run").read_text("utf-8")
    assert "python -m tests" in marked("test-command")
