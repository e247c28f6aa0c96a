"""The steps that take over one published SAE: weights, codes, labels, families."""

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Codes, Float, SaeWeights
from saetui.core.families import Families
from saetui.core.features import statistics
from saetui.core.self_test import SelfTest, sampled_rows, self_test
from saetui.embed import EmbedderSettings
from saetui.embed.precomputed import PrecomputedVectors
from saetui.errors import InputError
from saetui.interop.array_files import ArrayFile
from saetui.interop.saerch_codes import PublishedCodes
from saetui.interop.saerch_features import names_of, read_families, read_features
from saetui.interop.saerch_folder import SaerchFolder, WeightFile
from saetui.interop.saerch_weights import read_weights
from saetui.interpret.families.statistics import family_statistics
from saetui.interpret.judging.quality import assess
from saetui.pipeline.build_log import fingerprint
from saetui.pipeline.context import BuildContext, LoadedEmbedder
from saetui.pipeline.encoding import encode_corpus
from saetui.pipeline.label_records import qualities
from saetui.pipeline.published_families import assembled
from saetui.pipeline.published_labels import label_records, score_records, summary
from saetui.pipeline.sae_steps import SaeBuild
from saetui.pipeline.sources import fingerprint_of
from saetui.store import bundle as layout
from saetui.store import feature_lists, saes
from saetui.store.documents import DocumentStore
from saetui.store.families import write_families
from saetui.store.features import read_features as read_records
from saetui.store.features import write_features
from saetui.train.size import SaeSize

# Documents on which the figures of an SAE are measured, at most.
_MEASURED = 8_192
# Judges of labels know the words of the whole corpus: 6 GB of 420,000 abstracts.
_MOST_JUDGED = 100_000


def take_weights(
    build: BuildContext,
    folder: SaerchFolder,
    file: WeightFile,
    embeddings: ArrayFile,
    *,
    made_from: str,
    force: bool,
) -> None:
    """Take over the weights of one SAE, after a test that they belong to the embeddings.

    Args:
        build: The import.
        folder: With the published files.
        file: The weights.
        embeddings: As they were published.
        made_from: Fingerprint of the embeddings.
        force: Take them over even if the test fails.

    Raises:
        InputError: They cannot be read, or the test fails.
    """

    def make() -> dict[str, Any]:
        build.progress.start(f"Testing {file.sae}", None, "documents")
        weights = read_weights(file, embeddings.shape[1])
        # Read again when they are needed; a damaged one should not show up in an hour.
        analysis = folder.analysis(file)
        _ = analysis and read_features(analysis, file.n)
        _ = [read_families(path, file.n) for path in folder.families(file)]
        tested = _tested(folder, file, weights, embeddings)
        _judge(build, file, tested, force)
        metadata = {"source": file.path.name, "imported_from": "saerch"}
        saes.save_weights(layout.sae_folder(build.path, file.sae), weights, metadata)
        facts = {"n": file.n, "k": file.k, "most_active": file.k, "embeddings": made_from}
        return {**facts, "metrics": {"imported_from": file.path.name}}

    weights_from = _weights_from(folder, file, made_from, force)
    inside = tuple(f"saes/{file.sae}/{name}" for name in (saes.CONFIGURATION, saes.WEIGHTS))
    build.step(f"train {file.sae}", weights_from, inside, make)


def _weights_from(folder: SaerchFolder, file: WeightFile, embeddings: str, force: bool) -> str:
    codes = [fingerprint_of(path) for path in folder.codes(file) or ()]
    return fingerprint(
        "import",
        1,
        weights=fingerprint_of(file.path),
        size=[file.k, file.n],
        embeddings=embeddings,
        codes=codes,
        force=force,
    )


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


