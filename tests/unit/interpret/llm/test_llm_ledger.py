import sqlite3

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from saetui.errors import LanguageModelError
from saetui.interpret.llm import Budget, Ledger
from saetui.interpret.llm.questions import Reply
from saetui.interpret.llm.settings import Cost

MOST = Cost(80, 20, 1.0)
EXPECTED = Cost(40, 10, 0.5)


def reserve(ledger, key="k", most=MOST):
    return ledger.reserve(key, "model", most, EXPECTED)


def test_a_reply_is_kept_with_what_it_cost(tmp_path):
    path = tmp_path / "deep" / "r.sqlite"
    reply = Reply("text \U0001f600", "no", "length", 3, None)
    with Ledger(path, "job") as ledger:
        number = reserve(ledger)
        assert ledger.reply("k") is None
        ledger.settle(number, reply, Cost(30, 5, 0.25), True)
    with Ledger(path, "another job") as ledger:
        assert ledger.reply("k") == reply
        assert ledger.spending().dollars == 0
    with Ledger(path, "job") as ledger:
        spending = ledger.spending()
    assert (spending.dollars, spending.tokens, spending.replies) == (0.25, 35, 1)
    assert spending.caveats == ()


def test_requests_under_way_count_in_full_once_their_process_is_gone(tmp_path):
    path = tmp_path / "r.sqlite"
    dying = Ledger(path, "job", Budget(dollars=2.0))
    reserve(dying)
    assert dying.spending().dollars == 0
    dying.close()
    with Ledger(path, "job", Budget(dollars=2.0)) as ledger:
        spending = ledger.spending()
        assert (spending.unanswered, spending.unanswered_dollars) == (1, 1.0)
        assert "1 requests were sent and never answered" in spending.caveats[0]
        reserve(ledger)
        with Ledger(path, "job", Budget(dollars=2.0)) as another:
            assert reserve(another) is None


def test_a_released_request_costs_nothing(tmp_path):
    with Ledger(tmp_path / "r.sqlite", "job", Budget(dollars=1.0)) as ledger:
        ledger.release(reserve(ledger))
        ledger.lose(reserve(ledger))
        assert reserve(ledger) is None


def test_tokens_have_a_budget_too(tmp_path):
    with Ledger(tmp_path / "r.sqlite", "job", Budget(tokens=150)) as ledger:
        ledger.settle(reserve(ledger), Reply(""), Cost(50, 0, 0.0), True)
        ledger.settle(reserve(ledger), Reply(""), Cost(50, 1, 0.0), True)
        assert reserve(ledger) is None


def test_what_others_turn_out_not_to_need_can_be_spent(tmp_path):
    with Ledger(tmp_path / "r.sqlite", "job", Budget(dollars=1.5)) as ledger:
        first = reserve(ledger)
        assert reserve(ledger) is None
        assert ledger.is_waiting
        ledger.settle(first, Reply(""), Cost(1, 1, 0.5), True)
        assert not ledger.is_waiting
        assert reserve(ledger) not in (first, None)


def test_a_budget_is_compared_before_a_request_is_written_down(tmp_path):
    """What does not fit leaves no trace, so that the budget is not exceeded by what it refuses."""
    with Ledger(tmp_path / "r.sqlite", "job", Budget(dollars=0.99)) as ledger:
        assert reserve(ledger) is None
        assert ledger.spending().dollars == 0
    with Ledger(tmp_path / "r.sqlite", "job", Budget(dollars=1.0)) as ledger:
        assert reserve(ledger) is not None
        assert reserve(ledger) is None
    with Ledger(tmp_path / "r.sqlite", "job") as ledger:
        assert ledger.spending().dollars == 1.0


@settings(max_examples=20, deadline=None)
@given(
    shares=st.lists(st.floats(0, 1), min_size=1, max_size=25),
    budget=st.floats(0.1, 8),
    at_once=st.integers(1, 4),
    order=st.randoms(),
)
def test_no_order_of_events_exceeds_the_budget(tmp_path_factory, shares, budget, at_once, order):
    path = tmp_path_factory.mktemp("ledger") / "r.sqlite"
    under_way: list[tuple[int, float]] = []
    paid = 0.0
    with Ledger(path, "job", Budget(dollars=budget)) as ledger:

        def settle() -> float:
            number, share = under_way.pop(order.randrange(len(under_way)))
            ledger.settle(number, Reply(""), Cost(1, 1, share), True)
            return share

        for share in shares:
            while (number := reserve(ledger)) is None and under_way:
                paid += settle()
            if number is not None:
                under_way.append((number, share))
            if len(under_way) == at_once:
                paid += settle()
        while under_way:
            paid += settle()
        assert paid <= budget + 1e-6
        assert ledger.spending().dollars == pytest.approx(paid)
        if len(shares) <= budget:
            assert paid == pytest.approx(sum(shares)), "nothing was held back without need"


def test_the_dialect_of_a_model_at_an_address_is_kept(tmp_path):
    path = tmp_path / "r.sqlite"
    with Ledger(path, "job") as ledger:
        assert ledger.dialect("http://here", "model") is None
        ledger.remember_dialect("http://here", "model", "first")
        ledger.remember_dialect("http://here", "model", "second")
        ledger.remember_dialect("http://here", "another", "third")
    with Ledger(path, "another job") as ledger:
        assert ledger.dialect("http://here", "model") == "second"
        assert ledger.dialect("http://there", "model") is None


def test_corrections(tmp_path):
    with Ledger(tmp_path / "r.sqlite", "job") as ledger:
        assert ledger.corrections("model") == (1, 1)
        ledger.settle(reserve(ledger), Reply(""), MOST, False)
        assert ledger.corrections("model") == (1, 1)
        assert "did not count the tokens of 1 replies" in ledger.spending().caveats[0]
        ledger.settle(reserve(ledger), Reply(""), Cost(60, 40, 0.1), True)
        assert ledger.corrections("model") == (1.5, 4.0)
        assert ledger.corrections("other") == (1, 1)


def test_a_file_that_is_no_ledger(tmp_path):
    path = tmp_path / "r.sqlite"
    path.write_text("this is no database, and long enough to be taken for one\n" * 10)
    with pytest.raises(LanguageModelError, match="cannot be read or written"):
        Ledger(path, "job")
    with pytest.raises(LanguageModelError, match="cannot be read or written"):
        Ledger(path / "below", "job")


def test_a_file_of_a_later_version(tmp_path):
    path = tmp_path / "r.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version=99")
    connection.close()
    with pytest.raises(LanguageModelError, match="another version of saetui"):
        Ledger(path, "job")
