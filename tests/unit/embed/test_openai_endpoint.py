import json
import time

import numpy as np
import pytest
from embeddings_server import EmbeddingsServer, vector_of
from endpoint_server import failing, saying

from saetui.embed import EmbedderSettings, availability, load_embedder
from saetui.embed.openai import OpenAIEmbedder
from saetui.endpoint.retries import Patience
from saetui.errors import EmbedderError, InputError

# Patient in number of tries, not in seconds.
SOON = Patience(deadline=30, tries=4, pause=0.001, longest_pause=0.001)


def tries(number, pause=0.001, **other):
    return Patience(deadline=30, tries=number, pause=pause, longest_pause=pause, **other)


def embedder_at(server, patience=SOON, **settings):
    return OpenAIEmbedder(
        EmbedderSettings("openai:test-model", base_url=server.url, **settings), patience
    )


def unit(texts, width=8):
    rows = np.stack([vector_of(text, width) for text in texts])
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_a_query(server):
    embedder = embedder_at(server)
    vector = embedder.embed_query("  black holes \n")
    assert vector.dtype == np.float32
    np.testing.assert_allclose(vector, unit(["black holes"])[0], atol=1e-6)
    assert embedder.dimensions == 8
    assert server.requests[-1]["encoding_format"] == "base64"
    with pytest.raises(InputError):
        embedder.embed_query(" ")


def test_a_server_that_knows_no_base64(server):
    coded = [{"index": 0, "embedding": [3, 0, 0, 4]}]
    server.rule = saying(json.dumps({"data": coded, "model": "m", "object": "list"}))
    np.testing.assert_allclose(embedder_at(server).embed_query("a"), [0.6, 0, 0, 0.8])


def test_recorded_width_saves_a_request_and_is_not_asked_for(server):
    embedder = embedder_at(server, dimensions=8)
    assert embedder.dimensions == 8
    assert server.requests == []
    embedder.embed_query("a")
    assert "dimensions" not in server.requests[0]


def test_requested_width_is_asked_for(server):
    embedder = embedder_at(server, requested_dimensions=5)
    assert embedder.embed_query("a").shape == (5,)
    assert embedder.embed_documents(["a", "b"]).shape == (2, 5)
    assert {request["dimensions"] for request in server.requests} == {5}


def test_documents_come_back_in_order_over_several_requests(server, told):
    texts = [f"text {row}" for row in range(600)]
    vectors = embedder_at(server).embed_documents(texts, told)
    np.testing.assert_allclose(vectors, unit(texts), atol=1e-6)
    assert told.done == 600
    assert sorted(len(batch) for batch in server.texts[2:]) == [88, 256, 256]
    assert told.notes == []


def test_batches_hold_no_more_than_the_endpoint_takes(server):
    texts = ["x" * 20_000 + str(row) for row in range(40)]
    embedder_at(server).embed_documents(texts)
    sizes = [sum(map(len, batch)) for batch in server.texts[2:]]
    assert max(sizes) <= 300_000
    assert len(sizes) == 3


def test_no_documents_and_empty_documents(server):
    embedder = embedder_at(server)
    assert embedder.embed_documents([]).shape == (0, 8)
    vectors = embedder.embed_documents(["", "a"])
    np.testing.assert_allclose(vectors, unit([" ", "a"]), atol=1e-6)


def test_long_texts_are_cut_and_counted(server, told):
    embedder_at(server).embed_documents(["a " * 20_000, "b", "\u9ed1" * 20_000], told)
    sent = server.texts[-1]
    assert [len(text.encode()) for text in sent] == [24_573, 1, 24_573]
    assert told.notes == ["Texts that were too long for openai:test-model and were cut: 2."]


