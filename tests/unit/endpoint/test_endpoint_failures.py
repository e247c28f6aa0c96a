"""Addresses, keys and waits that every use of an endpoint shares."""

import time
from email.utils import formatdate

import pytest

from saetui.endpoint.keys import address_of, check_address, is_this_machine, key_for
from saetui.endpoint.retries import retry_after
from saetui.errors import EmbedderError


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 0),
        ({"retry-after": "2.5"}, 2.5),
        ({"retry-after-ms": "250"}, 0.25),
        ({"retry-after-ms": "250", "retry-after": "1"}, 0.25),
        ({"retry-after": "-3"}, 0),
        ({"retry-after": "nan"}, 0),
        ({"retry-after": "inf"}, 600),
        ({"retry-after": "86400"}, 600),
        ({"retry-after": "soon"}, 0),
        ({"retry-after": "Mon, 01 Jan 2001 00:00:00 GMT"}, 0),
        ({"retry-after": "Fri, 31 Dec 99999999999 23:59:59 GMT"}, 0),
        ({"retry-after": "Fri, 31 Dec 9999 23:59:59 -2359"}, 600),
        ({"retry-after": "Fri, 99 Dec 2030 77:59:59 GMT"}, 0),
        ({"retry-after": "1e999"}, 600),
        ({"retry-after": "9" * 5_000}, 600),
    ],
)
def test_the_wait_that_an_endpoint_asks_for(headers, seconds):
    assert retry_after(headers) == seconds


def test_the_wait_may_be_a_date():
    later = formatdate(time.time() + 60, usegmt=True)
    assert 55 < retry_after({"retry-after": later}) <= 60


def test_addresses(monkeypatch):
    assert address_of(None) == "https://api.openai.com/v1"
    monkeypatch.setenv("OPENAI_BASE_URL", "http://localhost:8000/v1/")
    assert address_of(None) == "http://localhost:8000/v1"
    assert address_of(" http://other/v1/ ") == "http://other/v1"


def test_the_key_goes_only_where_the_environment_says(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    monkeypatch.setenv("OPENAI_BASE_URL", "https://mine.org/v1/")
    assert key_for("https://mine.org/v1") == "secret"
    assert key_for("https://api.openai.com/v1") == "secret"
    assert key_for("https://another.org/v1") == "none"


@pytest.mark.parametrize(
    ("address", "complaint"),
    [
        ("localhost:11434", "is not the address of an endpoint"),
        ("http://", "is not the address of an endpoint"),
        ("http://[::1/v1", "is not the address of an endpoint"),
        ("https://me:hunter2@example.org/v1", "holds a user name or a password"),
    ],
)
def test_addresses_that_cannot_be_asked(address, complaint):
    with pytest.raises(EmbedderError, match=complaint) as refused:
        check_address(address, EmbedderError)
    assert "hunter2" not in str(refused.value)


def test_a_key_that_cannot_be_sent(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", " secret\n")
    check_address("https://api.openai.com/v1", EmbedderError)
    assert key_for("https://api.openai.com/v1") == "secret"
    for key in ("sec\nret", "schl\u00fcssel"):
        monkeypatch.setenv("OPENAI_API_KEY", key)
        with pytest.raises(EmbedderError, match="characters that no key has") as refused:
            check_address("https://api.openai.com/v1", EmbedderError)
        assert key not in str(refused.value)


@pytest.mark.parametrize(
    ("address", "here"),
    [
        ("http://localhost:11434/v1", True),
        ("http://127.0.0.1:8000/v1", True),
        ("http://[::1]:8000/v1", True),
        ("https://localhost.example.org/v1", False),
        ("http://192.168.0.7/v1", False),
    ],
)
def test_what_runs_on_this_machine(address, here):
    assert is_this_machine(address) is here
