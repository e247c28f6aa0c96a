"""The steps that take over one published SAE, and make what was not published of it."""

from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Codes, Float, SaeWeights
from saetui.core.features import statistics
from saetui.core.self_test import SelfTest, sampled_rows, self_test
from saetui.embed import EmbedderSettings
from saetui.embed.precomputed import PrecomputedVectors
from saetui.errors import InputError
from saetui.interop.saerch_arrays import ArrayFile, PublishedCodes, read_weights
from saetui.interop.saerch_folder import SaerchFolder, WeightFile
from saetui.interop.saerch_texts import names_of, read_families, read_features
from saetui.pipeline.context import BuildContext, LoadedEmbedder, Made, Step, fingerprint
from saetui.pipeline.encoding import write_codes
from saetui.pipeline.family_step import relate, stored_families
from saetui.pipeline.label_records import qualities, truth_summary
from saetui.pipeline.labelling_step import label, take_over_labels
from saetui.pipeline.published_features import assembled, label_records, score_records, summary
from saetui.pipeline.sae_work import CODE_FILES, LABEL_FILES, SaeWork, measured_rows
from saetui.pipeline.sources import fingerprint_of
from saetui.store import layout, saes
from saetui.store.features import read_features as read_records
from saetui.store.features import write_features

# Judges of labels know the words of the whole corpus: 6 GB of 420,000 abstracts.
_MOST_JUDGED = 100_000


def weights_step(
    build: BuildContext,
    folder: SaerchFolder,
    file: WeightFile,
    embeddings: ArrayFile,
    *,
    embeddings_from: str,
    force: bool,
) -> Step:
    """Take over the weights of one SAE, after a test that they belong to the embeddings.

    Raises:
        InputError: From carrying it out: they cannot be read, or the test fails.
    """

    def make() -> Made:
        build.progress.start(f"Testing {file.sae}", None, "documents")
        weights = read_weights(file, embeddings.shape[1])
        # They are read again when they are needed, but a damaged file should show up at once.
        analysis = folder.analysis(file)
        _ = analysis and read_features(analysis, file.n)
        _ = [read_families(path, file.n) for path in folder.families(file)]
        tested = _tested(folder, file, weights, embeddings)
        _judge(build, file, tested, force)
        metadata = {"source": file.path.name, "imported_from": "saerch"}
        saes.save_weights(layout.sae_folder(build.path, file.sae), weights, metadata)
        facts = {"n": file.n, "k": file.k, "most_active": file.k, "embeddings": embeddings_from}
        metrics = {"imported_from": file.path.name}
        return Made({**facts, "metrics": metrics, **build.replaced(file.sae)})

    made_from = fingerprint(
        "import",
        1,
        weights=fingerprint_of(file.path),
        size=[file.k, file.n],
        embeddings=embeddings_from,
        codes=[fingerprint_of(path) for path in folder.codes(file) or ()],
        force=force,
    )
    inside = tuple(f"saes/{file.sae}/{name}" for name in (saes.CONFIGURATION, saes.WEIGHTS))
    return Step(f"train {file.sae}", made_from, inside, make)


def _tested(
    folder: SaerchFolder, file: WeightFile, weights: SaeWeights, embeddings: ArrayFile
) -> SelfTest:
    rows = sampled_rows(len(embeddings))
    if not len(rows):
        raise InputError(f"{embeddings.path} holds no embedding.")
    raw = embeddings.some(rows).astype(np.float32)
    norms = np.linalg.norm(raw, axis=1, keepdims=True)
    if not np.isfinite(norms).all() or not norms.all():
        wrong = int(rows[np.flatnonzero(~np.isfinite(norms[:, 0]) | (norms[:, 0] == 0))[0]])
        raise InputError(f"Row {wrong:,} of {embeddings.path} is zero or not a number.")
    published = _published_codes(folder, file, len(embeddings))
    return self_test(
        weights,
        raw / norms,
        raw=raw,
        stored=None if published is None else published.some(rows),
        witnessed_k=folder.other_k(file),
    )


def _judge(build: BuildContext, file: WeightFile, tested: SelfTest, force: bool) -> None:
    if tested.ok:
        build.progress.note(f"Self-test of {file.sae}: loaded right; {tested.figures()}.")
        return
    sentence = f"The self-test of {file.path.name} failed. {tested.mistake}"
    if not force:
        hint = f"{tested.hint} To import it all the same, add --force.".strip()
        raise InputError(f"{sentence} It {tested.figures()}.", hint)
    build.progress.note(f"{sentence} It is imported all the same.")


