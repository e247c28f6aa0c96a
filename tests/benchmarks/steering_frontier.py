"""What raising, or lowering, one feature does in every mode, against asking for it in words.

    python tests/benchmarks/steering_frontier.py BUNDLE [QUERIES [SEED]]

For each strength prints how many of the first ten results are replaced, how near they stay to the
query, the share that activates the feature, and how often judges without the SAE recognise it;
then the same where nearness is 0.95, 0.9 and 0.8.
"""

import sys
from dataclasses import replace
from pathlib import Path

from saetui.core.changes import MODES
from saetui.embed import EmbedderSettings, load_embedder
from saetui.evaluate.recognition import Mean, Summary, recognised
from saetui.evaluate.steering import REWRITTEN_UP
from saetui.evaluate.steering_setup import prepare
from saetui.progress import Silent
from saetui.store.bundle import Bundle

STRENGTHS = (0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.75, 1.0)


def shown(estimate: Mean) -> str:
    if estimate.value is None:
        return "        -        "
    return f"{estimate.value:.2f} [{estimate.low:.2f} {estimate.high:.2f}]"


def main(path: str, count: int, seed: int) -> None:
    bundle = Bundle(Path(path))
    embedder = load_embedder(EmbedderSettings.from_dict(bundle.manifest.embedder))
    prepared = prepare(bundle, bundle.sae(None), embedder, Silent(), count=count, seed=seed)
    trials, judges = prepared.trials, [judge.name for judge in prepared.judges]
    summary = Summary(len(trials), seed)
    for raising in (True, False):
        print(f"\n{'Raising' if raising else 'Lowering'} one feature, {len(trials)} trials")
        bench = replace(prepared.bench, only="up" if raising else "down")
        curves = [bench.curve(mode, trials, STRENGTHS) for mode in MODES]
        curves.append(bench.by_labels(trials, embedder.embed_query, STRENGTHS))
        if raising:
            curves.append(bench.rewritten(REWRITTEN_UP, trials, embedder.embed_query))
        curves = recognised(curves, trials, prepared.judges, Silent())
        for curve in curves:
            for point in summary.points(curve):
                judged = point.up if raising else point.down
                active = point.having if raising else point.lowered
                print(
                    f"{point.way:19} {point.strength:<5g} replaced {point.replaced.value:4.1f}  "
                    f"fidelity {point.fidelity.value:.3f}  nearness {point.nearness.value:.3f}  "
                    f"active {active.value:.2f}  "
                    + "  ".join(f"{judge} {shown(judged[judge])}" for judge in judges)
                )
        for level in (0.97, 0.95, 0.9, 0.8):
            for curve in curves:
                found = summary.at(curve, "nearness", level)
                judged = found.up if raising else found.down
                print(
                    f"nearness {level:<4} {curve.way:19} strength {shown(found.strength)}  "
                    + "  ".join(f"{judge} {shown(judged[judge])}" for judge in judges)
                )


if __name__ == "__main__":
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    rest = [int(word) for word in sys.argv[2:]]
    main(sys.argv[1], *(rest + [200, 0][len(rest) :]))
