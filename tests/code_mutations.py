"""Break the product on purpose, one small change at a time, and see which test notices.

    python -m tests.code_mutations            # all of them; about ten minutes on two cores
    python -m tests.code_mutations NAME ...   # some of them
    python -m tests.code_mutations --list

Each mutation is applied in a temporary copy of the tree, in which the tests that should notice it
are run. One that they let through, or whose text is not found any more, makes the exit status 1.
Where code moves, its mutation moves along; `test_code_mutations.py` says when that is forgotten.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
_LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "*.bundle", "build", "dist")
# pytest's exit statuses.
_PASSED, _FAILED = 0, 1

SEARCH = "tests/unit/session/search"
BY_INDEX = f"{SEARCH}/test_search_by_index.py"


@dataclass(frozen=True)
class Mutation:
    """One way to break the product.

    Attributes:
        name: What is wrong then, in a few words.
        file: The file to change.
        text: What stands there, exactly once.
        replacement: What stands there instead.
        tests: The files or tests that are run, of which one should fail.
    """

    name: str
    file: str
    text: str
    replacement: str
    tests: tuple[str, ...]

    def applied(self, content: str) -> str:
        """The content of the file with the mutation.

        Raises:
            ValueError: The text does not stand there exactly once.
        """
        count = content.count(self.text)
        if count != 1:
            raise ValueError(f"{self.file} holds {count} times, not once: {self.text!r}")
        return content.replace(self.text, self.replacement)


@dataclass(frozen=True)
class Verdict:
    """What the tests said.

    Attributes:
        caught_by: The test that noticed; empty for none.
        trouble: Why nothing can be said; empty if something can.
    """

    caught_by: str = ""
    trouble: str = ""


def run_tests(tree: Path, tests: Sequence[str]) -> Verdict:
    """Run some tests of a tree until one fails."""
    options = ["-x", "-rfE", "--tb=short", "-p", "no:cacheprovider", "-p", "no:randomly"]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
    environment |= {"PYTHONPATH": os.fspath(tree), "PYTHONDONTWRITEBYTECODE": "1"}
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *tests],
        cwd=tree,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode == _PASSED:
        return Verdict()
    noticed = re.search(r"^(?:FAILED|ERROR) (\S+::.*?)(?: - .*)?$", ended.stdout, re.MULTILINE)
    if ended.returncode != _FAILED or noticed is None:
        return Verdict(trouble=(ended.stdout.strip() or ended.stderr)[-2_000:])
    return Verdict(noticed[1])


def try_mutation(tree: Path, mutation: Mutation) -> Verdict:
    """Apply a mutation to a tree, run its tests, and take it back."""
    path = tree / mutation.file
    original = path.read_text("utf-8")
    try:
        path.write_text(mutation.applied(original), "utf-8")
        return run_tests(tree, mutation.tests)
    except ValueError as error:
        return Verdict(trouble=str(error))
    finally:
        path.write_text(original, "utf-8")


def check(mutations: Sequence[Mutation], top: Path = TOP) -> bool:
    """Try mutations in a copy of a tree, print what came of each; whether all were caught."""
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        shutil.copytree(top, tree, ignore=_LEFT_OUT)
        if (top.parent / "shared").exists():
            (tree.parent / "shared").symlink_to(top.parent / "shared")
        tests = sorted({test for mutation in mutations for test in mutation.tests})
        before = run_tests(tree, tests)
        if before != Verdict():
            print(f"The tests fail without any mutation: {before.caught_by or before.trouble}")
            return False
        lost = []
        for mutation in mutations:
            verdict = try_mutation(tree, mutation)
            said = verdict.trouble or verdict.caught_by or "NO TEST NOTICES"
            print(f"{mutation.name}\n    {said}", flush=True)
            if not verdict.caught_by:
                lost.append(mutation.name)
    print(f"{len(mutations) - len(lost)} of {len(mutations)} mutations caught")
    return not lost


def main(arguments: Sequence[str]) -> int:
    """Run the command; see the module."""
    if "--list" in arguments:
        print("\n".join(mutation.name for mutation in MUTATIONS))
        return 0
    named = {mutation.name: mutation for mutation in MUTATIONS}
    unknown = [name for name in arguments if name not in named]
    if unknown:
        print(f"There is no mutation called {unknown[0]!r}; --list shows them.")
        return 2
    chosen = [named[name] for name in arguments] or MUTATIONS
    return 0 if check(chosen) else 1


MUTATIONS: tuple[Mutation, ...] = (
    # Search.
    Mutation(
        "the index's results reversed",
        "saetui/session/search/ranking.py",
        "return Ranking.best(rows, self.cosines(vector, rows), limit)",
        "return Ranking.best(rows, self.cosines(vector, rows)[::-1], limit)",
        (BY_INDEX,),
    ),
    Mutation(
        "cosines around a query zeroed",
        "saetui/session/search/ranking.py",
        "return self._cosines[rows]",
        "return 0 * self._cosines[rows]",
        (BY_INDEX,),
    ),
    Mutation(
        "candidates one fewer than asked",
        "saetui/store/index/parameters.py",
        "return max(slack * limit, self.candidates)",
        "return max(slack * limit, self.candidates) - 1",
        (BY_INDEX,),
    ),
    Mutation(
        "a filter ignored on a graph index",
        "saetui/session/search/ranking.py",
        "passing = rows if eligible is None else rows[eligible[rows]]",
        "passing = rows",
        (BY_INDEX,),
    ),
    Mutation(
        "the sign of feedback flipped",
        "saetui/core/changes.py",
        'Change("add", round(sign * strength',
        'Change("add", round(-sign * strength',
        ("tests/unit/session/test_feedback.py",),
    ),
    Mutation(
        "a neighbour list off by one",
        "saetui/session/details.py",
        "found = searcher.ranker.nearest(vector, limit + 1 + len(own), exact=False)",
        "found = searcher.ranker.nearest(vector, limit + len(own), exact=False)",
        (BY_INDEX,),
    ),
    Mutation(
        "the rank before steering taken after it",
        "saetui/session/search/searcher.py",
        "found, _ = self._found(plain, SteeredQuery(query, query.z, query.e), eligible, depth)",
        "found, _ = self._found(request, "
        "steer_query(self.sae.weights, query, request), eligible, depth)",
        (BY_INDEX,),
    ),
    Mutation(
        "the tail of a posting dropped",
        "saetui/core/codec.py",
        "span = slice(int(self.indptr[feature]), int(self.indptr[feature + 1]))",
        "span = slice(int(self.indptr[feature]), int(self.indptr[feature + 1]) - 1)",
        ("tests/unit/core/test_postings.py", BY_INDEX),
    ),
    Mutation(
        "ties broken by the higher row",
        "saetui/core/scores.py",
        "order = np.lexsort((candidates, -scores[candidates]))",
        "order = np.lexsort((-candidates, -scores[candidates]))",
        ("tests/unit/core/test_core_search.py", BY_INDEX),
    ),
    Mutation(
        "the bound of the threshold algorithm without what others can have by reward",
        "saetui/core/scores.py",
        "others = float(cosines[-1]) + beyond if len(cosines) else -np.inf",
        "others = float(cosines[-1]) if len(cosines) else -np.inf",
        ("tests/unit/core/test_added_scores.py", BY_INDEX),
    ),
    Mutation(
        "rewards measured against the weakest document",
        "saetui/core/steering.py",
        "factor = np.float32(change / float(values[0]) if len(values) else 0)",
        "factor = np.float32(change / float(values[-1]) if len(values) else 0)",
        (BY_INDEX,),
    ),
    Mutation(
        "a muted feature still steers",
        "saetui/core/steering.py",
        "    steered[list(muted)] = 0\n",
        "",
        ("tests/unit/core/test_core_steering.py", BY_INDEX),
    ),
    Mutation(
        "the document that a search starts from among its results",
        "saetui/session/search/document_masks.py",
        "            mask[excluded] = False\n",
        "            mask[excluded] = True\n",
        (BY_INDEX,),
    ),
    Mutation(
        "a filter that is remembered for another one",
        "saetui/session/search/ranking.py",
        "return eligible is self._eligible or np.array_equal(eligible, self._eligible)",
        "return True",
        (f"{SEARCH}/test_ways_to_search.py",),
    ),
    Mutation(
        "the neighbourhood of another query taken for this one's",
        "saetui/session/search/ranking.py",
        "return eligible is self._eligible and np.array_equal(e, self._e)",
        "return eligible is self._eligible",
        (f"{SEARCH}/test_session_search.py", f"{SEARCH}/test_ways_to_search.py"),
    ),
    # Codes.
    Mutation(
        "ties at the k-th place to the higher feature",
        "saetui/core/codec.py",
        'chosen[tied] = np.argsort(-a[tied], axis=1, kind="stable")[:, :k]',
        "chosen[tied] = a.shape[1] - 1 - np.argsort(-a[tied, ::-1], axis=1)[:, :k]",
        ("tests/unit/core/test_codec.py",),
    ),
    Mutation(
        "an activation at the threshold counted",
        "saetui/core/codec.py",
        "a = np.where(a > weights.threshold, a, np.float32(0))",
        "a = np.where(a >= weights.threshold, a, np.float32(0))",
        ("tests/unit/core/test_codec.py",),
    ),
    # The store.
    Mutation(
        "recall measured on the vectors of the index's own projection",
        "saetui/store/index/building.py",
        "both = nearest_rows(np.concatenate([plain, steered]), vectors, min(DEPTH, len(vectors)))",
        "half = vectors.shape[1] // 2\n"
        "    together = np.concatenate([plain, steered])[:, :half]\n"
        "    both = nearest_rows(together, vectors[:, :half], min(DEPTH, len(vectors)))",
        ("tests/unit/store/test_index.py",),
    ),
    Mutation(
        "the hash of an index not compared",
        "saetui/store/index/graph.py",
        "if remembered_sha256(path) == sha256 or sha256_of(path) == sha256:",
        "if remembered_sha256(path) == sha256 or sha256_of(path):",
        ("tests/unit/store/test_index.py",),
    ),
    Mutation(
        "a note written to the wrong SAE",
        "saetui/session/features/annotated_features.py",
        "self.book.say(name, feature, kind, text, of=of, about=about, document=document)",
        'self.book.say("another", feature, kind, text, of=of, about=about, document=document)',
        ("tests/unit/session/features/test_annotated_features.py",),
    ),
    Mutation(
        "notes and lists written through a link",
        "saetui/store/atomic.py",
        "inside if writable and not inside.is_symlink() else",
        "inside if writable else",
        ("tests/unit/store/test_notes.py", "tests/cli/test_cli_lists.py"),
    ),
    Mutation(
        "a label written to every SAE's record",
        "saetui/pipeline/label_records.py",
        "            if each.name == sae\n",
        "            if True\n",
        ("tests/unit/pipeline/test_label_store.py",),
    ),
    Mutation(
        "the log of a build does not learn of new labels",
        "saetui/pipeline/label_records.py",
        "            log.write()\n            files.append(BUILD_LOG)\n",
        "",
        ("tests/unit/pipeline/test_label_store.py",),
    ),
    Mutation(
        "two builds at once",
        "saetui/store/swap.py",
        "        lock.acquire()\n",
        "",
        ("tests/unit/pipeline/test_label_store.py",),
    ),
    Mutation(
        "a step down taken up when effects are measured",
        "saetui/session/steering.py",
        "for by in (step, -step)]",
        "for by in (step, step)]",
        (f"{BY_INDEX}::test_the_effect_of_a_step_is_what_a_search_after_it_finds",),
    ),
    Mutation(
        "effects that ignore the filter",
        "saetui/session/steering.py",
        "            rows = rows[eligible[rows]]\n",
        "            rows = rows[: len(eligible)]\n",
        (f"{BY_INDEX}::test_the_effect_of_a_step_is_what_a_search_after_it_finds",),
    ),
    # What counts, and how corpora and SAEs are followed.
    Mutation(
        "the weakest documents count where a label is hardly true",
        "saetui/core/truth.py",
        "np.arange(end - start) < least[feature]",
        "np.arange(end - start)[::-1] < least[feature]",
        ("tests/unit/core/test_truth.py",),
    ),
    Mutation(
        "two features become one in another SAE",
        "saetui/core/matches.py",
        "            free.remove(match.feature)\n",
        "",
        ("tests/unit/core/test_following.py",),
    ),
    Mutation(
        "few documents alone say where a feature is",
        "saetui/core/matches.py",
        "match.known >= _LEAST_DOCUMENTS and share",
        "share",
        ("tests/unit/core/test_following.py",),
    ),
    Mutation(
        "a feature that no document activates is matched",
        "saetui/core/matches.py",
        "active & (cosines >= least_cosine) & (small_documents[nearest] > 0)",
        "active & (cosines >= least_cosine)",
        ("tests/unit/core/test_matches.py",),
    ),
    Mutation(
        "an edited document keeps its vector",
        "saetui/core/documents.py",
        "origin[row] = before if same_text else by_text.get(now.text, -1)",
        "origin[row] = before",
        ("tests/unit/core/test_corpus_changes.py",),
    ),
    Mutation(
        "feedback in both in proportion to activations",
        "saetui/core/changes.py",
        "wanted = {feature: share**0.5 for feature, share in wanted.items()}",
        "wanted = dict(wanted)",
        ("tests/unit/core/test_core_steering.py",),
    ),
    # Questions.
    Mutation(
        "p of ends that lean against the whole",
        "saetui/core/trend_tests.py",
        "p = np.where(found.keyness * lean < 0, 1.0, found.p)",
        "p = found.p.copy()",
        ("tests/unit/core/test_group_tests.py",),
    ),
    Mutation(
        "Fisher's test of one side only",
        "saetui/core/group_tests.py",
        "np.where(terms <= seen[feature] + 1e-7, np.exp(terms), 0.0)",
        "np.where((terms <= seen[feature] + 1e-7) & (x >= a[feature]), np.exp(terms), 0.0)",
        ("tests/unit/core/test_group_tests.py",),
    ),
    Mutation(
        "corrected p values that do not rise",
        "saetui/core/group_tests.py",
        "np.minimum.accumulate(scaled[::-1])[::-1]",
        "scaled",
        ("tests/unit/core/test_group_tests.py",),
    ),
    Mutation(
        "strata that lean against the sums are significant",
        "saetui/core/group_tests.py",
        "(off * all_off < 0) | (deviation == 0)",
        "(deviation == 0)",
        ("tests/unit/core/test_group_tests.py",),
    ),
    Mutation(
        "topics found by k-means alone, without merging small clusters",
        "saetui/core/topics.py",
        "small = _clusters(said, min(max(SMALL_CLUSTERS, 4 * wanted), max(len(said) // 4, 1)), "
        "random)",
        "small = _clusters(said, wanted, random)",
        ("tests/unit/core/test_topics.py",),
    ),
    # Money.
    Mutation(
        "a budget compared after the request instead of before",
        "saetui/interpret/llm/ledger.py",
        "if budget.dollars is not None and dollars + most.dollars > budget.dollars + _ROUNDING:",
        "if budget.dollars is not None and dollars > budget.dollars + _ROUNDING:",
        ("tests/unit/interpret/llm/test_llm_ledger.py", "tests/unit/pipeline/test_model_labels.py"),
    ),
    Mutation(
        "a retry that counts a paid answer twice",
        "saetui/interpret/llm/model.py",
        "            cost, counted = self._costs.actual(reply, most)\n"
        "            ledger.settle(number, reply, cost, counted)\n",
        "            cost, counted = self._costs.actual(reply, most)\n"
        "            ledger.settle(number, reply, cost, counted)\n"
        "            again = ledger.reserve(key, settings.model, most, probable)\n"
        "            if again is not None:\n"
        "                ledger.settle(again, reply, cost, counted)\n",
        (
            "tests/unit/interpret/llm/test_llm_labeller.py",
            "tests/unit/pipeline/test_model_labels.py",
        ),
    ),
    Mutation(
        "a request that failed without charge still counted",
        "saetui/interpret/llm/model.py",
        "                    ledger.release(number)\n",
        "                    ledger.lose(number)\n",
        ("tests/unit/interpret/llm/test_llm_labeller.py",),
    ),
    Mutation(
        "a label that was not judged scored as if it were",
        "saetui/pipeline/model_labels.py",
        "            if np.isfinite(found).all():\n",
        "            if True:\n",
        ("tests/unit/pipeline/test_model_labels.py",),
    ),
)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
