"""One request to servers that send too slowly, too much, or elsewhere."""

import gzip
import json
import time
import tracemalloc
import zlib
from collections.abc import Iterator
from typing import Any

import pytest
from endpoint_server import EndpointServer, failing, saying, writing

from saetui.endpoint.client import connected, run
from saetui.endpoint.retries import (
    EndpointFailure,
    NoAnswer,
    NoConnection,
    NotTheProtocol,
    Redirected,
    Refused,
)

MOST = 1_000_000
SOON = 0.4


class EchoServer(EndpointServer):
    def protocol_answer(self, request: dict[str, Any]) -> dict[str, Any]:
        return {"you sent": request}


@pytest.fixture
def server() -> Iterator[EchoServer]:
    with EchoServer() as running:
        yield running


def ask(address: str, deadline: float = 30.0, most: int = MOST) -> Any:
    async def once() -> Any:
        async with connected(address, deadline) as endpoint:
            return await endpoint.post("/echo", {"text": "a \ud800 b"}, most)

    return run(once)


def test_what_is_sent_and_answered(server):
    assert ask(server.url) == {"you sent": {"text": "a ? b"}}
    assert server.paths == ["/v1/echo"]


def test_answers_may_be_compressed(server):
    body = json.dumps({"a": "b" * 500_000}).encode()
    for name, packed in (("gzip", gzip.compress(body)), ("deflate", zlib.compress(body))):
        server.script = [lambda _, n=name, p=packed: (200, {"content-encoding": n}, p)]
        assert ask(server.url) == {"a": "b" * 500_000}


def trickle(beginning: bytes, piece: bytes):
    """Send a piece every few milliseconds, for as long as anybody listens."""

    def write(send):
        send(beginning)
        for _ in range(10_000):
            send(piece)
            time.sleep(0.02)

    return writing(write)


@pytest.mark.parametrize(
    "behaviour",
    [
        trickle(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n", b" "),
        trickle(b"HTTP/1.1 200 OK\r\n", b"x-more: 1\r\n"),
        trickle(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        trickle(b"HTTP/1.1 500 Oops\r\ncontent-length: 100000\r\n\r\n", b" "),
    ],
    ids=["body", "headers", "interim answers", "error"],
)
def test_a_request_has_a_deadline_however_the_bytes_come(server, behaviour):
    server.rule = behaviour
    started = time.monotonic()
    with pytest.raises(NoAnswer, match=r"did not answer in time \(0.4 s\)") as failure:
        ask(server.url, SOON)
    assert SOON <= time.monotonic() - started < 10
    assert failure.value.maybe_paid


def packed_zeros(megabytes: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    zeros = bytes(1_000_000)
    return b"".join([*(packer.compress(zeros) for _ in range(megabytes)), packer.flush()])


@pytest.mark.parametrize("status", [200, 500])
def test_a_bomb_is_not_unpacked(server, status):
    bomb = packed_zeros(300)
    server.rule = lambda _: (status, {"content-encoding": "gzip"}, bomb)
    tracemalloc.start()
    try:
        with pytest.raises(NotTheProtocol if status == 200 else Refused) as failure:
            ask(server.url)
        assert tracemalloc.get_traced_memory()[1] < 150_000_000
    finally:
        tracemalloc.stop()
    if status == 200:
        assert "larger than 1 MB" in str(failure.value)
        assert not failure.value.passes


def test_an_endless_answer_is_cut_off(server):
    def write(send):
        send(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n")
        for _ in range(10_000):
            send(b" " * 100_000)

    server.rule = writing(write)
    with pytest.raises(NotTheProtocol, match="larger than 1 MB"):
        ask(server.url)


@pytest.mark.parametrize("encoding", ["gzip, gzip", "br", "zstd", "compress"])
def test_other_compressions_are_not_read(server, encoding):
    server.rule = lambda _: (200, {"content-encoding": encoding}, packed_zeros(1))
    with pytest.raises(NotTheProtocol, match="not asked for"):
        ask(server.url)


def test_broken_compression(server):
    server.rule = lambda _: (200, {"content-encoding": "gzip"}, b"this is not gzip")
    with pytest.raises(NotTheProtocol, match="compression is broken"):
        ask(server.url)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("{not json", "not JSON"),
        ("", "not JSON"),
        ("[" * 200_000, "not JSON"),
        ('{"a":' * 200_000, "not JSON"),
        ("[" * 200_000 + "]" * 200_000, "not JSON"),
        ("1" * 10_000, "not JSON"),
        ("[1]", "not a JSON object"),
        ("null", "not a JSON object"),
    ],
)
def test_what_is_not_the_protocol(server, text, wrong):
    server.rule = saying(text)
    with pytest.raises(NotTheProtocol, match=wrong):
        ask(server.url)


def moved(status: int, target: str):
    return lambda _: (status, {"location": target}, b"")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_nothing_follows_to_another_origin(server, status):
    with EchoServer() as other:
        server.rule = moved(status, f"{other.url}/echo")
        with pytest.raises(Redirected, match=f"refers to {other.url}/echo") as failure:
            ask(server.url)
        assert other.requests == []
    assert not failure.value.passes
    assert not failure.value.maybe_paid


def test_a_redirect_within_the_server_is_followed(server):
    server.script = [moved(307, "/v1/echo/")]
    assert ask(server.url) == {"you sent": {"text": "a ? b"}}
    assert server.paths == ["/v1/echo", "/v1/echo/"]


def test_a_redirect_that_would_lose_the_request_is_not_followed(server):
    server.script = [moved(303, "/v1/elsewhere")]
    with pytest.raises(Redirected, match="/v1/elsewhere"):
        ask(server.url)
    assert len(server.requests) == 1


def test_redirects_do_not_go_round_and_round(server):
    server.rule = moved(307, "/v1/echo")
    with pytest.raises(Redirected):
        ask(server.url)
    assert len(server.requests) <= 5


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"error": {"message": "too long", "code": "c", "param": "p"}}, "too long"),
        ({"error": "too long"}, "too long"),
        ({"message": "too long", "code": 400}, "too long"),
        ({"detail": "too long"}, "too long"),
        ({"detail": [{"msg": "too long"}]}, '[{"msg": "too long"}]'),
        ({"error": {"message": None}}, '{"message": null}'),
        ([], "[]"),
        ("", "it does not say why"),
    ],
)
def test_errors_are_quoted_in_whatever_form_they_come(server, body, said):
    server.rule = lambda _: (400, {}, json.dumps(body).encode())
    with pytest.raises(Refused) as refused:
        ask(server.url)
    assert str(refused.value) == said
    assert refused.value.of_the_request


