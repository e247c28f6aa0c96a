"""An attribute is loaded by one thread, while the others wait for it."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from saetui.store.stored_sae import loaded_once


class Loader:
    def __init__(self) -> None:
        self.calls: list[str] = []
        self.go = threading.Event()

    @loaded_once
    def slow(self) -> object:
        """Waits to be let go."""
        self.calls.append("slow")
        self.go.wait()
        return object()

    @loaded_once
    def quick(self) -> str:
        self.calls.append("quick")
        return "quick"

    @loaded_once
    def failing(self) -> str:
        self.calls.append("failing")
        if len(self.calls) == 1:
            raise OSError
        return "fine"


def test_threads_share_one_load() -> None:
    loader = Loader()
    with ThreadPoolExecutor(8) as pool:
        waiting = [pool.submit(lambda: loader.slow) for _ in range(8)]
        # Another attribute is not held up.
        assert loader.quick == "quick"
        loader.go.set()
        values = {id(future.result()) for future in waiting}
    assert len(values) == 1
    assert sorted(loader.calls) == ["quick", "slow"]


def test_instances_do_not_share() -> None:
    first, second = Loader(), Loader()
    first.go.set()
    second.go.set()
    assert first.slow is first.slow
    assert first.slow is not second.slow


def test_a_failed_load_is_tried_again() -> None:
    loader = Loader()
    with pytest.raises(OSError):
        _ = loader.failing
    assert loader.failing == "fine"
    assert loader.failing == "fine"
    assert loader.calls == ["failing", "failing"]


def test_the_attribute_keeps_its_documentation() -> None:
    assert Loader.slow.__doc__ == "Waits to be let go."
