"""What cutting long texts into passages does for search.

    saetui build long.jsonl -o by-passages.bundle --passages
    saetui build long.jsonl -o cut-off.bundle
    python tests/benchmarks/long_texts.py by-passages.bundle cut-off.bundle [--queries 200]

Queries are single sentences of 8 to 40 words, drawn from anywhere in the texts; a document is
relevant if its text has the sentence. Prints nDCG@10 by meaning alone, by words alone, and by both.
"""

import argparse
import re
from pathlib import Path
from random import Random

import numpy as np

from saetui.core.search_request import SearchRequest
from saetui.session.session import open_session

DEPTH = 10


def sentences(session, count, seed):
    """Sentences with the rows of the documents that have them."""
    chance, texts = Random(seed), [document.text for document in session.bundle.documents]
    drawn = []
    while len(drawn) < count:
        parts = re.split(r"(?<=[.!?])\s+", chance.choice(texts))
        sentence = chance.choice(parts).strip()
        if 8 <= len(sentence.split()) <= 40:
            drawn.append((sentence, {row for row, text in enumerate(texts) if sentence in text}))
    return drawn


def ndcg(rows, relevant):
    gains = np.array([row in relevant for row in rows], dtype=float)
    discounts = 1 / np.log2(np.arange(2, DEPTH + 2))
    return (gains * discounts[: len(gains)]).sum() / discounts[: min(len(relevant), DEPTH)].sum()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bundles", nargs="+", type=Path)
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    for path in options.bundles:
        session = open_session(path)
        queries = sentences(session, options.queries, options.seed)
        for retrieval in ("semantic", "lexical", "hybrid"):
            found = [
                ndcg(
                    [
                        result.row
                        for result in session.search(
                            SearchRequest(text, retrieval=retrieval, limit=DEPTH)
                        ).results
                    ],
                    relevant,
                )
                for text, relevant in queries
            ]
            print(f"{path.name}, {retrieval}: nDCG@10 {np.mean(found):.3f}, {len(found)} queries")
        session.close()


if __name__ == "__main__":
    main()
