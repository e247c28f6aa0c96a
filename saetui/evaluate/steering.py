"""How well steering works: how much of the query it keeps, and whether its effect is recognised.

Each trial raises one feature of a query and lowers another by the same strength. Fidelity is
`cosine(e, e')`. Nearness is the mean cosine of the first ten results to the query, divided by that
of the results without steering; it can be measured in every mode. Specificity is how often a judge
recognises, from the results before and after and five labels, which feature was raised and which
was lowered. After O'Neill et al. (arXiv 2408.00657).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from saetui.core.changes import MODES, Change, Mode, Steering
from saetui.core.codec import Float, Postings, SaeWeights, encode_dense
from saetui.core.features import CLEAN_DENSITY, CLEAN_F1
from saetui.core.scores import AddedScores, Term, unit
from saetui.core.steering import Shown, rewards, shown, steer_code, steered_vector
from saetui.evaluate.retrieval import nearest
from saetui.progress import Progress, Silent
from saetui.store.features import FeatureRecord

SHOWN = 5
"""Labels that a judge chooses from, as in the paper."""

STRONGEST = 5
"""The feature to lower is among a query's five strongest: lowering a faint one changes nothing."""

_LEAST_DOCUMENTS = 10
DEPTH = 10
STRENGTHS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 1.5, 2.0)

REQUIRING = (0.0, 0.2, 0.4, 0.6, 0.75, 0.85, 0.9, 0.95, 0.98, 0.99, 1.0)
"""Strengths in `both`, where 1 requires a feature: most of the effect lies shortly before that."""

REPEATS = (0.0, 1.0, 2.0, 4.0, 8.0, 16.0)
REWRITTEN = "rewritten"
REWRITTEN_UP = "rewritten, up only"

LABELS = "labels' vectors"
"""Steering without an SAE: one label's embedding is added to the query's, another's subtracted."""

Table = NDArray[np.float64]
Direction = Literal["up", "down"]
# Trials whose documents are compared together: each reading of the embeddings serves all of them.
_TOGETHER = 8


@dataclass(frozen=True)
class Trial:
    """One query, and the features that are changed.

    Attributes:
        query: Its text.
        e: Its embedding `(d,)`.
        z: Its dense code `(n,)`.
        up: The feature to raise; it is not active in the query.
        down: The feature to lower; it is.
        shown: int64 `(5,)`, features whose labels a judge sees, `up` and `down` among them.
    """

    query: str
    e: Float
    z: Float
    up: int
    down: int
    shown: NDArray[np.int64]


def eligible_features(records: Sequence[FeatureRecord]) -> NDArray[np.int64]:
    """Features that a judge can be asked about: labelled, neither rare nor common.

    Of several features with one label only the best is taken. Where labels were scored, their F1
    is at least `CLEAN_F1`, as in the paper.
    """
    scored = any(record.f1 is not None for record in records)
    taken: set[str] = set()
    found = []
    for record in sorted(records, key=lambda record: (-(record.f1 or 0), -record.documents)):
        name = record.label.casefold()
        if (
            name
            and name not in taken
            and record.documents >= _LEAST_DOCUMENTS
            and record.density < CLEAN_DENSITY
            and (not scored or (record.f1 or 0) >= CLEAN_F1)
        ):
            taken.add(name)
            found.append(record.id)
    return np.array(sorted(found), dtype=np.int64)


def make_trials(
    weights: SaeWeights,
    queries: Sequence[tuple[str, Float]],
    eligible: NDArray[np.int64],
    seed: int,
) -> list[Trial]:
    """One trial for each query that activates an eligible feature.

    The feature to lower is drawn from the five strongest active ones, the feature to raise from
    the inactive ones. Of the three other labels shown, one belongs to another of the five, if
    there is one, and the others to inactive features, so that a judge cannot tell the lowered
    feature by its being active.

    Fewer than five eligible features make no trial. A query's trial depends on the seed and the
    query's place only.
    """
    trials = []
    for place, (text, e) in enumerate(queries):
        drawing = np.random.default_rng([seed, place])
        z = encode_dense(weights, e)
        active = eligible[np.argsort(-z[eligible], kind="stable")[:STRONGEST]]
        active = active[z[active] > 0]
        inactive = eligible[z[eligible] == 0]
        if not len(active) or len(inactive) < SHOWN - 1:
            continue
        lowered = drawing.permutation(active)[:2]
        others = drawing.permutation(inactive)[: SHOWN - len(lowered)]
        shown = drawing.permutation(np.concatenate([lowered, others]))
        trials.append(Trial(text, e, z, int(others[0]), int(lowered[0]), shown))
    return trials


