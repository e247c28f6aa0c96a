import threading
import time

import pytest

from saetui.interpret.llm.ledger import Stopped
from saetui.interpret.llm.throttle import Throttle

RUNNING = threading.Event()


def room_of(throttle, most=8):
    """How many slots can be held at once."""
    stopping = threading.Event()
    inside = threading.Semaphore(0)

    def hold():
        try:
            with throttle.slot(stopping):
                inside.release()
                stopping.wait(5)
        except Stopped:
            pass

    threads = [threading.Thread(target=hold) for _ in range(most)]
    for thread in threads:
        thread.start()
    held = 0
    while held < most and inside.acquire(timeout=0.05):
        held += 1
    stopping.set()
    throttle.wake()
    for thread in threads:
        thread.join()
    return held


def began(throttle):
    with throttle.slot(RUNNING) as time_of_start:
        return time_of_start


def test_slots_are_halved_once_per_limit_and_come_back():
    throttle = Throttle(6)
    assert room_of(throttle) == 6
    together = [began(throttle) for _ in range(3)]
    for start in together:
        throttle.narrow(start)
    assert room_of(throttle) == 3
    throttle.narrow(began(throttle))
    assert room_of(throttle) == 1
    throttle.narrow(began(throttle))
    assert room_of(throttle) == 1, "never none"
    for _ in range(40):
        throttle.went_well()
    assert room_of(throttle) == 6, "and never more than at first"


def test_a_pause_holds_everything_back():
    throttle = Throttle(2)
    asked = time.monotonic()
    throttle.pause(0.05)
    throttle.pause(0.0)
    assert began(throttle) - asked >= 0.05


def test_waiting_can_be_ended():
    throttle = Throttle(1)
    throttle.pause(60)
    stopping = threading.Event()
    threading.Timer(0.02, lambda: (stopping.set(), throttle.wake())).start()
    with pytest.raises(Stopped), throttle.slot(stopping):
        raise AssertionError("no slot was free")