@pytest.mark.parametrize(
    "trouble",
    [
        [failing(429, "slow down")],
        [failing(429, "slow down", retry_after="0.001")],
        [failing(500, "oops"), failing(503, "overloaded")],
        [failing(408, "timeout"), failing(409, "conflict")],
    ],
    ids=["429", "429 with Retry-After", "500 and 503", "408 and 409"],
)
def test_passing_trouble_is_waited_out(server, trouble):
    server.script = list(trouble)
    np.testing.assert_allclose(embedder_at(server).embed_query("a"), unit(["a"])[0], atol=1e-6)


def test_trouble_in_the_middle_is_waited_out_and_in_the_end_explained(server, told):
    embedder = embedder_at(server, tries(3), dimensions=8)
    busy = failing(429, "slow down")
    server.script = [lambda request: None, busy, failing(500, "oops")]
    vectors = embedder.embed_documents(["a", "b"], told)
    np.testing.assert_allclose(vectors, unit(["a", "b"]), atol=1e-6)
    assert told.notes == ["The endpoint is busy or silent; waiting 1 s."]
    server.script = [busy, busy, busy]
    with pytest.raises(EmbedderError, match=r"takes no more requests now: .*slow down") as caught:
        embedder.embed_documents(["a", "b"])
    assert "goes on where it stopped" in caught.value.hint


def test_bulk_work_waits_as_long_as_it_is_told(server, told):
    embedder = embedder_at(server, tries(2), dimensions=8)
    server.script = [lambda request: None, failing(429, "slow down", retry_after="1.2")]
    started = time.monotonic()
    embedder.embed_documents(["a"], told)
    assert time.monotonic() - started >= 1.2
    assert told.notes == ["The endpoint is busy or silent; waiting 2 s."]


def test_a_query_does_not_wait_for_long_whatever_it_is_told(server, monkeypatch):
    monkeypatch.setattr("saetui.embed.openai._QUERY_WAIT", 0.05)
    server.script = [failing(429, "slow down", retry_after="600")]
    started = time.monotonic()
    embedder_at(server, dimensions=8).embed_query("a")
    assert time.monotonic() - started < 30


@pytest.mark.parametrize(
    "refusal", [failing(429, "no quota", "insufficient_quota"), failing(402, "no quota")]
)
def test_an_empty_account_is_not_waited_for(server, refusal):
    embedder = embedder_at(server, tries(2, 60), dimensions=8)
    server.script = [lambda request: None, refusal]
    with pytest.raises(EmbedderError, match="not paid for: no quota") as caught:
        embedder.embed_documents(["a"])
    assert "no credit" in caught.value.hint


def test_one_failure_ends_the_waiting_of_the_other_threads(server):
    texts = [f"text {row}" for row in range(512)]
    embedder = embedder_at(server, tries(2, 60), dimensions=8)

    def behave(request):
        if "text 0" in request["input"]:
            return failing(429, "slow down")(request)
        if "text 256" in request["input"]:
            return failing(401, "who are you")(request)
        return None

    server.rule = behave
    started = time.monotonic()
    with pytest.raises(EmbedderError, match="did not accept the key"):
        embedder.embed_documents(texts)
    assert time.monotonic() - started < 30


def test_a_server_with_a_limit_on_texts(server, told):
    """Text Embeddings Inference takes 32 texts a request unless told otherwise."""
    limit = failing(422, "batch size > maximum allowed batch size 32")
    server.rule = lambda request: limit(request) if len(request["input"]) > 32 else None
    texts = [f"text {row}" for row in range(2_000)]
    vectors = embedder_at(server).embed_documents(texts, told)
    np.testing.assert_allclose(vectors, unit(texts), atol=1e-6)
    assert told.notes == []
    refused = sum(len(batch) > 32 for batch in server.texts)
    assert refused <= 4 * (1 + 2 + 4), "later batches should not repeat what was refused"


