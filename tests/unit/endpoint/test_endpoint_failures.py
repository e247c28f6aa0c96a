"""Addresses, keys and waits that every use of an endpoint shares."""

import time
from email.utils import formatdate
from types import SimpleNamespace

import pytest

from saetui.endpoint.address import address_of, is_this_machine, key_for
from saetui.endpoint.failures import retry_after


def error(**headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    raised = RuntimeError("slow down")
    raised.response = SimpleNamespace(headers=named)
    return raised


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 0),
        ({"retry_after": "2.5"}, 2.5),
        ({"retry_after_ms": "250"}, 0.25),
        ({"retry_after_ms": "250", "retry_after": "1"}, 0.25),
        ({"retry_after": "-3"}, 0),
        ({"retry_after": "nan"}, 0),
        ({"retry_after": "inf"}, 600),
        ({"retry_after": "86400"}, 600),
        ({"retry_after": "soon"}, 0),
        ({"retry_after": "Mon, 01 Jan 2001 00:00:00 GMT"}, 0),
    ],
)
def test_the_wait_that_an_endpoint_asks_for(headers, seconds):
    assert retry_after(error(**headers)) == seconds


def test_the_wait_may_be_a_date():
    later = formatdate(time.time() + 60, usegmt=True)
    assert 55 < retry_after(error(retry_after=later)) <= 60


def test_no_answer_asks_for_no_wait():
    assert retry_after(RuntimeError("no connection")) == 0


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
