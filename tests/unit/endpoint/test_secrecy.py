"""Texts of servers that hold a key."""

import base64
import json
from html import escape
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saetui.endpoint.keys import HIDDEN, without_key

KEY = "sk-Ab12Cd34/Ef56+Gh78=Ij90&Kl"


@pytest.mark.parametrize(
    "written",
    [
        KEY,
        KEY.lower(),
        quote(KEY, safe=""),
        quote(quote(KEY, safe=""), safe=""),
        "".join(f"%{byte:02X}" for byte in KEY.encode()),
        escape(KEY),
        "".join(f"&#{ord(character)};" for character in KEY),
        "".join(f"&#x{ord(character):X};" for character in KEY),
        json.dumps({"k": KEY})[7:-2],
        "".join(f"\\u{ord(character):04x}" for character in KEY),
        "".join(f"\\\\x{ord(character):02x}" for character in KEY),
        "\n".join(KEY),
        f"{KEY[:10]}\\n{KEY[10:]}",
        f"{KEY[:10]}\u200b{KEY[10:]}",
        f"{KEY[:10]}' '{KEY[10:]}",
        KEY[:12],
        KEY[-12:],
    ],
)
def test_a_key_is_hidden_however_it_is_written(written):
    assert without_key(f"Wrong key {written}; try again.", KEY) == f"Wrong key {HIDDEN}; try again."


def test_both_halves_are_hidden():
    text = f"begins with {KEY[:14]} and ends with {KEY[14:]}"
    assert without_key(text, KEY) == f"begins with {HIDDEN} and ends with {HIDDEN}"


def test_short_keys_are_hidden_as_a_whole():
    assert without_key("Bearer s3cr3t, s3cr3", "s3cr3t") == f"Bearer {HIDDEN}, s3cr3"
    assert without_key("an exam", "x") == "an exam"
    assert without_key("an exam", "") == "an exam"


@given(st.text(max_size=300), st.text("ab1-_", min_size=8, max_size=40))
def test_no_trace_is_left_and_nothing_else_is_lost(text, key):
    hidden = without_key(text + key + text, key)
    assert key not in hidden
    if not any(letter in text.lower() for letter in key):
        assert hidden == text + HIDDEN + text


def test_texts_without_the_key_stay_as_they_are():
    text = 'Labels: "\u4e2d\u6587 100% &amp; \\u0041 %41" ' + base64.b64encode(b"x" * 99).decode()
    assert without_key(text, KEY) == text
    assert len(without_key("[" * 200_000, KEY)) == 200_000
