"""What commands are run with, and how they end."""

import io
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Outcome:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        assert self.code == 0, self.err
        return json.loads(self.out)

    @property
    def rows(self) -> list[list[str]]:
        """Cells of the first table, its titles left out."""
        lines = [line.split("\t") for line in self.out.split("\n\n")[0].splitlines()]
        return [line for line in lines if len(line) > 1][1:]


class Terminal(io.TextIOWrapper):
    """Standard output as a terminal."""

    def __init__(self, encoding: str = "utf-8") -> None:
        super().__init__(io.BytesIO(), encoding=encoding, write_through=True)

    def isatty(self) -> bool:
        return True

    @property
    def text(self) -> str:
        assert isinstance(self.buffer, io.BytesIO)
        return self.buffer.getvalue().decode(self.encoding)


Run = Callable[..., Outcome]


def without_colour(text: str) -> str:
    """What a terminal shows of `text`."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)
