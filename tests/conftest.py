"""Shut out the developer's machine: no network, no caches, no settings of the shell."""

import gc
import ipaddress
import os
import socket
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from growing import GrowingCorpus

    from saetui.core.documents import Document

if "PYTEST_XDIST_WORKER" in os.environ:
    # Tests run side by side, one on each core: numpy and torch must not use all cores for one.
    os.environ.setdefault("OMP_NUM_THREADS", "1")

# Property tests draw the same examples in every run, however busy the machine.
settings.register_profile("steady", max_examples=50, derandomize=True, deadline=None, database=None)
settings.load_profile("steady")

# Python looks for unreachable objects again and again among all there are. Modules and tests stay
# to the end, so they are not looked through, and the rest less often.
gc.disable()


def pytest_collection_finish() -> None:
    """Begin to look for unreachable objects, among those that are still to come."""
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    gc.enable()


_FOREIGN = (
    "COLORTERM",
    "COLUMNS",
    "FORCE_COLOR",
    "LINES",
    "NO_COLOR",
    "OPENAI_API_KEY",
    "OPENAI_BASE_URL",
    # Hundreds of processes would compile the same files.
    "PYTHONDONTWRITEBYTECODE",
    "SAETUI_MINILM",
    "TMUX",
    "TTY_COMPATIBLE",
    "TTY_INTERACTIVE",
)


@pytest.fixture(scope="session", autouse=True)
def isolated_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Caches in a temporary folder, and none of the shell's own settings."""
    caches = tmp_path_factory.mktemp("caches")
    with pytest.MonkeyPatch.context() as patch:
        for name in _FOREIGN:
            patch.delenv(name, raising=False)
        patch.setenv("SAETUI_CACHE", os.fspath(caches / "saetui"))
        patch.setenv("SAETUI_DATA", os.fspath(caches / "data"))
        patch.setenv("SAETUI_CONFIG", os.fspath(caches / "config"))
        patch.setenv("HF_HOME", os.fspath(caches / "huggingface"))
        patch.setenv("HF_HUB_OFFLINE", "1")
        patch.setenv("TERM", "xterm-256color")
        yield


@pytest.fixture(scope="session", autouse=True)
def local_network_only() -> Iterator[None]:
    """Connections that would leave this machine fail."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX and not _is_local(address):
            raise OSError(f"a test tried to reach {address}")
        connect(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded)
        yield


def _is_local(address: object) -> bool:
    host = str(address[0]) if isinstance(address, tuple) else ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Iterator["GrowingCorpus"]:
    """Two states of a corpus that grows."""
    from growing import growing_corpus

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OPENAI_API_KEY", "key")
        with growing_corpus(tmp_path_factory.mktemp("corpus")) as found:
            yield found


@pytest.fixture(scope="session")
def demo_passages() -> "list[Document]":
    """The texts of the demo, which take seconds to read."""
    pytest.importorskip("aclsum")
    from saetui.pipeline.demo_passages import demo_documents

    return list(demo_documents())
