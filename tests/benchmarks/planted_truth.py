"""Do questions about a corpus find what was planted, and nothing where nothing is?

    python tests/benchmarks/planted_truth.py astro.bundle --trials 20

In each trial a feature is drawn. Seven tenths of its documents, and one in fifty of all others, are
a group (compare), get a number that is larger by one standard deviation (relate), or are dated in
the last third of the time (trends). Printed is how often the feature is first or second. Then
groups, numbers and dates are shuffled: printed is the share of features with p below 0.05, and in
how many trials any is left after correction.
"""

import argparse
import time

import numpy as np
from numpy.typing import NDArray

import saetui
from saetui.core.group_tests import compare_groups
from saetui.core.postings import Postings
from saetui.core.trend_tests import associate, trend_test

Values = NDArray[np.float64]
PERIODS = 36


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("bundle")
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--copies", type=int, default=1, help="repeat the corpus, to time it")
    options = parser.parse_args()
    session = saetui.open(options.bundle)
    postings, documents = session.sae.postings, len(session.bundle)
    if options.copies > 1:
        postings, documents = repeated(postings, documents, options.copies)
    found, false, after, seconds = run(postings, documents, options.trials)
    for question in found:
        print(
            f"{question}: first or second in {found[question]} of {options.trials}; shuffled: "
            f"{np.mean(false[question]):.2%} below 0.05, any after correction in "
            f"{after[question]} of {options.trials}; {1_000 * np.median(seconds[question]):.0f} ms "
            f"on {documents:,} documents"
        )


def run(
    postings: Postings, documents: int, trials: int
) -> tuple[dict[str, int], dict[str, list[float]], dict[str, int], dict[str, list[float]]]:
    questions = ("compare", "relate", "trends")
    found, after = dict.fromkeys(questions, 0), dict.fromkeys(questions, 0)
    false: dict[str, list[float]] = {question: [] for question in questions}
    seconds: dict[str, list[float]] = {question: [] for question in questions}
    frequent = np.flatnonzero(postings.counts() >= 30)
    for seed in range(trials):
        random = np.random.default_rng(seed)
        feature = int(random.choice(frequent))
        planted = random.random(documents) < 0.02
        rows = postings.documents(feature)[0]
        planted[rows[random.random(len(rows)) < 0.7]] = True
        for question in questions:
            started = time.perf_counter()
            strength, _, _ = ask(question, postings, planted, random)
            seconds[question].append(time.perf_counter() - started)
            found[question] += feature in np.argsort(-strength, kind="stable")[:2]
            shuffled = random.permutation(planted)
            _, p, q = ask(question, postings, shuffled, random)
            tested = ~np.isnan(p)
            false[question].append(float((p[tested] < 0.05).mean()))
            after[question] += bool((q[tested] < 0.05).any())
    return found, false, after, seconds


def ask(
    question: str,
    postings: Postings,
    planted: NDArray[np.bool_],
    random: np.random.Generator,
) -> tuple[Values, Values, Values]:
    """How strongly each feature answers, p and corrected p."""
    if question == "compare":
        groups = compare_groups(
            postings.count(planted),
            int(planted.sum()),
            postings.count(~planted),
            int((~planted).sum()),
        )
        return groups.keyness, groups.p, groups.q
    if question == "relate":
        related = associate(postings, random.normal(size=len(planted)) + planted)
        return related.rho, related.p, related.q
    # The corpus grows: most documents are of late periods anyway.
    usual = PERIODS * np.sqrt(random.random(len(planted)))
    late = PERIODS * (2 + random.random(len(planted))) / 3
    trend = trend_test(postings, np.floor(np.where(planted, late, usual)))
    return trend.z, trend.p, trend.q


def repeated(postings: Postings, documents: int, copies: int) -> tuple[Postings, int]:
    """The postings of a corpus that is there several times."""
    parts = [postings.documents(feature) for feature in range(postings.n)]
    rows = [
        np.concatenate([each + copy * documents for copy in range(copies)]).astype(np.int32)
        for each, _ in parts
    ]
    values = [np.tile(each, copies) for _, each in parts]
    return (
        Postings(postings.indptr * copies, np.concatenate(rows), np.concatenate(values)),
        copies * documents,
    )


if __name__ == "__main__":
    main()
