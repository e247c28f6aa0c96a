"""Show how far long work is: bars on a terminal, a few plain lines in a log."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from saetui.cli.progress_bars import ProgressBars
from saetui.cli.progress_lines import ProgressLines
from saetui.progress import Progress


@contextmanager
def shown_progress(
    stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic
) -> Iterator[Progress]:
    """Progress on standard error for the length of a block.

    Args:
        stream: Where to show it; None for `sys.stderr` as it is now.
        clock: Seconds.
    """
    from rich.console import Console

    stream = sys.stderr if stream is None else stream
    console = Console(file=stream, markup=False, highlight=False, emoji=False)
    progress: ProgressBars | ProgressLines
    if console.is_terminal and not console.is_dumb_terminal:
        progress = ProgressBars(console, clock)
    else:
        progress = ProgressLines(stream, clock)
    with progress:
        yield progress
