"""`saetui train`: train more SAEs for a bundle, or compare sizes and variants."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from saetui.cli.build import build_json
from saetui.cli.json_output import finite
from saetui.cli.options import (
    AsJson,
    DeviceName,
    Epochs,
    Extend,
    ForceSae,
    NewSaes,
    SaeFrom,
    Seed,
    Stability,
    VocabularyFile,
    sae_source,
    training_options,
)
from saetui.cli.output import Output
from saetui.cli.progress import shown_progress
from saetui.cli.stats import metrics_table, show_sweep
from saetui.errors import InputError
from saetui.session.saved.search_json import Json

if TYPE_CHECKING:
    from saetui.pipeline.experiments import Vectors
    from saetui.pipeline.options import SaeSource
    from saetui.progress import Progress
    from saetui.train.options import TrainingOptions, Workers
    from saetui.train.size import SaeSize
    from saetui.train.training import TrainedSae

    Trained = Iterator[tuple[SaeSize, TrainedSae]]

Shown = tuple[Json, Callable[[Output], None]]
"""A result as JSON, and what prints it."""


def train(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="BUNDLE|VECTORS.npy",
            help="A bundle, or a file of vectors, one a row.",
            show_default=False,
        ),
    ],
    *,
    sae: NewSaes = None,
    sae_from: SaeFrom = None,
    extend: Extend = 0,
    force: ForceSae = False,
    compare: Annotated[
        bool,
        typer.Option("--compare", help="Train every variant of each size and print their metrics."),
    ] = False,
    sweep: Annotated[
        bool,
        typer.Option(
            "--sweep",
            help="Train a grid of sizes, fit the power law of the error for each k, and draw it; "
            "a bundle keeps the result.",
        ),
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", metavar="FOLDER", help="Folder for the SAEs, if given vectors."
        ),
    ] = None,
    epochs: Epochs = None,
    samples: Annotated[
        int | None,
        typer.Option("--samples", min=1, help="The most vectors to train on, with repetitions."),
    ] = None,
    stability: Stability = None,
    device: DeviceName = "auto",
    memory: Annotated[
        float | None,
        typer.Option(
            "--memory",
            min=0.01,
            metavar="GB",
            help="Memory for training vectors, 2 by default; if they need more, they are read in "
            "shuffled shards.",
            show_default=False,
        ),
    ] = None,
    seed: Seed = 0,
    vocabulary: VocabularyFile = "",
    as_json: AsJson = False,
) -> None:
    """Train SAEs: add them to a bundle, or compare variants and sizes.

    After an interruption, the same command continues where it stopped. Started by torchrun,
    several processes or machines train each SAE together. With --vocabulary alone, nothing is
    trained and the features of the bundle's SAEs are named anew.
    """
    from saetui.pipeline.experiments import Vectors
    from saetui.train.options import joined_workers
    from saetui.train.size import SaeSize

    if compare and sweep:
        raise InputError("--compare and --sweep are two experiments.", "Run one after the other.")
    sizes = [SaeSize.parse(text) for text in sae or ()]
    options = training_options(
        seed=seed, device=device, epochs=epochs, samples=samples, gigabytes=memory
    )
    given = sae_source(sae_from, extend, force)
    vectors = Vectors.at(source)
    if given is not None and (compare or sweep or not vectors.bundle):
        raise InputError(
            "--sae-from adds an SAE to a bundle.", "Give a bundle, without --compare and --sweep."
        )
    if vectors.bundle and output is not None:
        raise InputError("A bundle keeps its own SAEs.", "Leave out --output.")
    if not vectors.bundle and output is None and not (compare or sweep):
        raise InputError("There is no folder to write the SAE to.", "Give --output FOLDER.")
    if vocabulary and (compare or sweep or not vectors.bundle):
        raise InputError(
            "A vocabulary names the features of a bundle.", "Leave out --vocabulary here."
        )
    with shown_progress() as progress, joined_workers(options.device) as workers:
        run = _Run(vectors, sizes, options, progress, workers)
        if sweep:
            shape, show = _sweep(run)
        elif compare:
            shape, show = _compare(run, twice=bool(stability))
        elif output is None:
            shape, show = _add(run, stability, given, vocabulary)
        else:
            shape, show = _train(run, run.chosen(), output, twice=bool(stability))
    if workers.first and as_json:
        Output().json(shape)
    elif workers.first:
        show(Output())


@dataclass(frozen=True)
class _Run:
    """The vectors to train on, and how."""

    vectors: "Vectors"
    sizes: "Sequence[SaeSize]"
    options: "TrainingOptions"
    progress: "Progress"
    workers: "Workers"

    def chosen(self) -> "list[SaeSize]":
        """The requested sizes; if there are none, one for these vectors, with a note saying why."""
        from saetui.train.size import SaeSize

        if self.sizes:
            return list(self.sizes)
        choice = self.vectors.choice()
        if self.workers.first:
            self.progress.note(choice.reason)
        return [SaeSize(choice.n, choice.k)]

    def train(self, sizes: "Sequence[SaeSize]", *, twice: bool) -> "Trained":
        """Train each size."""
        from saetui.pipeline.experiments import train_each

        return train_each(
            self.vectors, sizes, self.options, self.progress, twice=twice, workers=self.workers
        )


def _add(run: _Run, stability: bool | None, given: "SaeSource | None", vocabulary: str) -> Shown:
    """Add SAEs to a bundle, or names."""
    from saetui.pipeline.build import add_saes
    from saetui.pipeline.options import BuildOptions

    options = BuildOptions(
        saes=tuple(run.sizes),
        training=run.options,
        stability=stability,
        sae_from=given,
        vocabulary=vocabulary,
    )
    outcome = add_saes(run.vectors.path, options, run.progress, run.workers)

    def show(output: Output) -> None:
        metrics_table(output, [(sae.name, sae.metrics) for sae in outcome.manifest.saes])
        if not outcome.steps:
            output.line("Nothing to do: the bundle has these SAEs.")

    return build_json(outcome), show


def _compare(run: _Run, *, twice: bool) -> Shown:
    """Train every variant of each size."""
    from saetui.train.size import VARIANTS

    sizes = [replace(size, variant=variant) for size in run.chosen() for variant in VARIANTS]
    return _train(run, list(dict.fromkeys(sizes)), None, twice=twice)


def _train(run: _Run, sizes: "Sequence[SaeSize]", folder: Path | None, *, twice: bool) -> Shown:
    """Train on vectors alone; each SAE gets a folder in the one that is named."""
    from saetui.pipeline.experiments import save_trained

    metrics = []
    for size, trained in run.train(sizes, twice=twice):
        if folder is not None and run.workers.first:
            save_trained(folder / size.name, trained)
        metrics.append((size.name, trained.metrics))
    shape = {"saes": [{"name": name, **finite(each)} for name, each in metrics]}
    return shape, lambda output: metrics_table(output, metrics)


def _sweep(run: _Run) -> Shown:
    from saetui.pipeline.experiments import save_sweep
    from saetui.train.size import Sweep, SweepPoint, sweep_sizes

    sizes = run.sizes or sweep_sizes(run.vectors.choice())
    trained = run.train(sizes, twice=False)
    found = Sweep.of([SweepPoint.of(size, each.metrics) for size, each in trained])
    if run.vectors.bundle and run.workers.first:
        save_sweep(run.vectors.path, found)
    return found.to_json(), lambda output: show_sweep(output, found)
