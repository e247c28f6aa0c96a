"""Do the marked sentences carry a feature? Causes, planted sentences, and how long it takes.

    python -m tests.benchmarks.evidence astro.bundle cslg.bundle --sae k8 --pairs 100 --seed 7

Draws documents, and for each a feature that counts for it. The app marks the sentence that
activates the feature most by itself. It is said how much leaving out that sentence lowers the
activation, beside leaving out another one; and how often a sentence that was taken from a document
that activates the feature, and put into one that does not, is the one that is marked, also among
sentences that have the feature among their own active ones. `--planted` measures nothing else,
which is ten times as fast. `--absence` does the same for the sentence whose absence lowers the
activation most, which takes several times as long. Intervals of means are of 95%, by drawing pairs
again.
"""

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from saetui.core.codec import encode
from saetui.core.documents import Document
from saetui.interpret.judging.scores import wilson
from saetui.session.evidence import activations, document_sentences
from saetui.session.session import Session, open_session

LEAST_SENTENCES = 4
# Leaving out another sentence changes nothing on average, and nothing cannot be divided by.
LEAST_DROP = 0.01
DRAWS = 2_000

Parts = list[tuple[str, bool]]


@dataclass
class Found:
    """What was found of one way to mark.

    Attributes:
        marked: The share of the activation that is lost without the marked sentence, by pair.
        others: The same without another sentence, the mean over all others.
        planted: Whether the sentence that was put in is the one that is marked.
        itself: Whether that sentence by itself has the feature among its active ones.
    """

    marked: list[float] = field(default_factory=list)
    others: list[float] = field(default_factory=list)
    planted: list[bool] = field(default_factory=list)
    itself: list[bool] = field(default_factory=list)


def parts_of(document: Document) -> Parts:
    """The sentences, each with whether it is of the title."""
    return [
        ((document.title if in_title else document.text)[start:end], in_title)
        for (start, end), in_title in document_sentences(document)
    ]


def whole(parts: Parts) -> str:
    """A document of some sentences, as it is embedded."""
    title = " ".join(text for text, in_title in parts if in_title)
    text = " ".join(text for text, in_title in parts if not in_title)
    return Document("", title, text).embedding_text


def alone(session: Session, parts: Parts, feature: int) -> np.ndarray:
    """How much each sentence activates a feature by itself."""
    vectors = session.embedder.embed_documents([text for text, _ in parts])
    return activations(session.sae.weights, vectors, feature)


def by_absence(session: Session, parts: Parts, feature: int) -> np.ndarray:
    """How much leaving out each sentence lowers the activation, as a share of it."""
    texts = [whole(parts), *(whole(parts[:i] + parts[i + 1 :]) for i in range(len(parts)))]
    # One by one, since more texts at once are embedded less exactly.
    vectors = np.concatenate([session.embedder.embed_documents([text]) for text in texts])
    values = activations(session.sae.weights, vectors, feature)
    return (values[0] - values[1:]) / max(float(values[0]), 1e-6)


def pairs(
    session: Session, chance: np.random.Generator, strongest: int = 0
) -> Iterator[tuple[int, Parts, int]]:
    """Documents of enough sentences, each with one of its strongest features, or one that counts.

    Args:
        session: An open bundle.
        chance: Draws.
        strongest: How many of the strongest are drawn from; 0 for all that count.
    """
    codes = session.sae.codes if strongest else session.sae.counted_codes
    for row in chance.permutation(len(session.bundle)).tolist():
        indices = codes.indices[row][: strongest or None]
        features = indices[indices >= 0]
        parts = parts_of(session.bundle.documents.document(row))
        if len(features) and len(parts) >= LEAST_SENTENCES:
            yield row, parts, int(chance.choice(features))


