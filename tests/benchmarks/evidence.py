"""Do the marked sentences carry a feature? Causes and planted sentences, by two ways to mark.

    python -m tests.benchmarks.evidence BUNDLE [PAIRS]

Pairs of a document and one of its strongest features are drawn. One way marks the sentence that
activates the feature most by itself, the other that whose absence lowers the activation most. For
both it is said how much leaving out the marked sentence lowers the activation, beside leaving out
another one on average; and how often a sentence that was taken from a document that activates the
feature, and put into one that does not, is the one that is marked.
"""

import sys
import time
from pathlib import Path

import numpy as np

from saetui.core.documents import Document
from saetui.session.evidence import activations, document_sentences
from saetui.session.session import Session, open_session

SEED = 7
LEAST_SENTENCES = 4


def texts_of(document: Document) -> list[str]:
    """The sentences of the text, without the title."""
    spans = [span for span, in_title in document_sentences(document) if not in_title]
    return [document.text[start:end] for start, end in spans]


def whole(title: str, parts: list[str]) -> str:
    """A document of some sentences, as it is embedded."""
    return Document("", title, " ".join(parts)).embedding_text


def by_absence(session: Session, title: str, parts: list[str], feature: int) -> np.ndarray:
    """How much leaving out each sentence lowers the activation, as a share of it."""
    left = [whole(title, parts[:i] + parts[i + 1 :]) for i in range(len(parts))]
    vectors = session.embedder.embed_documents([whole(title, parts), *left])
    values = activations(session.sae.weights, vectors, feature)
    return (values[0] - values[1:]) / max(float(values[0]), 1e-6)


def main() -> None:
    session = open_session(Path(sys.argv[1]))
    wanted = int(sys.argv[2]) if len(sys.argv) > 2 else 100
    chance = np.random.default_rng(SEED)
    codes, weights, count = session.sae.codes, session.sae.weights, len(session.bundle)
    marked: dict[str, list[float]] = {"by itself": [], "by absence": []}
    others: dict[str, list[float]] = {"by itself": [], "by absence": []}
    planted: dict[str, list[bool]] = {"by itself": [], "by absence": []}
    seconds = []
    for row in chance.permutation(count).tolist():
        if len(marked["by itself"]) >= wanted:
            break
        document = session.bundle.documents.document(row)
        parts = texts_of(document)
        if len(parts) < LEAST_SENTENCES:
            continue
        feature = int(codes.indices[row][int(chance.integers(4))])
        if feature < 0:
            continue
        began = time.perf_counter()
        own = activations(weights, session.embedder.embed_documents(parts), feature)
        seconds.append(time.perf_counter() - began)
        drops = by_absence(session, document.title, parts, feature)
        for way, best in (("by itself", int(own.argmax())), ("by absence", int(drops.argmax()))):
            marked[way].append(float(drops[best]))
            others[way].append(float(np.delete(drops, best).mean()))
        # The sentence that carries it most by itself goes into a document without the feature.
        other = int(chance.integers(count))
        if feature in codes.indices[other]:
            continue
        host = session.bundle.documents.document(other)
        around = texts_of(host)
        if len(around) < LEAST_SENTENCES or own.max() <= 0:
            continue
        place = int(chance.integers(len(around) + 1))
        mixed = [*around[:place], parts[int(own.argmax())], *around[place:]]
        alone = activations(weights, session.embedder.embed_documents(mixed), feature)
        planted["by itself"].append(int(alone.argmax()) == place)
        planted["by absence"].append(
            int(by_absence(session, host.title, mixed, feature).argmax()) == place
        )
    for way, lowered in marked.items():
        drop, rest = np.mean(lowered), np.mean(others[way])
        print(
            f"{way}: {len(lowered)} pairs, leaving out the marked sentence lowers the "
            f"activation by {drop:.3f}, another one by {rest:.3f}: {drop / rest:.1f} times; "
            f"planted sentences marked first {sum(planted[way])} of {len(planted[way])}"
        )
    print(f"sentences of a document embedded in {1000 * np.median(seconds):.0f} ms (median)")


if __name__ == "__main__":
    main()