def _published_codes(folder: SaerchFolder, file: WeightFile, count: int) -> PublishedCodes | None:
    found = folder.codes(file)
    return None if found is None else PublishedCodes(*found, (count, file.k), file.n)


def without_embedder(folder: SaerchFolder, settings: dict[str, Any]) -> LoadedEmbedder:
    """The published embeddings in place of their embedder, which may be out of reach."""
    own = EmbedderSettings(f"precomputed:{folder.embeddings}", settings["dimensions"])
    return LoadedEmbedder(PrecomputedVectors(folder.embeddings, None, own), settings)


class PublishedParts:
    """What was published about one SAE; the steps below use it where it is there."""

    def __init__(self, folder: SaerchFolder, file: WeightFile) -> None:
        self._folder = folder
        self._file = file

    def steps(self, work: SaeWork, weights_from: str) -> Sequence[Step]:
        """The steps behind `weights_step`, whose fingerprint is `weights_from`."""
        folder, file = self._folder, self._file
        codes = work.step(
            "codes", CODE_FILES, partial(self._encode, weights_from), weights=weights_from
        )
        analysis = folder.analysis(file)
        labels = work.step(
            "labels",
            LABEL_FILES,
            self._label,
            codes=codes.made_from,
            analysis=analysis and fingerprint_of(analysis),
        )
        families = work.step(
            "families",
            (layout.FAMILIES,),
            self._relate,
            labels=labels.made_from,
            published=[fingerprint_of(path) for path in folder.families(file)],
        )
        return codes, labels, families

    def _encode(self, weights_from: str, work: SaeWork) -> Made:
        vectors, weights = work.build.vectors(), work.weights()
        rows = sampled_rows(len(vectors))
        sample = _read(work, rows)
        published = _published_codes(self._folder, self._file, len(vectors))
        if published is not None and self_test(weights, sample, stored=published.some(rows)).agrees:
            known, source = published.span, "published"
        else:
            known, source = None, "computed"
        write_codes(work, weights, weights_from, known)
        stored = work.codes()
        own = Codes(stored.indices[rows], stored.values[rows], weights.n)
        tested = self_test(weights, sample, stored=own)
        work.build.progress.note(f"Codes of {work.size.name} were {source}.")
        metrics = {"train": _figures(work, weights), "self_test": tested.as_dict()}
        return Made({"codes": source, "metrics": metrics})

    def _label(self, work: SaeWork) -> Made:
        path = self._folder.analysis(self._file)
        if path is None:
            return label(work)
        vectors, postings = work.build.vectors(), work.postings
        published = read_features(path, work.size.n)
        names = names_of(published)
        texts = [names.get(feature, "") for feature in range(work.size.n)]
        quality = work.split.assess(texts)
        write_features(
            work.folder / layout.FEATURES,
            statistics(postings, len(vectors)),
            label_records(published, path.name, work.build.started()),
            quality=qualities(quality),
            scores=score_records(published),
        )
        work.store_truth(work.split.truth(texts))
        facts = summary(published, path.name, quality.density, work.build.progress)
        return take_over_labels(work, {**facts, **truth_summary(work.truth, quality)})

    def _relate(self, work: SaeWork) -> Made:
        analysis = self._folder.analysis(self._file)
        names = {} if analysis is None else names_of(read_features(analysis, work.size.n))
        families = assembled(
            [
                (path.name, read_families(path, work.size.n))
                for path in self._folder.families(self._file)
            ],
            read_records(work.folder / layout.FEATURES, work.size.n),
            names,
            work.codes(),
            work.postings,
            created=work.build.started(),
            progress=work.build.progress,
        )
        if families is None:
            return relate(work, _MOST_JUDGED)
        return stored_families(work, families)


def _read(work: SaeWork, rows: NDArray[np.int64]) -> Float:
    """Some embeddings, read and not mapped: rows from all over would map the whole file."""
    file = ArrayFile(work.build.path / layout.EMBEDDINGS, "floating", 2)
    return file.some(rows).astype(np.float32)


def _figures(work: SaeWork, weights: SaeWeights) -> dict[str, Any]:
    """What training measures, on documents spread over the corpus."""
    from saetui.train.metrics import ALWAYS_ON, evaluate

    count, counts = len(work.build.vectors()), work.postings.counts()
    figures = asdict(evaluate(weights, _read(work, measured_rows(count))))
    density = counts / count
    return {
        **figures,
        # These are known of the whole corpus.
        "l0": float(counts.sum()) / count,
        "dead_share": float(np.mean(counts == 0)),
        "always_on_share": float(np.mean(density > ALWAYS_ON)),
    }
