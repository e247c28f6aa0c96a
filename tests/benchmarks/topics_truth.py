"""Do topics agree with categories as well as clusters of the documents' vectors do?

    python tests/benchmarks/topics_truth.py astro.bundle --topics 30 --field categories

Prints purity and normalised mutual information of the topics, and of agglomerative clustering of
the embeddings into as many, by Ward's method and by average cosine. Each takes a minute, and four
bytes for each two documents.
"""

import argparse
import time

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage

import saetui
from saetui.core.topics import Topics
from saetui.session.questions.topics import agreement, named_topics


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("bundle")
    parser.add_argument("--topics", type=int, default=30)
    parser.add_argument("--field", default="categories")
    parser.add_argument("--sae", help="which of the bundle's SAEs; the first if left out")
    options = parser.parse_args()
    session = saetui.open(options.bundle, options.sae)
    started = time.perf_counter()
    found = named_topics(session, options.topics).found
    say("topics", *agreement(session, found, options.field), time.perf_counter() - started)
    started = time.perf_counter()
    vectors = np.asarray(session.bundle.embeddings, dtype=np.float32)
    vectors -= vectors.mean(axis=0)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    for method, metric in (("ward", "euclidean"), ("average", "cosine")):
        tree = linkage(vectors, method, metric)
        labels = fcluster(tree, options.topics, "maxclust").astype(np.int64) - 1
        clusters = Topics(found.centres, found.mean, labels, found.strengths)
        seconds = time.perf_counter() - started
        say(f"clusters, {method}", *agreement(session, clusters, options.field), seconds)


def say(name: str, pure: float, shared: float, documents: int, seconds: float) -> None:
    print(
        f"{name}: purity {pure:.3f}, NMI {shared:.3f} on {documents:,} documents; {seconds:.1f} s"
    )


if __name__ == "__main__":
    main()
