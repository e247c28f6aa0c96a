"""The steps that make one SAE of a bundle: train, encode, label, relate."""

from collections.abc import Iterator, Sequence

from saetui.pipeline.context import Step
from saetui.pipeline.encoding_step import encoding_step
from saetui.pipeline.family_step import family_step
from saetui.pipeline.labelling_step import labelling_step
from saetui.pipeline.sae_work import SaeWork
from saetui.pipeline.training_step import training_step


def trained_sae(work: SaeWork) -> Iterator[Step]:
    """The steps of an SAE that is trained here; one that the bundle has may stay."""
    trained = training_step(work)
    yield trained
    yield from _behind(work, trained)


def kept_sae(work: SaeWork) -> Iterator[Step]:
    """The steps that bring an SAE of the bundle up to date, wherever it came from."""
    work.is_kept = True
    trained = work.build.as_before(f"train {work.size.name}")
    yield trained
    yield from _behind(work, trained)


def _behind(work: SaeWork, trained: Step) -> Sequence[Step]:
    codes = encoding_step(work, trained)
    labels = labelling_step(work, codes)
    return codes, labels, family_step(work, labels)
