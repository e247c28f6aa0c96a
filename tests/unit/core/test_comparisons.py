"""Values of metadata compare as numbers where they are numbers, however these are written."""

import pytest

from saetui.core.document_filter import Comparison, number_in


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("3", 3.0),
        ("-1,234.5", -1234.5),
        ("1e3", 1000.0),
        ("$1,234.50", 1234.5),
        ("12 \u20ac", 12.0),
        ("45%", 45.0),
        ("12 cm", None),
        ("1,23", None),
        ("%", None),
        ("", None),
        ("1e999", None),
    ],
)
def test_numbers(text: str, number: float | None) -> None:
    assert number_in(text) == number


def test_prices_compare_as_numbers() -> None:
    cheap = Comparison("price", "<=", "10").test()
    assert [value for value in ("$9.99", "10", "$1,000", "free") if cheap(value)] == ["$9.99", "10"]
