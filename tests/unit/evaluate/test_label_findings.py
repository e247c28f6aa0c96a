"""Shares, figures and correlations of judgements whose outcome is known."""

from dataclasses import replace

import numpy as np
import pytest

from saetui.core.truth import TrueShare
from saetui.evaluate.blind_sheet import Judged, JudgedSheet, Question
from saetui.evaluate.label_figures import COUNTING, Findings, Shown, by_feature, figures, findings
from saetui.store.features import FeatureRecord
from saetui.store.labels import ScoreRecord


def rows(feature: int, true_tenths: int, near: int = 0, random: int = 0) -> list[Judged]:
    """One document of each tenth, two near misses, two random; so many are true."""
    found = []
    for tenth in range(1, 11):
        found.append(("active", tenth, tenth <= true_tenths))
    found += [("near", None, place < near) for place in range(2)]
    found += [("random", None, place < random) for place in range(2)]
    return [
        Judged(
            Question(f"{feature}-{i}", feature, f"label {feature}", f"doc-{i}", kind, tenth, 1.0),  # type: ignore[arg-type]
            1.0 if true else -1.0,
            "Ann",
        )
        for i, (kind, tenth, true) in enumerate(found)
    ]


def shown(f1: dict[int, float]) -> dict[int, Shown]:
    found = {}
    for feature, value in f1.items():
        record = FeatureRecord(feature, f"label {feature}", (), 20, 0.1, 0.2, 0.3)
        score = ScoreRecord(feature, 1, "words", "top", 20, (value, None, None))
        found[feature] = Shown(record, record.label, [score])
    return found


def found(judged: list[Judged], f1: dict[int, float]) -> Findings:
    known = shown(f1)
    sheet = JudgedSheet(judged)
    return findings(sheet, by_feature(sheet, lambda feature, _: known[feature]), seed=0)


def test_shares_by_tenth_near_and_random() -> None:
    judged = rows(1, 10, near=2) + rows(2, 5, near=1) + rows(3, 5)
    shares = {each.name: each for each in found(judged, {1: 0.9, 2: 0.8, 3: 0.7}).shares}
    assert [shares[f"tenth {tenth}"].true.value for tenth in (1, 5, 6, 10)] == pytest.approx(
        [1, 1, 1 / 3, 1 / 3]
    )
    assert (shares["near misses"].documents, shares["near misses"].true.value) == (6, 0.5)
    assert shares["random documents"].true.value == 0
    assert shares["tenth 6"].true.low == 0
    assert shares["tenth 6"].true.high == 1


def test_rules_for_what_counts_are_right_and_keep() -> None:
    counting = {each.name: each for each in found(rows(1, 7) + rows(2, 5), {1: 1, 2: 1}).counting}
    assert list(counting) == [rule.name for rule in COUNTING]
    active, half = counting["active"], counting["the stronger half"]
    assert (active.precision.value, active.recall.value) == pytest.approx((0.6, 1))
    assert (half.precision.value, half.recall.value) == pytest.approx((1, 10 / 12))


def test_what_counts_is_held_against_readers_and_so_is_the_share_that_is_shown() -> None:
    judged = rows(1, 5)
    counted = frozenset(each.question.document for each in judged[3:9])
    (known,) = shown({1: 1}).values()
    record = replace(known.record, true=TrueShare(0.75, 0.5, 0.9))
    sheet = JudgedSheet(judged)
    report = findings(
        sheet, by_feature(sheet, lambda *_: replace(known, record=record, counted=counted)), seed=0
    )
    rule, figure = report.counting[-1], report.figures[0]
    # Of the documents of tenths 4 to 9 count six, and the label is true of two of them.
    assert (rule.precision.value, rule.recall.value) == pytest.approx((2 / 6, 2 / 5))
    assert (figure.shown.value, figure.read.value) == pytest.approx((0.75, 2 / 6))


def test_documents_of_a_tenth_weigh_the_same_however_many_were_judged() -> None:
    judged = rows(1, 1)
    more = Question("more", 1, "label 1", "more", "active", 1, 1.0)
    sheet = JudgedSheet([*judged, Judged(more, -1.0, "Ann")])
    (only,) = by_feature(sheet, lambda *_: shown({1: 1})[1])
    assert only.true_share() == pytest.approx(0.05)


def test_a_reader_has_the_figures_that_are_shown() -> None:
    sheet = JudgedSheet(rows(1, 6, near=1))
    (only,) = by_feature(sheet, lambda *_: shown({1: 1})[1])
    assert only.f1("top") == 1
    # Of ten active documents six are found, and of two near misses one.
    assert only.f1("hard") == pytest.approx(2 * 6 / (10 + 7))
    assert only.f1("deciles") == pytest.approx(2 * 6 / (10 + 6))
    x, y = [1] * 10 + [0] * 2, [1] * 6 + [-1] * 6
    assert only.pearson("deciles") == pytest.approx(np.corrcoef(x, y)[0, 1])
    assert only.true_share() == 0.6


def test_a_figure_is_held_against_the_same_by_readers_and_against_the_truth() -> None:
    # The top documents of feature 3 are not about it, nor are most of its others.
    judged = rows(1, 10) + rows(2, 8) + rows(3, 0) + rows(4, 4)
    report = found(judged, {1: 1.0, 2: 0.9, 3: 0.5, 4: 0.8})
    assert [each.name for each in report.figures] == [each.name for each in figures()]
    top = report.figures[1]
    assert (top.name, top.features) == ("F1, top", 4)
    assert top.shown.value == pytest.approx(0.8)
    assert top.read.value == pytest.approx(0.75)
    assert top.error.value == pytest.approx((0 + 0.1 + 0.5 + 0.2) / 4)
    shares = [1, 0.8, 0, 0.4]
    expected = np.corrcoef([1.0, 0.9, 0.5, 0.8], shares)[0, 1]
    assert top.with_true_share.value == pytest.approx(expected)
    assert top.with_true_share.low is not None
    assert top.with_true_share.low < expected
    # Three features have .8; two of these labels are true of most documents.
    assert top.precision.value == pytest.approx(2 / 3)
    assert top.recall.value == 1
    unscored = report.figures[2]
    assert (unscored.features, unscored.shown.value, unscored.correlation.value) == (0, None, None)


def test_two_readers_of_a_row_become_one_and_their_agreement_is_told() -> None:
    one = rows(1, 10)
    other = [Judged(each.question, -1.0, "Bob") for each in one[:4]]
    other[0] = Judged(one[0].question, 0.5, "Bob")
    report = found([*one, *other], {1: 1.0})
    assert report.judges == {"Ann": 14, "Bob": 4}
    assert report.agreement == 0.25
    # On average neither says that rows 2 to 4 are true.
    assert report.counting[0].precision.value == pytest.approx(0.7)