@dataclass(frozen=True)
class Curve:
    """The effect of one way to steer at every strength; tables are `(trials, strengths)`.

    Attributes:
        way: A steering mode, or a way to rewrite the query.
        strengths: Amounts of change; for a rewritten query, how often it names the label.
        fidelity: `cosine(e, e')`; 1 throughout in `both` and `codes`, which leave the query alone.
        nearness: Mean cosine of the results to the query, divided by that without steering.
        replaced: How many results were not among the results without steering.
        having: Share of the results that activate the raised feature.
        lowered: Share of the results that activate the lowered feature.
        before: int64 `(trials, DEPTH)`, rows of the results without steering.
        found: int64 `(trials, strengths, DEPTH)`, rows of the results.
        up: For each judge 1 where it picked the raised feature, a share where it was undecided.
        down: The same for the lowered feature.
    """

    way: str
    strengths: tuple[float, ...]
    fidelity: Table
    nearness: Table
    replaced: Table
    having: Table
    lowered: Table
    before: NDArray[np.int64]
    found: NDArray[np.int64]
    up: dict[str, Table] = field(default_factory=dict)
    down: dict[str, Table] = field(default_factory=dict)


@dataclass(frozen=True)
class Bench:
    """The SAE and the documents that trials are run on.

    Attributes:
        weights: Of the SAE.
        postings: Of the SAE.
        embeddings: Of the documents, `(N, d)`.
        names: Label of every feature.
        words: What the words of a text add to scores; None to search by meaning alone.
        shows: How far documents show a feature; None to go by their activations alone.
        progress: Told of each trial.
        only: Whether to raise features only ("up") or to lower them only ("down"); None for both.
    """

    weights: SaeWeights
    postings: Postings
    embeddings: NDArray[np.floating]
    names: Sequence[str]
    words: Callable[[str], Term] | None = None
    shows: Callable[[int], Shown] | None = None
    progress: Progress = field(default_factory=Silent)
    only: Direction | None = None

    def curve(
        self, way: Mode, trials: Sequence[Trial], strengths: Sequence[float] | None = None
    ) -> Curve:
        """Steer every trial in one mode, with every strength or those of the mode."""
        strengths = strengths or (REQUIRING if way == "both" else STRENGTHS)

        def steer(trial: Trial, strength: float) -> tuple[Float, Float]:
            steering: dict[int, Change] = {}
            if self.only != "down":
                steering[trial.up] = Change("add", strength)
            if self.only != "up":
                steering[trial.down] = Change("add", -strength)
            return self._steered(trial, steering, way)

        return self._curve(way, trials, tuple(strengths), steer)

    def rewritten(self, way: str, trials: Sequence[Trial], embed: Callable[[str], Float]) -> Curve:
        """Name the labels in the query instead of steering."""

        def steer(trial: Trial, repeats: float) -> tuple[Float, Float]:
            if not repeats:
                return trial.e, self._added(trial.query)
            up, down = self.names[trial.up], self.names[trial.down]
            text = " and ".join([trial.query, *[up] * int(repeats)])
            if way == REWRITTEN:
                text += f", not {down}"
            return embed(text), self._added(text)

        return self._curve(way, trials, REPEATS, steer)

    def reworded(
        self, way: str, trials: Sequence[Trial], texts: Sequence[str], embed: Callable[[str], Float]
    ) -> Curve:
        """Replace the query of each trial by a text."""
        places = {id(trial): text for trial, text in zip(trials, texts, strict=True)}

        def steer(trial: Trial, strength: float) -> tuple[Float, Float]:
            text = places[id(trial)] if strength else trial.query
            return (embed(text) if strength else trial.e), self._added(text)

        return self._curve(way, trials, (0.0, 1.0), steer)

    def by_labels(
        self,
        trials: Sequence[Trial],
        embed: Callable[[str], Float],
        strengths: Sequence[float] = STRENGTHS,
    ) -> Curve:
        """Move along the embeddings of the labels instead of the features' directions."""
        embedded = cache(embed)

        def steer(trial: Trial, strength: float) -> tuple[Float, Float]:
            vector = trial.e
            if self.only != "down":
                vector = vector + np.float32(strength) * embedded(self.names[trial.up])
            if self.only != "up":
                vector = vector - np.float32(strength) * embedded(self.names[trial.down])
            return vector, self._added(trial.query)

        return self._curve(LABELS, trials, tuple(strengths), steer)

    def _steered(self, trial: Trial, steering: Steering, mode: Mode) -> tuple[Float, Float]:
        code = steer_code(trial.z, steering)
        vector = steered_vector(self.weights, trial.e, trial.z, code, mode)
        terms: list[Term] = []
        if mode == "codes":
            terms = [*rewards(self.postings, code - trial.z).values()]
        elif mode == "both":
            changed = np.flatnonzero(code != trial.z).tolist()
            terms = [self._shown(i).changed(float(code[i] - trial.z[i])) for i in changed]
        return vector, self._added(trial.query, terms)

    def _shown(self, feature: int) -> Shown:
        return shown(self.postings, feature) if self.shows is None else self.shows(feature)

    def _added(self, query: str, terms: Sequence[Term] = ()) -> Float:
        """What terms and the words of a query add to the scores of all documents, `(N,)`."""
        if self.words is not None:
            terms = [*terms, self.words(query)]
        return AddedScores.of(terms, len(self.embeddings)).scores

    def _curve(
        self,
        way: str,
        trials: Sequence[Trial],
        strengths: tuple[float, ...],
        steer: Callable[[Trial, float], tuple[Float, Float]],
    ) -> Curve:
        shape = (len(trials), len(strengths))
        # In the order in which `_figures` returns them.
        tables = np.zeros((5, *shape))
        before = np.zeros((len(trials), DEPTH), dtype=np.int64)
        results = np.zeros((*shape, DEPTH), dtype=np.int64)
        # All strengths of a trial come one after another, so that a small cache of what words and
        # features add is enough.
        for start in range(0, len(trials), _TOGETHER):
            batch = trials[start : start + _TOGETHER]
            asked = [(trial.e, self._added(trial.query)) for trial in batch]
            asked += [steer(trial, strength) for trial in batch for strength in strengths]
            vectors = np.stack([vector for vector, _ in asked])
            added = np.stack([each for _, each in asked])
            found = nearest(vectors, self.embeddings, DEPTH, added)
            places = slice(start, start + len(batch))
            before[places] = found[: len(batch)]
            results[places] = found[len(batch) :].reshape(len(batch), len(strengths), DEPTH)
            steered = vectors[len(batch) :].reshape(len(batch), len(strengths), -1)
            for place, trial in enumerate(batch):
                row = start + place
                for column in range(len(strengths)):
                    tables[:, row, column] = self._figures(
                        trial, steered[place, column], before[row], results[row, column]
                    )
            self.progress.advance(len(batch))
        fidelity, nearness, replaced, having, lowered = tables
        return Curve(way, strengths, fidelity, nearness, replaced, having, lowered, before, results)

    def _figures(
        self, trial: Trial, vector: Float, before: NDArray[np.int64], after: NDArray[np.int64]
    ) -> tuple[float, ...]:
        near, plain = (
            (np.asarray(self.embeddings[rows], dtype=np.float32) @ trial.e).mean()
            for rows in (after, before)
        )
        having, lowered = (
            np.isin(after, self.postings.documents(feature)[0]).mean()
            for feature in (trial.up, trial.down)
        )
        return (
            float(unit(trial.e) @ unit(vector)),
            float(near / plain),
            float(len(np.setdiff1d(after, before))),
            float(having),
            float(lowered),
        )


def run(
    bench: Bench,
    trials: Sequence[Trial],
    embed: Callable[[str], Float],
    *,
    modes: Sequence[Mode] = MODES,
) -> list[Curve]:
    """Curves of all modes, of steering by the labels' embeddings, and of rewritten queries.

    No judge has been asked about them yet; see `recognised`.
    """
    # Naming both labels compares with steering both features, naming one with raising one.
    rewrites = [REWRITTEN] * (bench.only is None) + [REWRITTEN_UP] * (bench.only != "down")
    ways = len(modes) + 1 + len(rewrites)
    bench.progress.start("Steering", ways * len(trials), "queries")
    curves = [bench.curve(mode, trials) for mode in modes]
    curves.append(bench.by_labels(trials, embed))
    return curves + [bench.rewritten(way, trials, embed) for way in rewrites]