def test_a_server_with_a_limit_on_length(server, told):
    """A model that reads 512 tokens, on a server that does not cut for it."""
    limit = failing(400, "maximum context length is 512 tokens")
    server.rule = lambda request: (
        limit(request) if max(map(len, request["input"])) > 1_000 else None
    )
    texts = ["short", "x" * 3_000, "another", "brief"]
    vectors = embedder_at(server).embed_documents(texts, told)
    np.testing.assert_allclose(vectors, unit(["short", "x" * 750, "another", "brief"]), atol=1e-6)
    assert told.notes == ["Texts that were too long for openai:test-model and were cut: 1."]


def test_a_query_that_is_too_long_is_shortened(server):
    limit = failing(400, "maximum context length is 512 tokens")
    server.rule = lambda request: limit(request) if len(request["input"][0]) > 1_000 else None
    vector = embedder_at(server, dimensions=8).embed_query("x" * 1_500)
    np.testing.assert_allclose(vector, unit(["x" * 750])[0], atol=1e-6)


def test_only_the_first_call_asks_whether_the_endpoint_works(server):
    embedder = embedder_at(server, dimensions=8)
    embedder.embed_documents(["a"])
    embedder.embed_documents(["b"])
    assert server.texts == [["ready"], ["a"], ["b"]]


@pytest.mark.parametrize(
    ("trouble", "message"),
    [
        (failing(401, "bad key"), "did not accept the key: .*bad key"),
        (failing(403, "not you"), "did not accept the key: .*not you"),
        (failing(404, "no such model"), "does not offer the model 'test-model'"),
        (failing(400, "no dimensions"), "refused to embed with 'test-model': .*no dimensions"),
        (saying("{not json"), "did not answer in OpenAI's protocol"),
        (saying("<html>log in</html>", "text/html"), "did not answer in OpenAI's protocol"),
        (saying("{}"), "did not answer in OpenAI's protocol"),
        (saying("[]"), "did not answer in OpenAI's protocol"),
        (saying("[" * 200_000), "did not answer in OpenAI's protocol"),
        (saying('{"data": ' + "[" * 200_000 + "]" * 200_000 + "}"), "in OpenAI's protocol"),
        (saying('{"data": []}'), "sent 0 vectors for 1 texts"),
        (saying('{"data": 7}'), "did not answer in OpenAI's protocol"),
        (saying('{"data": [{"index": 0, "embedding": [[1]]}]}'), "in OpenAI's protocol"),
        (saying('{"data": [{"index": 0, "embedding": [1, [2]]}]}'), "in OpenAI's protocol"),
        (saying('{"data": [{"index": [], "embedding": [1]}]}'), "in OpenAI's protocol"),
        (saying('{"data": [{"index": 0, "embedding": [1' + "0" * 400 + "]}]}"), "protocol"),
        (saying('{"data": [{"index": 0}]}'), "did not answer in OpenAI's protocol"),
        (saying('{"data": [{"index": 0, "embedding": "abc"}]}'), "OpenAI's protocol"),
        (saying('{"data": [{"index": 0, "embedding": ""}]}'), "vectors of width 0"),
        (saying('{"data": [{"index": 3, "embedding": [1]}]}'), "in OpenAI's protocol"),
        (
            saying('{"data": [{"index": 0, "embedding": [1]}, {"index": 1, "embedding": [1]}]}'),
            "sent 2 vectors for 1 texts",
        ),
        (saying('{"data": [{"index": 0, "embedding": [0, 0]}]}'), "zero for the query"),
        (saying('{"data": [{"index": 0, "embedding": [1, null]}]}'), "finite in the vectors of"),
        (saying('{"data": [{"index": 0, "embedding": [1, NaN]}]}'), "finite in the vectors of"),
    ],
)
def test_lasting_trouble_is_explained(server, trouble, message):
    server.rule = trouble
    with pytest.raises(EmbedderError, match=message):
        embedder_at(server).embed_query("a")


def test_another_width_than_recorded_is_refused(server):
    with pytest.raises(EmbedderError, match="gave vectors of width 8 where 1536 was expected"):
        embedder_at(server, dimensions=1536).embed_query("a")


