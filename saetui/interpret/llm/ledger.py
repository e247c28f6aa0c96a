"""Every request ever sent, what it cost, and the reply: what makes a restart free.

A request is written down, at the most that it can cost, before it is sent; its reply is stored
with what it did cost before anyone uses it. Both survive a kill at any moment. What was under way
then has a request and no reply: it may have been paid for, and counts in full.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from saetui.errors import LanguageModelError
from saetui.interpret.llm.questions import Reply
from saetui.interpret.llm.settings import Budget, Cost, Spending

_VERSION = 1
_SCHEMA = """
CREATE TABLE IF NOT EXISTS requests(
    id INTEGER PRIMARY KEY, key TEXT NOT NULL, account TEXT NOT NULL, model TEXT NOT NULL,
    sent TEXT NOT NULL, reply TEXT, counted INTEGER NOT NULL, dollars REAL NOT NULL,
    prompt_tokens INTEGER NOT NULL, completion_tokens INTEGER NOT NULL,
    expected_prompt INTEGER NOT NULL, expected_completion INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS requests_by_key ON requests(key) WHERE reply IS NOT NULL;
CREATE INDEX IF NOT EXISTS requests_by_account ON requests(account);
CREATE TABLE IF NOT EXISTS dialects(
    address TEXT NOT NULL, model TEXT NOT NULL, dialect TEXT NOT NULL,
    PRIMARY KEY (address, model));
"""
# Sums of dollars carry rounding errors; no budget is this fine.
_ROUNDING = 1e-9
_BUSY_SECONDS = 30.0


class Ledger:
    """Requests and replies in an SQLite file, and the budget of one job.

    Replies are shared by all jobs that use the file. Processes may share the file; threads may
    pass a ledger on, but not use it at once.

    Args:
        path: The file; made when it does not exist.
        account: Names the job, such as a bundle's and an SAE's name. The budget covers all that
            was ever spent on it, so that a job that is killed and started again keeps to it.
        budget: What the job may cost.

    Raises:
        LanguageModelError: The file cannot be used.
    """

    def __init__(self, path: Path, account: str, budget: Budget | None = None) -> None:
        self.budget = budget or Budget()
        self._path = path
        self._account = account
        self._under_way: set[int] = set()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(
                path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
            self._prepare()
        except (OSError, sqlite3.Error) as error:
            raise self._unusable(error) from error

    def reply(self, key: str) -> Reply | None:
        """The stored reply to a request."""
        with self._using() as connection:
            row = connection.execute(
                "SELECT reply FROM requests WHERE key = ? AND reply IS NOT NULL ORDER BY id", (key,)
            ).fetchone()
        return Reply.from_json(row[0]) if row else None

    @property
    def is_waiting(self) -> bool:
        """Whether requests are under way, which may turn out cheaper than was reserved."""
        return bool(self._under_way)

    def reserve(self, key: str, model: str, most: Cost, expected: Cost) -> int | None:
        """Write down a request that is about to be sent.

        It counts as the most that it can cost, until it is settled.

        Returns:
            The number to settle or release it by; None where it could cost more than is left.
        """
        with self._using() as connection:
            # One transaction, so that no other process spends the same dollars.
            connection.execute("BEGIN IMMEDIATE")
            with connection:
                if not self._allows(most):
                    return None
                number = self._insert(key, model, most, expected)
        self._under_way.add(number)
        return number

    def settle(self, number: int, reply: Reply, cost: Cost, counted: bool) -> None:
        """Store the reply to a request, and what it did cost.

        `counted` says whether the endpoint told how many tokens it took.
        """
        with self._using() as connection:
            connection.execute(
                "UPDATE requests SET reply = ?, counted = ?, dollars = ?, prompt_tokens = ?, "
                "completion_tokens = ? WHERE id = ?",
                (
                    reply.as_json(),
                    counted,
                    cost.dollars,
                    cost.prompt_tokens,
                    cost.completion_tokens,
                    number,
                ),
            )
        self._under_way.discard(number)

    def release(self, number: int) -> None:
        """Forget a request that the endpoint did not answer and does not charge for."""
        with self._using() as connection:
            connection.execute("DELETE FROM requests WHERE id = ?", (number,))
        self._under_way.discard(number)

    def lose(self, number: int) -> None:
        """Keep a request without a reply, for which the endpoint may charge."""
        self._under_way.discard(number)

    def spending(self) -> Spending:
        """What the job has cost so far; requests of this ledger under way are left out."""
        with self._using() as connection:
            marks = ", ".join("?" * len(self._under_way))
            row = connection.execute(
                "SELECT total(dollars), total(prompt_tokens + completion_tokens), "
                "count(reply), total(reply IS NOT NULL AND NOT counted), total(reply IS NULL), "
                "total(dollars * (reply IS NULL)) "
                f"FROM requests WHERE account = ? AND id NOT IN ({marks})",
                (self._account, *self._under_way),
            ).fetchone()
        dollars, tokens, replies, uncounted, unanswered, unanswered_dollars = row
        return Spending(
            dollars, int(tokens), replies, int(uncounted), int(unanswered), unanswered_dollars
        )

    def corrections(self, model: str) -> tuple[float, float]:
        """Tokens that were counted per token expected, in a model's prompts and in its replies.

        Both are 1 where there are no replies with counts yet.
        """
        with self._using() as connection:
            sums = connection.execute(
                "SELECT total(prompt_tokens), total(expected_prompt), total(completion_tokens), "
                "total(expected_completion) FROM requests WHERE model = ? AND counted",
                (model,),
            ).fetchone()
        prompt, expected_prompt, completion, expected_completion = sums
        if not (prompt and completion):
            return 1.0, 1.0
        return prompt / expected_prompt, completion / expected_completion

    def dialect(self, address: str, model: str) -> str | None:
        """What `remember_dialect` was told of a model at an address, in this run or another."""
        with self._using() as connection:
            row = connection.execute(
                "SELECT dialect FROM dialects WHERE address = ? AND model = ?", (address, model)
            ).fetchone()
        return row[0] if row else None

    def remember_dialect(self, address: str, model: str, dialect: str) -> None:
        """Keep which options a model at an address takes."""
        with self._using() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO dialects VALUES (?, ?, ?)", (address, model, dialect)
            )

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def __enter__(self) -> "Ledger":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _prepare(self) -> None:
        # A reply that was paid for must outlast even a power cut, so each commit reaches the disk.
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=FULL")
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        if version not in (0, _VERSION):
            raise LanguageModelError(
                f"{self._path} was written by another version of saetui.",
                "Move it away; replies are then asked and paid for again.",
            )
        self._connection.executescript(_SCHEMA + f"PRAGMA user_version={_VERSION};")

    def _allows(self, most: Cost) -> bool:
        dollars, tokens = self._connection.execute(
            "SELECT total(dollars), total(prompt_tokens + completion_tokens) "
            "FROM requests WHERE account = ?",
            (self._account,),
        ).fetchone()
        budget = self.budget
        if budget.dollars is not None and dollars + most.dollars > budget.dollars + _ROUNDING:
            return False
        tokens += most.prompt_tokens + most.completion_tokens
        return budget.tokens is None or tokens <= budget.tokens

    def _insert(self, key: str, model: str, most: Cost, expected: Cost) -> int:
        cursor = self._connection.execute(
            "INSERT INTO requests(key, account, model, sent, counted, dollars, prompt_tokens, "
            "completion_tokens, expected_prompt, expected_completion) "
            "VALUES (?, ?, ?, ?, 0, ?, ?, ?, ?, ?)",
            (
                key,
                self._account,
                model,
                datetime.now(UTC).isoformat(timespec="seconds"),
                most.dollars,
                most.prompt_tokens,
                most.completion_tokens,
                expected.prompt_tokens,
                expected.completion_tokens,
            ),
        )
        return cursor.lastrowid or 0

    @contextmanager
    def _using(self) -> Iterator[sqlite3.Connection]:
        try:
            yield self._connection
        except sqlite3.Error as error:
            raise self._unusable(error) from error

    def _unusable(self, error: Exception) -> LanguageModelError:
        return LanguageModelError(
            f"The replies stored in {self._path} cannot be read or written ({error}).",
            "See that there is space on the disk; a damaged file has to be moved away.",
        )
