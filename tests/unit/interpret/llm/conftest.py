"""An endpoint on this machine, and an empty ledger."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from chat_server import ChatServer
from llm_models import Told

from saetui.interpret.llm import Ledger


@pytest.fixture
def server() -> Iterator[ChatServer]:
    with ChatServer() as running:
        yield running


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger(tmp_path / "replies.sqlite", "job") as opened:
        yield opened


@pytest.fixture
def told() -> Told:
    return Told()