def measure(
    session: Session,
    wanted: int,
    chance: np.random.Generator,
    *,
    absence: bool,
    planted: bool,
    strongest: int,
) -> tuple[Found, Found, list[float]]:
    """What marking by activation and by absence finds, and seconds that a document takes."""
    itself, missing = Found(), Found()
    seconds = []
    for _, parts, feature in pairs(session, chance, strongest):
        if len(seconds) == wanted:
            break
        began = time.perf_counter()
        own = alone(session, parts, feature)
        if own.max() <= 0:
            # Nothing is marked.
            continue
        seconds.append(time.perf_counter() - began)
        if not planted:
            drops = by_absence(session, parts, feature)
            for found, best in ((itself, int(own.argmax())), (missing, int(drops.argmax()))):
                found.marked.append(float(drops[best]))
                found.others.append(float(np.delete(drops, best).mean()))
        other = int(chance.integers(len(session.bundle)))
        around = parts_of(session.bundle.documents.document(other))
        if feature in session.sae.codes.indices[other] or len(around) < LEAST_SENTENCES:
            continue
        place = int(chance.integers(1, len(around) + 1))
        mixed = [*around[:place], (parts[int(own.argmax())][0], False), *around[place:]]
        itself.planted.append(int(alone(session, mixed, feature).argmax()) == place)
        itself.itself.append(has(session, parts[int(own.argmax())][0], feature))
        if absence:
            missing.planted.append(int(by_absence(session, mixed, feature).argmax()) == place)
    return itself, missing, seconds


def has(session: Session, text: str, feature: int) -> bool:
    """Whether a text has a feature among its active ones."""
    vectors = session.embedder.embed_documents([text])
    return feature in encode(session.sae.weights, vectors).indices[0]


def share(hits: list[bool]) -> str:
    """How many of some, with an interval of 95%."""
    low, high = wilson(np.array([sum(hits)]), np.array([len(hits)]))
    return f"{sum(hits)} of {len(hits)} ({low[0]:.3f} to {high[0]:.3f})"


def say_planted(name: str, found: Found) -> None:
    own = [hit for hit, itself in zip(found.planted, found.itself, strict=True) if itself]
    print(f"{name}: planted sentences marked first {share(found.planted)}")
    print(f"{name}: of those that have the feature by themselves {share(own)}")


def say(name: str, found: Found, chance: np.random.Generator) -> None:
    marked, others = np.array(found.marked), np.array(found.others)
    drawn = chance.integers(len(marked), size=(DRAWS, len(marked)))
    ratios = marked[drawn].mean(axis=1) / np.maximum(others[drawn].mean(axis=1), LEAST_DROP)
    ratio = marked.mean() / max(others.mean(), LEAST_DROP)
    low, high = np.percentile(ratios, (2.5, 97.5))
    print(
        f"{name}: {len(marked)} pairs; without the marked sentence {marked.mean():.3f} of the "
        f"activation is lost, without another one {others.mean():.3f}: at least {ratio:.1f} times "
        f"({low:.1f} to {high:.1f}, another one taken as {LEAST_DROP} or more)"
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("bundles", nargs="+", type=Path)
    parser.add_argument("--sae", default="", help="the first SAE whose name begins so")
    parser.add_argument("--pairs", type=int, default=100, help="in each bundle")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument(
        "--strongest", type=int, default=0, help="draw from so many of a document's features"
    )
    parser.add_argument("--planted", action="store_true", help="measure planted sentences alone")
    parser.add_argument("--absence", action="store_true", help="mark by absence, too")
    options = parser.parse_args()
    chance = np.random.default_rng(options.seed)
    everything = Found()
    for path in options.bundles:
        session = open_session(path)
        named = [each.name for each in session.bundle.manifest.saes]
        session = session.using(next(name for name in named if name.startswith(options.sae)))
        itself, missing, seconds = measure(
            session,
            options.pairs,
            chance,
            absence=options.absence,
            planted=options.planted,
            strongest=options.strongest,
        )
        print(f"{path.stem}, {session.sae.record.name}")
        say_planted("by its own activation", itself)
        if not options.planted:
            say("by its own activation", itself, chance)
        if options.absence and not options.planted:
            say("by absence", missing, chance)
            print(f"by absence: planted sentences marked first {share(missing.planted)}")
        times = 1000 * np.array(seconds)
        print(
            f"a document's sentences: {np.median(times):.0f} ms (median), at most {times.max():.0f}"
        )
        everything.marked += itself.marked
        everything.others += itself.others
        everything.planted += itself.planted
        everything.itself += itself.itself
    say_planted("all", everything)
    if not options.planted:
        say("all", everything, chance)


if __name__ == "__main__":
    main()
