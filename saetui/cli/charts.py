"""Small pictures made of characters."""

from collections.abc import Sequence

_EIGHTHS = " \u2581\u2582\u2583\u2584\u2585\u2586\u2587\u2588"
_ASCII = " .:-=+*#@"


def bars(counts: Sequence[int], unicode: bool) -> str:
    """One character per count, as high as the count; whatever is above zero is seen.

    Args:
        counts: Not negative.
        unicode: Whether block characters can be shown; if not, ASCII by weight of ink.
    """
    ramp = _EIGHTHS if unicode else _ASCII
    highest = max(counts, default=0)
    if highest <= 0:
        return ramp[0] * len(counts)
    steps = len(ramp) - 1
    return "".join(ramp[-(-count * steps // highest)] for count in counts)
