"""Models and features for tests of what asks a language model."""

from collections.abc import Sequence

from saetui.interpret.llm import (
    ActiveText,
    FeatureExamples,
    LanguageModel,
    Ledger,
    ModelSettings,
    Patience,
    Price,
)

# Patient in number of tries, not in seconds.
SOON = Patience(deadline=5.0, tries=6, pause=0.001, longest_pause=0.01)
PRICE = Price(2.0, 8.0)


def model_at(
    address: str,
    ledger: Ledger,
    *,
    name: str = "test-model",
    price: Price | None = PRICE,
    concurrency: int = 4,
    patience: Patience = SOON,
) -> LanguageModel:
    return LanguageModel(ModelSettings(name, address, price, concurrency, patience), ledger)


def features(numbers: Sequence[int]) -> list[FeatureExamples]:
    """Features whose documents name one topic each."""
    return [
        FeatureExamples(
            number,
            tuple(
                ActiveText(f"Paper {paper} on topic {number}. " + "Text. " * 20, 1 - paper / 10)
                for paper in range(5)
            ),
            tuple(f"Another paper, number {paper}." for paper in range(5)),
        )
        for number in numbers
    ]


class Told:
    """Progress that remembers what it was told."""

    def __init__(self) -> None:
        self.task = ""
        self.total: int | None = None
        self.done = 0
        self.figures: list[dict[str, float]] = []
        self.notes: list[str] = []

    def start(self, task: str, total: int | None, unit: str, done: int = 0) -> None:
        self.task, self.total, self.done = f"{task} ({unit})", total, done

    def advance(self, amount: int = 1, **figures: float) -> None:
        self.done += amount
        self.figures.append(figures)

    def note(self, message: str) -> None:
        self.notes.append(message)