def test_vectors_of_several_widths_are_refused(server):
    embedder = embedder_at(server, dimensions=2)
    entries = [{"index": 0, "embedding": [1, 2]}, {"index": 1, "embedding": [1]}]
    server.script = [
        saying('{"data": [{"index": 0, "embedding": [1, 1]}]}'),
        saying(json.dumps({"data": entries})),
    ]
    with pytest.raises(EmbedderError, match="width 1, 2 where 2 was expected"):
        embedder.embed_documents(["a", "b"])


def test_a_slow_answer_is_given_up(server):
    embedder = embedder_at(server, Patience(deadline=0.1, tries=1))
    server.rule = server.never
    with pytest.raises(EmbedderError, match="did not answer in time"):
        embedder.embed_query("a")


def test_a_server_that_is_not_there():
    with EmbeddingsServer() as gone:
        pass
    embedder = embedder_at(gone, tries(1))
    for embed in (lambda: embedder.embed_query("a"), lambda: embedder.embed_documents(["a"])):
        with pytest.raises(EmbedderError, match="no connection to http://127"):
            embed()


def test_the_key_goes_only_where_the_environment_says(server, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    embedder_at(server).embed_query("a")
    assert set(server.keys) == {"Bearer none"}
    monkeypatch.setenv("OPENAI_BASE_URL", server.url + "/")
    embedder_at(server).embed_query("a")
    assert server.keys[-1] == "Bearer secret"


def test_the_environment_names_the_endpoint(server, monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    embedder = load_embedder("openai:test-model")
    assert embedder.embed_query("a").shape == (8,)
    assert availability("openai:test-model") == (
        True,
        f"test-model will be asked for at {server.url}.",
    )


def test_the_key_is_never_recorded(server, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    asked = EmbedderSettings("openai:test-model", base_url=server.url)
    recorded = asked.resolved(load_embedder(asked))
    assert recorded == EmbedderSettings(
        "openai:test-model", dimensions=8, revision="test-model", base_url=server.url
    )


def test_openai_itself_wants_a_key():
    with pytest.raises(EmbedderError, match="OPENAI_API_KEY is not set"):
        load_embedder("openai:text-embedding-3-small")
    assert availability("openai:text-embedding-3-small") == (False, "OPENAI_API_KEY is not set.")


def test_an_address_needs_a_scheme():
    with pytest.raises(EmbedderError, match="is not the address of an endpoint"):
        load_embedder("openai:m", base_url="localhost:11434")


def test_queries_and_documents_get_the_prefixes_that_a_model_needs(server):
    embedder = embedder_at(server, query_prefix="query: ", document_prefix="passage: ")
    np.testing.assert_allclose(embedder.embed_query(" a "), unit(["query: a"])[0], atol=1e-6)
    np.testing.assert_allclose(
        embedder.embed_documents(["a", ""]), unit(["passage: a", "passage: "]), atol=1e-6
    )
    np.testing.assert_allclose(embedder.embed_queries(["a"]), unit(["query: a"]), atol=1e-6)
    # Settings in a manifest load the same.
    again = EmbedderSettings.from_dict(embedder._settings.as_dict())
    np.testing.assert_allclose(
        load_embedder(again).embed_query("a"), embedder.embed_query("a"), atol=1e-6
    )


def test_a_model_that_embeds_queries_under_another_name(server):
    embedder = embedder_at(server, query_spec="openai:test-query")
    embedder.embed_documents(["a"])
    assert {request["model"] for request in server.requests} == {"test-model"}
    embedder.embed_query("a")
    assert server.requests[-1]["model"] == "test-query"
    embedder.embed_queries(["a"])
    assert server.requests[-1]["model"] == "test-query"
    with pytest.raises(EmbedderError, match="cannot embed the queries"):
        load_embedder("openai:m", base_url=server.url, query_spec="minilm")
    with pytest.raises(EmbedderError, match="no use for query prefix"):
        load_embedder("minilm", query_prefix="query: ")