class PublishedSae(SaeBuild):
    """Takes over what was published about one SAE, and makes what was not.

    Args:
        build: The import.
        size: Of the SAE.
        documents: The corpus.
        folder: With the published files.
        file: Its weights.
        settings: Of the embedder.
        embeddings_from: Fingerprint of the embeddings.
        force: Whether weights are used that failed the test.
    """

    def __init__(
        self,
        build: BuildContext,
        size: SaeSize,
        documents: DocumentStore,
        folder: SaerchFolder,
        file: WeightFile,
        *,
        settings: dict[str, Any],
        embeddings_from: str,
        force: bool,
    ) -> None:
        # The embedder may be out of reach, so labels are found without one where there are none.
        own = EmbedderSettings(f"precomputed:{folder.embeddings}", settings["dimensions"])
        embedder = PrecomputedVectors(folder.embeddings, None, own)
        loaded = LoadedEmbedder(embedder, settings)
        super().__init__(build, size, documents, loaded, embeddings_from)
        self._published = folder
        self._file = file
        self._force = force

    def run(self) -> None:
        """Carry out what is missing."""
        folder, file = self._published, self._file
        weights_from = _weights_from(folder, file, self._embeddings_from, self._force)
        encoded_from = self._step(
            "codes",
            (*saes.CODES, *saes.POSTINGS, *feature_lists.FILES),
            partial(self._encode, weights_from),
            weights=weights_from,
        )
        analysis, families = folder.analysis(file), folder.families(file)
        labelled_from = self._step(
            "labels",
            (layout.FEATURES,),
            self._label,
            codes=encoded_from,
            analysis=analysis and fingerprint_of(analysis),
        )
        self._step(
            "families",
            (layout.FAMILIES,),
            self._relate,
            labels=labelled_from,
            published=[fingerprint_of(path) for path in families],
        )

    def _encode(self, trained_from: str) -> dict[str, Any]:
        build, vectors = self._build, self._build.vectors()
        weights = saes.load_weights(self._folder)
        rows = sampled_rows(len(vectors))
        sample = self._read(rows)
        encoded = self._by_engine(weights, vectors)
        published = _published_codes(self._published, self._file, len(vectors))
        source = "computed"
        if published is not None and self_test(weights, sample, stored=published.some(rows)).agrees:
            encoded, source = published.span, "published"
        work = build.work / f"codes-{self._size.name}"
        encode_corpus(
            vectors,
            weights,
            self._folder,
            work,
            made_from=trained_from,
            progress=build.progress,
            encoded=encoded,
        )
        stored = saes.load_codes(self._folder, len(vectors), weights.n, weights.k)
        own = Codes(stored.indices[rows], stored.values[rows], weights.n)
        tested = self_test(weights, sample, stored=own)
        build.progress.note(f"Codes of {self._size.name} were {source}.")
        return {
            "codes": source,
            "metrics": {"train": self._figures(weights), "self_test": tested.as_dict()},
        }

    def _read(self, rows: NDArray[np.int64]) -> Float:
        """Some embeddings, read and not mapped: rows from all over would map the whole file."""
        file = ArrayFile(self._build.path / layout.EMBEDDINGS, "floating", 2)
        return file.some(rows).astype(np.float32)

    def _figures(self, weights: SaeWeights) -> dict[str, Any]:
        """What training measures, on documents spread over the corpus."""
        from saetui.train.metrics import ALWAYS_ON, evaluate

        vectors, counts = self._build.vectors(), self._postings.counts()
        rows = np.unique(np.linspace(0, len(vectors) - 1, _MEASURED).astype(np.int64))
        figures = evaluate(weights, self._read(rows)).to_json()
        density = counts / len(vectors)
        return {
            **figures,
            # Of these the whole corpus is known.
            "l0": float(counts.sum()) / len(vectors),
            "dead_share": float(np.mean(counts == 0)),
            "always_on_share": float(np.mean(density > ALWAYS_ON)),
        }

    def _label(self) -> dict[str, Any]:
        path = self._published.analysis(self._file)
        if path is None:
            return super()._label()
        vectors, postings, day = self._build.vectors(), self._postings, self._started()
        published = read_features(path, self._size.n)
        quality = assess(postings, vectors)
        write_features(
            self._folder / layout.FEATURES,
            statistics(postings, len(vectors)),
            label_records(published, path.name, day),
            quality=qualities(quality),
            scores=score_records(published),
        )
        return summary(published, path.name, quality.density, self._build.progress)

    def _relate(self) -> dict[str, Any]:
        paths = self._published.families(self._file)
        analysis = self._published.analysis(self._file)
        names = {} if analysis is None else names_of(read_features(analysis, self._size.n))
        vectors, size = self._build.vectors(), self._size
        codes = saes.load_codes(self._folder, len(vectors), size.n, size.k)
        records = read_records(self._folder / layout.FEATURES, size.n)
        families = assembled(
            [(path.name, read_families(path, size.n)) for path in paths],
            records,
            names,
            codes,
            self._postings,
            created=self._started(),
            progress=self._build.progress,
        )
        if families is None:
            return super()._relate()
        write_families(self._folder / layout.FAMILIES, families)
        seed = self._build.options.training.seed
        return family_statistics(families, codes, self._postings, seed=seed).to_json()

    def _scored(self, families: Families) -> Families:
        if len(self._build.vectors()) <= _MOST_JUDGED:
            return super()._scored(families)
        self._build.progress.note(
            f"Families were not judged: with more than {_MOST_JUDGED:,} documents that takes "
            "several GB of memory."
        )
        return families
