"""Do questions about a corpus find what was planted, and nothing where nothing is?

    python tests/benchmarks/planted_truth.py astro.bundle --sae k8-n768 --trials 20
    python tests/benchmarks/planted_truth.py astro.bundle --sae k8-n768 --trials 200 --seed 1000

In each trial a feature of at least 30 documents is drawn. Its documents, and one in fifty of all
others, are a group (compare), get a number that is larger by one standard deviation (relate), one
of six categories that are otherwise drawn at random (relate to categories), or are dated in the
last third of the time (relate to dates, trends). With `--share 0.7` only seven tenths of its
documents are. For 30 documents that leaves 3.8 standard errors, hardly more than the largest of 750
features that have nothing to do with it. Printed is how often the feature is first or second. Then
groups, numbers and dates are shuffled: printed is the share of features with p below 0.05, and in
how many trials any is left after correction. Of shuffled numbers there are also such that are zero
in 95 of 100 documents, as citations are, and of dates the corpus's own.
"""

import argparse
import time

import numpy as np
from numpy.typing import NDArray

import saetui
from saetui.core.codec import Postings
from saetui.core.group_tests import compare_groups, most_in
from saetui.core.trend_tests import associate, trend_test
from saetui.errors import InputError
from saetui.session.questions.fields import timeline
from saetui.session.questions.units import units_of
from saetui.session.session import Session

Values = NDArray[np.float64]
PERIODS = 36
CATEGORIES = 6
QUESTIONS = ("compare", "relate", "relate to categories", "relate to dates", "trends")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("bundle")
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0, help="of the first trial")
    parser.add_argument("--sae", help="which of the bundle's SAEs; the first if left out")
    parser.add_argument("--families", action="store_true", help="count families, not features")
    parser.add_argument("--share", type=float, default=1.0, help="of the documents are planted")
    parser.add_argument("--copies", type=int, default=1, help="repeat the corpus, to time it")
    options = parser.parse_args()
    session = saetui.open(options.bundle, options.sae)
    postings = units_of(session, "family" if options.families else "feature").postings
    documents = len(session.bundle)
    dates = np.tile(own_dates(session), options.copies)
    if options.copies > 1:
        postings, documents = repeated(postings, documents, options.copies)
    seeds = range(options.seed, options.seed + options.trials)
    found, seconds = planted_trials(postings, documents, seeds, options.share)
    for question, count in found.items():
        print(
            f"{question}: first or second in {count} of {len(seeds)}; "
            f"{1_000 * np.median(seconds[question]):.0f} ms on {documents:,} documents"
        )
    for question, (shares, left) in shuffled_trials(postings, documents, dates, seeds).items():
        error = np.std(shares) / len(shares) ** 0.5
        print(
            f"{question}, shuffled: {np.mean(shares):.2%} (standard error {error:.2%}) below 0.05, "
            f"any left after correction in {left} of {len(seeds)}"
        )


def own_dates(session: Session) -> Values:
    """The period of each document; NaN where it has no date."""
    try:
        places = timeline(session).of(np.ones(len(session.bundle), dtype=bool)).places
    except InputError:
        return np.full(len(session.bundle), np.nan)
    return np.where(places >= 0, places, np.nan)


def planted_trials(
    postings: Postings, documents: int, seeds: range, share: float
) -> tuple[dict[str, int], dict[str, list[float]]]:
    found = dict.fromkeys(QUESTIONS, 0)
    seconds: dict[str, list[float]] = {question: [] for question in QUESTIONS}
    frequent = np.flatnonzero(postings.counts() >= 30)
    for seed in seeds:
        random = np.random.default_rng(seed)
        number = int(random.choice(frequent))
        planted = random.random(documents) < 0.02
        rows = postings.documents(number)[0]
        planted[rows[random.random(len(rows)) < share]] = True
        for question in QUESTIONS:
            values = numbers(question, planted, random)
            started = time.perf_counter()
            strength, _, _ = ask(question, postings, planted, values)
            seconds[question].append(time.perf_counter() - started)
            found[question] += number in np.argsort(-strength, kind="stable")[:2]
    return found, seconds


def shuffled_trials(
    postings: Postings, documents: int, dates: Values, seeds: range
) -> dict[str, tuple[list[float], int]]:
    shares: dict[str, list[float]] = {}
    after: dict[str, int] = {}
    for seed in seeds:
        random = np.random.default_rng(seed)
        planted = random.random(documents) < random.choice([0.01, 0.05, 0.3])
        rare = np.where(random.random(documents) < 0.95, 0.0, random.integers(1, 9, documents))
        asked = {
            "compare": ("compare", dates),
            "relate": ("relate", numbers("relate", planted, random)),
            "relate, mostly zero": ("relate", rare),
            "relate to categories": (
                "relate to categories",
                random.permutation(numbers("relate to categories", planted, random)),
            ),
            "relate to dates": ("relate to dates", numbers("relate to dates", planted, random)),
            "relate to the corpus's dates": ("relate to dates", random.permutation(dates)),
            "trends": ("trends", numbers("trends", planted, random)),
            "trends, the corpus's dates": ("trends", random.permutation(dates)),
        }
        labels = random.permutation(planted)
        for name, (question, values) in asked.items():
            _, p, q = ask(question, postings, labels, values)
            tested = ~np.isnan(p)
            if tested.any():
                shares.setdefault(name, []).append(float((p[tested] < 0.05).mean()))
                after[name] = after.get(name, 0) + bool((q[tested] < 0.05).any())
    return {name: (shares[name], after[name]) for name in shares}


def numbers(question: str, planted: NDArray[np.bool_], random: np.random.Generator) -> Values:
    """Numbers or dates that are larger or later where something was planted."""
    if question == "relate":
        return random.normal(size=len(planted)) + planted
    if question == "relate to categories":
        return np.where(planted, 0.0, random.integers(0, CATEGORIES, len(planted)))
    # The corpus grows: most documents are of late periods anyway.
    usual = PERIODS * np.sqrt(random.random(len(planted)))
    late = PERIODS * (2 + random.random(len(planted))) / 3
    return np.floor(np.where(planted, late, usual))


def ask(
    question: str, postings: Postings, planted: NDArray[np.bool_], values: Values
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
    if question == "relate to categories":
        counts = postings.by_place(values.astype(np.int64), CATEGORIES)
        sizes, having = np.bincount(values.astype(np.int64)), counts.sum(axis=1)
        rest = len(values) - sizes
        most = most_in(
            [
                compare_groups(counts[:, i], int(sizes[i]), having - counts[:, i], int(rest[i]))
                for i in range(CATEGORIES)
            ]
        )
        return most.keyness, most.p, most.q
    if question in ("relate", "relate to dates"):
        related = associate(postings, values)
        return related.rho, related.ends.p, related.ends.q
    places = np.where(np.isnan(values), -1, values).astype(np.int64)
    width = int(places.max()) + 1
    sizes = np.bincount(places[places >= 0], minlength=width)
    trend = trend_test(postings.by_place(places, width), sizes, np.arange(width, dtype=np.float64))
    return trend.z, trend.ends.p, trend.ends.q


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
