"""Which sentences of a document carry a feature.

Each sentence is embedded by itself and encoded; a sentence carries a feature as far as it activates
it. Leaving each sentence out of the text instead, and taking the drop in activation, needs a whole
text for each sentence, and finds planted sentences less often. But of two sentences that activate
the feature nearly alike, the one whose absence costs more comes first.
`tests/benchmarks/evidence.py` measures all of it. Where texts cannot be embedded, words of the
label and its terms stand in.
"""

import threading
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from saetui.core.codec import Float, SaeWeights, preactivations
from saetui.core.documents import Document
from saetui.core.features import check_feature
from saetui.core.sentences import Span, sentences
from saetui.core.word_match import words_of
from saetui.errors import SaetuiError
from saetui.interpret.terms.words import STOP_WORDS
from saetui.session.session import Session

By = Literal["meaning", "words"]

# Texts are read no further; an embedder reads no further either.
_LONGEST_TEXT = 20_000
_MOST_SENTENCES = 200
# Sentences with this share of the strongest one are marked, too, up to so many.
_SHARE, _MOST_MARKED = 0.5, 3
# With this share of the strongest activation, a sentence may be the one that carries the feature.
_ALIKE = 0.75
# How many documents' sentences are kept.
_KEPT = 64
_REMOTE = "openai"


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of a document.

    Attributes:
        start: Where it begins in title or text.
        end: Where it ends.
        in_title: Whether it is of the title.
        carries: The feature's activation on it, or the share of the label's words that it has.
        marked: Whether it is among those that carry the feature.
        lost: How much less the document activates the feature without it; 0 where another sentence
            is clearly stronger or weaker, since then nothing hangs on it.
    """

    start: int
    end: int
    in_title: bool
    carries: float
    marked: bool
    lost: float = 0.0

    @property
    def order(self) -> float:
        """The sentence with the largest is the one that carries the feature."""
        return self.carries + self.lost


@dataclass(frozen=True)
class Evidence:
    """What carries a feature in a document.

    Attributes:
        row: Of the document.
        feature: Its number.
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
        marked = [each for each in self.sentences if each.marked]
        return tuple(sorted(marked, key=lambda each: -each.order))


@dataclass(frozen=True)
class _Split:
    """The sentences of a document: where they are, what they say, and their embeddings, if any.

    `lost` has what is lost without each sentence, by feature, as far as it was asked for.
    """

    spans: tuple[tuple[Span, bool], ...]
    texts: tuple[str, ...]
    vectors: Float | None
    failure: str
    lost: dict[int, Float] = field(default_factory=dict)


class EvidenceFinder:
    """Finds the sentences that carry a feature, and keeps what it embedded. For any thread.

    Args:
        session: An open session.
        remote: Whether to send texts to an embedder behind an endpoint, which may cost money.
    """

    def __init__(self, session: Session, *, remote: bool = False) -> None:
        self.session = session
        self._remote = remote
        self._lock = threading.Lock()
        self._kept: OrderedDict[int, _Split] = OrderedDict()

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
            lost = self._lost(row, feature, split, values)
        else:
            values, by = self._by_words(split.texts, feature), "words"
            lost = np.zeros_like(values)
        marked = _marked(values)
        found = tuple(
            Sentence(*span, in_title, float(value), place in marked, float(lost[place]))
            for place, ((span, in_title), value) in enumerate(zip(split.spans, values, strict=True))
        )
        active = feature in self.session.sae.codes.indices[row]
        return Evidence(row, feature, by, found, split.failure, active)

    def _lost(self, row: int, feature: int, split: _Split, values: Float) -> Float:
        """What is lost without each of two sentences that activate a feature nearly alike."""
        places = nearly_alike(values)
        if not places or self._is_remote:
            return np.zeros_like(values)
        if feature not in split.lost:
            document = self.session.bundle.documents.document(row)
            texts = [document, *(_without(document, *split.spans[place]) for place in places)]
            embedder, weights = self.session.embedder, self.session.sae.weights
            vectors = embedder.embed_documents([each.embedding_text for each in texts])
            whole, *without = activations(weights, vectors, feature)
            lost = np.zeros_like(values)
            lost[places] = whole - np.array(without)
            split.lost[feature] = lost
        return split.lost[feature]

    @property
    def _is_remote(self) -> bool:
        spec = str(self.session.bundle.manifest.embedder.get("spec", ""))
        return spec.partition(":")[0] == _REMOTE

    def _split(self, row: int) -> _Split:
        with self._lock:
            kept = self._kept.get(row)
            if kept is None:
                kept = self._kept[row] = self._read(self.session.bundle.documents.document(row))
                if len(self._kept) > _KEPT:
                    self._kept.popitem(last=False)
            self._kept.move_to_end(row)
            return kept

    def _read(self, document: Document) -> _Split:
        spans = document_sentences(document)
        texts = tuple(
            (document.title if in_title else document.text)[start:end]
            for (start, end), in_title in spans
        )
        if self._is_remote and not self._remote:
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


# Words that begin alike are taken for forms of one word.
_STEM = 6


def document_sentences(document: Document) -> tuple[tuple[Span, bool], ...]:
    """The sentences of title and text, each with whether it is of the title."""
    title = [((0, len(document.title)), True)] if document.title.strip() else []
    body = [(span, False) for span in sentences(document.text[:_LONGEST_TEXT])]
    return tuple([*title, *body][:_MOST_SENTENCES])


def _without(document: Document, span: Span, in_title: bool) -> Document:
    start, end = span
    if in_title:
        return replace(document, title=document.title[:start] + document.title[end:])
    return replace(document, text=document.text[:start] + document.text[end:])


def nearly_alike(values: Float) -> list[int]:
    """Places of the two strongest sentences, if one can hardly be told to be stronger; else none.

    Args:
        values: The activation of each sentence by itself.
    """
    first, *second = np.argsort(-values, kind="stable")[:2].tolist() or [0]
    if not second or values[first] <= 0 or values[second[0]] < _ALIKE * values[first]:
        return []
    return [first, *second]


def activations(weights: SaeWeights, vectors: Float, feature: int) -> Float:
    """How strongly some embeddings `(m, d)` activate one feature, whatever else they activate."""
    return np.maximum(preactivations(weights, vectors)[:, feature], 0)


def _marked(values: Float) -> set[int]:
    """Places of the strongest sentence and of those not much weaker; none where all are zero."""
    if not len(values) or values.max() <= 0:
        return set()
    strongest = np.argsort(-values, kind="stable")[:_MOST_MARKED]
    return {int(place) for place in strongest if values[place] >= _SHARE * values.max()}