@pytest.mark.parametrize(
    "body", [b"", b"\xff\xfe", b"[" * 200_000, b"\x1b[31mred\x1b[0m\n\nwords " * 10_000]
)
def test_errors_that_are_no_json(server, body):
    server.rule = lambda _: (400, {}, body)
    with pytest.raises(Refused) as refused:
        ask(server.url)
    assert 0 < len(str(refused.value)) <= 300
    assert str(refused.value).isprintable()


@pytest.mark.parametrize("encoding", ["gzip", "br"])
def test_an_error_that_cannot_be_read_is_still_one(server, encoding):
    server.rule = lambda _: (503, {"content-encoding": encoding}, b"this is neither")
    with pytest.raises(Refused, match="it does not say why") as refused:
        ask(server.url)
    assert refused.value.busy
    assert not refused.value.maybe_paid


@pytest.mark.parametrize(
    ("status", "passes", "maybe_paid"),
    [
        (400, False, False),
        (401, False, False),
        (402, False, False),
        (408, True, False),
        (429, True, False),
        (500, True, False),
        (501, False, False),
        (502, True, True),
        (503, True, False),
        (504, True, True),
    ],
)
def test_what_a_status_means(server, status, passes, maybe_paid):
    server.rule = failing(status, "oops", retry_after="7")
    with pytest.raises(Refused) as refused:
        ask(server.url)
    assert (refused.value.passes, refused.value.maybe_paid) == (passes, maybe_paid)
    assert refused.value.pause == 7


def test_connections_that_fail(server):
    server.rule = writing(lambda send: send(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{"))
    with pytest.raises(NoAnswer, match="broke off its answer"):
        ask(server.url)
    server.rule = writing(lambda send: send(b"SSH-2.0-OpenSSH\r\n"))
    with pytest.raises(NoAnswer):
        ask(server.url)
    with EchoServer() as gone:
        pass
    with pytest.raises(NoConnection) as failure:
        ask(gone.url)
    assert not failure.value.maybe_paid


KEY = "sk-proj-Ab12Cd34Ef56Gh78Ij90_Kl-Mn"


@pytest.mark.parametrize(
    "echo",
    [
        f"Incorrect API key provided: {KEY}.",
        f"key={KEY.replace('-', '%2D')}",
        f"you sent Bearer {KEY[:15]}\n{KEY[15:]}",
        KEY.upper(),
        f"cut off: {KEY[:20]}",
    ],
)
@pytest.mark.parametrize("status", [200, 307, 401, 500])
def test_the_key_is_in_no_failure(server, monkeypatch, caplog, echo, status):
    caplog.set_level("DEBUG")
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    quoted = echo.replace("\n", " ")
    headers = {"location": f"http://127.0.0.1:9/?{quoted}", "x-you-sent": quoted}
    body = json.dumps({"error": {"message": echo, "code": echo, "param": echo}}).encode()
    server.rule = lambda _: (status, headers, body if status != 200 else body[:-1])
    with pytest.raises(EndpointFailure) as failure:
        ask(server.url)
    assert server.keys == [f"Bearer {KEY}"]
    said = f"{failure.value!s} {vars(failure.value)} {failure.value.__cause__} {caplog.text}"
    assert not [start for start in range(len(KEY) - 8) if KEY[start : start + 8] in said]
    assert not [start for start in range(len(KEY) - 8) if KEY.upper()[start : start + 8] in said]
    if status in (401, 500):
        assert "[key]" in str(failure.value)
