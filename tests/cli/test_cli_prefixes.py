"""A model behind an address that embeds queries otherwise than documents."""

import json
from pathlib import Path

import pytest
from command_line import Run
from embeddings_server import HashingServer


def test_prefixes_are_kept_by_the_bundle_and_said(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "key")
    corpus, bundle = tmp_path / "c.jsonl", tmp_path / "x.bundle"
    rows = [{"id": f"d{n}", "text": f"word{n} word{n % 7} of stars"} for n in range(40)]
    corpus.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    with HashingServer(16) as server:
        options = ["--query-prefix", "query: ", "--document-prefix", "passage: "]
        embedder = ["--embedder", "openai:any", "--base-url", server.url]
        embedder += ["--query-embedder", "openai:any-query"]
        run("build", corpus, "-o", bundle, *embedder, *options, "--sae", "k2-n8", "--epochs", "1")
        sent = {text for texts in server.texts for text in texts}
        assert {f"passage: {row['text']}" for row in rows} <= sent
        assert not {row["text"] for row in rows} & sent
        run("search", bundle, "of stars", "--semantic")
        assert server.texts[-1] == ["query: of stars"]
        assert server.requests[-1]["model"] == "any-query"
    assert "Queries are embedded by openai:any-query." in run("stats", bundle).out
    said = 'It is given "query: " before a query and "passage: " before a document.'
    assert said in run("stats", bundle).out
