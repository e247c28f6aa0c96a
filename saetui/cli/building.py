"""What commands that build share: how a corpus is read, and what was made."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from saetui.corpus import CorpusOptions
    from saetui.pipeline.finishing import BuildOutcome


def corpus_options(
    corpus_format: str | None,
    columns: list[str] | None,
    category: list[str] | None,
    limit: int | None,
    strict: bool,
    *,
    dates: str | None = None,
    encoding: str | None = None,
) -> "CorpusOptions":
    """How to read a corpus, from the options of a command."""
    from saetui.corpus import CorpusOptions
    from saetui.corpus.dates import check_order

    return CorpusOptions(
        format=corpus_format,
        columns=_mapping(columns or []),
        categories=tuple(category or ()),
        strict=strict,
        limit=limit,
        dates=None if dates is None else check_order(dates),
        encoding=encoding,
    )


def _mapping(pairs: list[str]) -> dict[str, str]:
    from saetui.errors import InputError

    mapping = {}
    for pair in pairs:
        ours, separator, theirs = pair.partition("=")
        if not separator or not ours or not theirs:
            raise InputError(f"'{pair}' does not map a field.", "Write it like text=abstract.")
        mapping[ours] = theirs
    return mapping


def show_build(outcome: "BuildOutcome", done: str, *, as_json: bool) -> None:
    """Print what a build made.

    Args:
        outcome: Of the build.
        done: What was done with the bundle, such as "Built".
        as_json: Whether to print JSON.
    """
    from saetui.cli import bundle_json as shapes
    from saetui.cli.metrics import metrics_table
    from saetui.cli.output import Output

    output, manifest = Output(), outcome.manifest
    if as_json:
        output.json(shapes.build(outcome))
        return
    if outcome.steps:
        metrics_table(output, [(each.name, each.metrics) for each in manifest.saes])
    if outcome.changes is not None:
        from saetui.pipeline.corpus_steps import described
        from saetui.pipeline.fit import described as fit_of

        output.line(f"{described(outcome.changes)} {outcome.embedded:,} texts were embedded.")
        for sae in manifest.saes:
            fit = sae.metrics.get("fit")
            if fit and fit["new_documents"]:
                output.line(fit_of(sae.name, fit))
    what = done if outcome.steps else "Nothing to do:"
    output.line(
        f"{what} {outcome.path}, {manifest.documents:,} documents. "
        f"Open it with: saetui {outcome.path}"
    )
