"""Which sentences of a document carry a feature.

Each sentence is embedded by itself and encoded; a sentence carries a feature as far as it activates
it. Leaving each sentence out of the text instead, and taking the drop in activation, needs a whole
text for each sentence, and finds planted sentences less often. `tests/benchmarks/evidence.py`
compares both. Where texts cannot be embedded, words of the label and its terms stand in.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np

from saetui.core.codec import Float, SaeWeights, preactivations
from saetui.core.documents import Document
from saetui.core.features import check_feature
from saetui.core.words import Span, sentences, words_of
from saetui.errors import SaetuiError
from saetui.interpret.terms.words import STOP_WORDS
from saetui.session.session import Session

By = Literal["meaning", "words"]

# Texts are read no further; an embedder reads no further either.
_LONGEST_TEXT = 20_000
_MOST_SENTENCES = 200
# A sentence is marked from this share of the strongest one on, and at most this many are.
_SHARE, _MOST_MARKED = 0.5, 3
# How many documents' sentences are kept.
_KEPT = 64
# Words that begin alike are taken for forms of one word.
_STEM = 6
_REMOTE = "openai"


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of a document's title or text, from `start` to `end`.

    `carries` is the feature's activation on it, or the share of the label's words that it has.
    """

    start: int
    end: int
    in_title: bool
    carries: float
    marked: bool


@dataclass(frozen=True)
class Evidence:
    """What carries a feature in a document.

    Attributes:
        by: `meaning`: sentences were embedded; `words`: the words of the label were looked for.
        sentences: Those of the title, then those of the text, in order.
        why_words: Why words stand in for meaning; empty if they do not.
        active: Whether the feature is active on the document as a whole.
    """

    row: int
    feature: int
    by: By
    sentences: tuple[Sentence, ...]
    why_words: str = ""
    active: bool = True

    @property
    def marked(self) -> tuple[Sentence, ...]:
        """The sentences that carry the feature, the strongest first."""
        return tuple(sorted((s for s in self.sentences if s.marked), key=lambda s: -s.carries))


@dataclass(frozen=True)
class _Split:
    """The sentences of a document: where they are, what they say, and their embeddings, if any."""

    spans: tuple[tuple[Span, bool], ...]
    texts: tuple[str, ...]
    vectors: Float | None
    failure: str


class EvidenceFinder:
    """Finds the sentences that carry a feature, and keeps what it embedded. For any thread.

    Args:
        session: An open session.
        remote: Whether to send texts to an embedder behind an endpoint, which may cost money.
    """

    def __init__(self, session: Session, *, remote: bool = False) -> None:
        self.session = session
        self._remote = remote
        self._split = lru_cache(_KEPT)(self._read)

    def of(self, row: int, feature: int) -> Evidence:
        """The sentences of the document in a row, and those that carry a feature.

        Raises:
            InputError: There is no such row or feature.
        """
        check_feature(feature, self.session.sae.record.n)
        self.session.bundle.check_row(row)
        split = self._split(row)
        if split.vectors is not None:
            values = activations(self.session.sae.weights, split.vectors, feature)
            by: By = "meaning"
        else:
            values, by = self._by_words(split.texts, feature), "words"
        marked = _marked(values)
        found = tuple(
            Sentence(*span, in_title, float(value), place in marked)
            for place, ((span, in_title), value) in enumerate(zip(split.spans, values, strict=True))
        )
        active = feature in self.session.sae.codes.indices[row]
        return Evidence(row, feature, by, found, split.failure, active)

    def _read(self, row: int) -> _Split:
        document = self.session.bundle.documents.document(row)
        spans = document_sentences(document)
        texts = tuple(
            (document.title if in_title else document.text)[start:end]
            for (start, end), in_title in spans
        )
        spec = str(self.session.bundle.manifest.embedder.get("spec", ""))
        if spec.partition(":")[0] == _REMOTE and not self._remote:
            return _Split(spans, texts, None, "The bundle's embedder is behind an endpoint.")
        try:
            vectors = self.session.embedder.embed_documents(list(texts)) if texts else None
        except SaetuiError as error:
            return _Split(spans, texts, None, error.message)
        return _Split(spans, texts, vectors, "")

    def _by_words(self, texts: tuple[str, ...], feature: int) -> Float:
        """The share of the label's words that each sentence has, terms counting half."""
        record = self.session.features[feature]
        label = {word for word in words_of(record.label) if word not in STOP_WORDS}
        terms = {word for word in words_of(" ".join(record.terms)) if word not in STOP_WORDS}
        weight = {**dict.fromkeys(terms, 0.5), **dict.fromkeys(label, 1.0)}
        total = sum(weight.values()) or 1.0
        stems = [{word[:_STEM] for word in words_of(text)} for text in texts]
        return np.array(
            [sum(w for word, w in weight.items() if word[:_STEM] in has) / total for has in stems],
            dtype=np.float32,
        )


def document_sentences(document: Document) -> tuple[tuple[Span, bool], ...]:
    """The sentences of title and text, each with whether it is of the title."""
    title = [((0, len(document.title)), True)] if document.title.strip() else []
    body = [(span, False) for span in sentences(document.text[:_LONGEST_TEXT])]
    return tuple([*title, *body][:_MOST_SENTENCES])


def activations(weights: SaeWeights, vectors: Float, feature: int) -> Float:
    """How strongly some embeddings `(m, d)` activate one feature, whatever else they activate."""
    return np.maximum(preactivations(weights, vectors)[:, feature], 0)


def _marked(values: Float) -> set[int]:
    """Places of the strongest sentence and of those not much weaker; none where all are zero."""
    if not len(values) or values.max() <= 0:
        return set()
    strongest = np.argsort(-values, kind="stable")[:_MOST_MARKED]
    return {int(place) for place in strongest if values[place] >= _SHARE * values.max()}
