"""What a labeller sees of a feature: documents with their activation, and documents without."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ActiveText:
    """A document in which a feature is active.

    Attributes:
        text: Title and text.
        level: Activation as a share of the feature's strongest, above 0, at most 1.
    """

    text: str
    level: float

    @property
    def strength(self) -> int:
        """The level from 1 to 10, as a prompt states it."""
        return min(max(round(10 * self.level), 1), 10)


@dataclass(frozen=True)
class FeatureExamples:
    """What the label of one feature is made from.

    Attributes:
        feature: Its number.
        active: Documents across all deciles of activation, the strongest first.
        inactive: Documents in which the feature is not active, near misses and random ones.
    """

    feature: int
    active: tuple[ActiveText, ...]
    inactive: tuple[str, ...]
