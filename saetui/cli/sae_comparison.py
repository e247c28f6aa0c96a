"""What a few features tell of a field, and what differs between SAEs beyond the noise of seeds."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from saetui.cli.open import opened
from saetui.cli.output import Output
from saetui.errors import InputError

if TYPE_CHECKING:
    from saetui.core.codec import Postings, SaeWeights
    from saetui.evaluate.sparse_probe import Difference, FieldProbe, SeedFigures, Target
    from saetui.pipeline.experiments import Vectors
    from saetui.progress import Progress
    from saetui.session.session import Session
    from saetui.train.options import TrainingOptions

_CATEGORIES, _PUBLISHED = "categories", "published"
_MOST_TARGETS = 12
# Documents that are encoded at a time.
_BLOCK = 4_096

_FIGURES = (("nMSE held out", "nmse"), ("recall@10 kept", "retrieval_kept"))


@dataclass(frozen=True)
class Comparison:
    """SAEs, each trained with several seeds.

    Attributes:
        seeds: How many.
        probes: Of each SAE of the bundle itself; empty without a field to probe.
        figures: Over the seeds, by figure and SAE.
        differences: From the first SAE.
    """

    seeds: int
    probes: "Mapping[str, FieldProbe]"
    figures: "Mapping[str, Mapping[str, SeedFigures]]"
    differences: "Sequence[Difference]"


def probed(bundle: Path, field: str, progress: "Progress") -> "dict[str, FieldProbe]":
    """How much a few features of each SAE of a bundle tell of a field.

    Raises:
        InputError: No document has the field, or too few have it.
    """
    from saetui.evaluate.sparse_probe import probe_field

    found = {}
    with opened(bundle) as session:
        targets = _targets(session, field)
        records = session.bundle.manifest.saes
        progress.start("Probing", len(records), "SAEs")
        for record in records:
            postings = session.bundle.sae(record.name).postings
            probe = probe_field(field, targets, postings, session.bundle.embeddings)
            if probe is None:
                raise InputError(
                    f"Too few documents have a value of '{field}' to predict it.",
                    "Name another field of the metadata.",
                )
            found[record.name] = probe
            progress.advance(1)
    return found


def compared(
    bundle: Path, field: str | None, options: "TrainingOptions", seeds: int, progress: "Progress"
) -> Comparison:
    """Compare the SAEs of a bundle with one another, each trained again with other seeds.

    The SAEs of the bundle stand for the first seed, unless one was trained on other documents, too,
    or elsewhere. Without a field, categories are probed, or else the date.
    """
    from saetui.evaluate.sparse_probe import by_figure, differences
    from saetui.pipeline.experiments import Vectors, train_each
    from saetui.train.size import SaeSize

    with opened(bundle) as session:
        chosen = field or _usual_field(session)
    probes = {} if chosen is None else probed(bundle, chosen, progress)
    runs: dict[str, list[Mapping[str, float]]] = {}
    with opened(bundle) as session:
        vectors = Vectors.at(bundle)
        targets = {} if chosen is None else _targets(session, chosen)
        saes = session.bundle.manifest.saes
        alike = all(_trained_on(record.metrics, len(session.bundle)) for record in saes)
        for record in saes:
            own = probes[record.name].figures if probes else {}
            runs[record.name] = [{**_figures(record.metrics), **own}] if alike else []
        if not alike:
            progress.note(
                "An SAE of this bundle was not trained on its documents alone, so that each is "
                f"trained {seeds} times."
            )
        sizes = [SaeSize.parse(name) for name in runs]
        others = range(options.seed + alike, options.seed + seeds)
        for size, trained in train_each(vectors, sizes, options, progress, seeds=others):
            more = _probed_again(chosen, targets, vectors, trained.weights)
            runs[size.name].append({**_figures(trained.metrics), **more})
    figures = by_figure(runs)
    return Comparison(seeds, probes, figures, differences(figures))


def _trained_on(metrics: Mapping[str, Any], documents: int) -> bool:
    """Whether an SAE was trained on so many documents; some of them may have been held out."""
    rows = metrics.get("rows") or {}
    return bool(sum(rows.values()) == documents)


def _usual_field(session: "Session") -> str | None:
    names = session.field_names()
    if _CATEGORIES in names:
        return _CATEGORIES
    return _PUBLISHED if any(date for date, _ in session.bundle.documents.by_date()) else None


def _targets(session: "Session", field: str) -> "dict[str, Target]":
    import numpy as np

    from saetui.session.questions.fields import field as field_called
    from saetui.session.questions.relate import targets_of

    everything = np.ones(len(session.bundle), dtype=bool)
    return targets_of(field_called(session, field), everything, _MOST_TARGETS)


def _figures(metrics: Mapping[str, Any]) -> dict[str, float]:
    held_out = metrics.get("held_out") or {}
    found = {title: held_out.get(key) for title, key in _FIGURES}
    return {title: float(value) for title, value in found.items() if value is not None}


def _probed_again(
    field: str | None, targets: "Mapping[str, Target]", vectors: "Vectors", weights: "SaeWeights"
) -> dict[str, float]:
    """What a few features of an SAE that is in no bundle tell of a field."""
    from saetui.evaluate.sparse_probe import probe_field

    if field is None:
        return {}
    probe = probe_field(field, targets, _postings(vectors, weights))
    return {} if probe is None else probe.figures


def _postings(vectors: "Vectors", weights: "SaeWeights") -> "Postings":
    import numpy as np

    from saetui.core.codec import Codes, build_postings, encode_in_blocks

    blocks = list(encode_in_blocks(weights, vectors.rows, _BLOCK))
    indices = np.concatenate([block.indices for block in blocks])
    values = np.concatenate([block.values for block in blocks])
    return build_postings(Codes(indices, values, weights.n))


def probe_json(probe: "FieldProbe") -> dict[str, Any]:
    """A probe as JSON; the embedding has no number of features."""
    return {
        "field": probe.field,
        "measure": probe.measure,
        "targets": list(probe.targets),
        "scores": [
            {"features": size or None, "halvings": list(scores)}
            for size, scores in probe.scores.items()
        ],
    }


def comparison_json(found: Comparison) -> dict[str, Any]:
    """A comparison as JSON."""
    return {
        "seeds": found.seeds,
        "figures": {
            figure: {sae: list(each.values) for sae, each in saes.items()}
            for figure, saes in found.figures.items()
        },
        "differences": [{**asdict(each), "claimed": each.claimed} for each in found.differences],
    }


def show_probes(output: Output, probes: "Mapping[str, FieldProbe]") -> None:
    """Print what a few features tell of a field."""
    if not probes:
        return
    first = next(iter(probes.values()))
    titles = [f"{size} features" if size else "embedding" for size in first.scores]
    output.heading(f"What a few features tell of {first.field}, by {first.measure}")
    output.table(
        ["SAE", *(f">{title}" for title in titles)],
        [
            [name, *(_score(each) for each in probe.scores.values())]
            for name, probe in probes.items()
        ],
    )
    what = (
        f"the mean of {len(first.targets)} categories, each told from all others"
        if first.measure == "AUC"
        else "its rank among all"
    )
    output.prose(
        f"Predicted by linear models on documents they were not fitted on: {what}. After it the "
        f"spread over {len(first.scores[0])} ways of halving the documents."
    )


def _score(scores: Sequence[float]) -> str:
    from statistics import mean, stdev

    return _with_spread(mean(scores), stdev(scores))


def show_comparison(output: Output, found: Comparison) -> None:
    """Print a comparison."""
    names = list(next(iter(found.figures.values()), {}))
    output.heading(f"SAEs over {found.seeds} seeds")
    output.table(
        ["figure", *(f">{name}" for name in names)],
        [
            [figure, *(_with_spread(each.mean, each.spread) for each in saes.values())]
            for figure, saes in found.figures.items()
        ],
    )
    if not found.differences:
        return
    output.heading(f"Differences from {found.differences[0].other}")
    output.table(
        ["figure", "SAE", ">difference", ">seeds alone", ""],
        [
            [
                each.figure,
                each.sae,
                f"{each.difference:+.4f}",
                "-" if each.noise is None else f"{each.noise:.4f}",
                "" if each.claimed else "no more than noise",
            ]
            for each in found.differences
        ],
    )
    output.prose(
        "Seeds alone: what 95 of 100 differences between means stay below if nothing but the seeds "
        "differs (Student's t). Each SAE was trained again, with another seed for its weights, its "
        "order of documents and its held-out documents."
    )


def _with_spread(mean: float, spread: float | None) -> str:
    return f"{mean:.4f}" if spread is None else f"{mean:.4f} ({spread:.4f})"
