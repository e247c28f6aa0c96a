"""Numbers as text, in the same format in every command."""


def score(value: float) -> str:
    """A cosine or an activation."""
    return f"{value:.3f}"


def known(value: float | None) -> str:
    """A score, or a dash if it is not known."""
    return "-" if value is None else f"{value:.2f}"


def estimate(figure: tuple[float | None, float | None, float | None]) -> str:
    """A score with its interval: `0.83 (0.71 to 0.95)`."""
    value, low, high = figure
    if value is None or low is None or high is None:
        return known(value)
    return f"{value:.2f} ({low:.2f} to {high:.2f})"


def signed(value: float) -> str:
    """A number that is always shown with its sign."""
    return f"{value:+.3f}"


def density(value: float) -> str:
    """A share of the corpus; two significant digits if it is small."""
    return f"{value:.4f}" if value >= 0.001 or value == 0 else f"{value:.2g}"


def duration(seconds: float) -> str:
    """A span of time: `0.4 s`, `45 s`, `3 min 05 s`, `2 h 10 min`."""
    if seconds < 9.95:
        return f"{max(seconds, 0):.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3_600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3_600} h {whole % 3_600 // 60:02d} min"


def rate(amount: float, seconds: float, unit: str = "") -> str:
    """A speed, such as `81 documents/s`; empty if nothing was done yet."""
    if amount <= 0 or seconds <= 0:
        return ""
    speed = amount / seconds
    shown = f"{speed:,.0f}" if speed >= 9.95 else f"{speed:.1f}"
    return f"{shown} {unit}/s" if unit else f"{shown}/s"


def named(figures: dict[str, float]) -> str:
    """Named numbers: `loss 0.1234, dead 0.02`."""
    return ", ".join(f"{name} {value:.4g}" for name, value in figures.items())
