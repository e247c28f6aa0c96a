"""The step that measures how short texts lie apart from the documents that they stand for."""

import numpy as np

from saetui.embed import embed_queries
from saetui.errors import SaetuiError
from saetui.pipeline.build_log import fingerprint
from saetui.pipeline.context import BuildContext, LoadedEmbedder, Made, Step
from saetui.store import layout
from saetui.store.arrays import save_array

SHORT_TEXTS = "short-texts"
"""Name of the step."""

# The mean of as many lies within 5% of a standard deviation of the true one.
_SAMPLE = 400
_FIRST_WORDS = 8


def short_texts_step(build: BuildContext, loaded: LoadedEmbedder) -> Step:
    """Embed titles, or first words where there is no title, as queries.

    What they tell does not change as a corpus grows, so the step is carried out once. Where there
    is nothing to embed queries with, nothing is measured.
    """
    made_from = fingerprint(SHORT_TEXTS, 1, embedder=loaded.settings)

    def make() -> Made:
        if not len(build.documents) or (
            loaded.came_with_corpus and not loaded.settings.get("query_spec")
        ):
            return Made({})
        rows = np.sort(np.random.default_rng(0).permutation(len(build.documents))[:_SAMPLE])
        found = [build.documents.document(row) for row in rows.tolist()]
        texts = [each.title or " ".join(each.text.split()[:_FIRST_WORDS]) for each in found]
        build.progress.start("Embedding short texts", len(texts), "texts")
        try:
            vectors = embed_queries(loaded.embedder, texts, build.progress)
        except SaetuiError as error:
            build.progress.note(
                f"Features of queries are not adjusted to short texts: {error.message}"
            )
            return Made({})
        documents = np.asarray(build.vectors()[rows], dtype=np.float32)
        save_array(build.path / layout.SHORT_TEXTS, vectors.astype(np.float16))
        save_array(build.path / layout.SHORT_TEXT_SHIFT, (vectors - documents).mean(axis=0))
        return Made({}, more_files=(layout.SHORT_TEXTS, layout.SHORT_TEXT_SHIFT))

    return Step(SHORT_TEXTS, made_from, (), make)
