from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from bundles import HashEmbedder, make_bundle
from scipy import stats

from saetui.core.documents import Document
from saetui.errors import InputError
from saetui.session.questions import feature_figures
from saetui.session.questions.answers import date_of_year, written
from saetui.session.questions.compare import pair_detail, pair_figures
from saetui.session.questions.feature_figures import over_time, relation
from saetui.session.questions.fields import field, timeline
from saetui.session.questions.overview import overview
from saetui.session.questions.relate import models, relate, with_models
from saetui.session.questions.trends import trends
from saetui.session.session import Session
from saetui.store.bundle import Bundle

DOCUMENTS = 240
BLACK_HOLES, REEFS = 0, 10


def facts(row: int) -> dict[str, object]:
    """Reefs have many stars; one document in ten has no number, and one no language."""
    known: dict[str, object] = {
        "stars": row % 7 + (10 if row % 3 == 2 else 0),
        "lang": ["en", "fr"][row % 2],
    }
    known["tags"] = ["all", ["even", "odd"][row % 2]]
    known["shelf"] = f"shelf {np.random.default_rng(row).integers(8)}"
    return {} if row % 10 == 9 else known


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    folder: Path = tmp_path_factory.mktemp("bundles") / "starred.bundle"

    def starred(row: int, document: Document) -> Document:
        return replace(document, metadata={**document.metadata, **facts(row)})

    make_bundle(folder, documents=DOCUMENTS, changed=starred)
    return Session(Bundle(folder), embedder=HashEmbedder())


def test_a_field_of_numbers_is_read_as_numbers(session: Session) -> None:
    found = field(session, "stars")
    assert found.numbers is not None
    for row in range(DOCUMENTS):
        expected = facts(row).get("stars", np.nan)
        assert found.numbers[row] == pytest.approx(expected, nan_ok=True)
    assert field(session, "lang").numbers is None
    with pytest.raises(InputError, match="called 'moons'"):
        field(session, "moons")


def test_dates_are_years(session: Session) -> None:
    found = field(session, "published").numbers
    assert found is not None
    # Document 13 is of February 2013.
    assert found[13] == pytest.approx(2013 + 1.5 / 12)
    assert date_of_year(2013 + 1.5 / 12) == "2013-02"
    (mean, *_) = [each for each in relate(session, "published").columns if each.figure == "mean"]
    assert written(mean, 2025.99) == "2025-12"


def test_what_goes_with_a_number_comes_first_and_what_goes_against_it_last(
    session: Session,
) -> None:
    answer = relate(session, "stars")
    first = answer.rows[0]
    assert first.id == REEFS
    rows, values = session.sae.postings.documents(REEFS)
    activations = np.zeros(DOCUMENTS)
    activations[rows] = values
    numbers = field(session, "stars").numbers
    assert numbers is not None
    known = ~np.isnan(numbers)
    expected = stats.spearmanr(activations[known], numbers[known])
    assert first.figures["rho"] == pytest.approx(expected.statistic, rel=1e-5)
    assert first.figures["mean"] == pytest.approx(
        numbers[known & (activations > 0)].mean(), rel=1e-5
    )
    assert first.significant
    assert answer.rows[-1].figures["rho"] < 0
    highest = answer.examples(REEFS, 3)[0][1]
    assert highest[0].activation == numbers[known & (activations > 0)].max()


def test_categories_name_the_one_in_which_a_feature_is_more_frequent(session: Session) -> None:
    answer = relate(session, "categories")
    assert answer.facts["categories"] == ["Black holes", "Coral reefs", "Language models"]
    row = next(row for row in answer.rows if row.id == BLACK_HOLES)
    assert row.figures["most"] == "Black holes"
    assert row.figures["share"] == row.shares[0] == 1
    assert row.figures["elsewhere"] < 0.2
    assert row.significant
    assert not any(row.significant for row in relate(session, "lang").rows)


def test_the_best_of_many_categories_is_not_called_significant_for_that(session: Session) -> None:
    rows = relate(session, "shelf").rows
    tested = [row.figures["p"] for row in rows if row.figures["p"] is not None]
    assert len(tested) > 15
    # The smallest of eight p values is below 0.05 for a third of all features.
    assert sum(p < 0.05 for p in tested) <= 0.15 * len(tested)
    assert not any(row.significant for row in rows)


def test_what_all_documents_have_is_compared_with_nothing(session: Session) -> None:
    answer = relate(session, "tags")
    assert answer.facts["categories"] == ["even", "odd"]
    assert answer.facts["tested"] > 5


def test_a_filter_restricts_what_counts(session: Session) -> None:
    answer = relate(session, "stars", within='category:"Coral reefs"')
    assert answer.facts["documents"] == 72
    with pytest.raises(InputError, match="No document that counts"):
        relate(session, "stars", within="before:1950")


def test_few_features_predict_what_they_tell(session: Session) -> None:
    scores = models(session, "categories", sizes=(3,))
    assert {*scores} == {"Black holes", "Coral reefs", "Language models"}
    few, whole = scores["Coral reefs"]
    assert REEFS in few.chosen
    assert few.mean > 0.95
    assert whole.features == 0
    answer = with_models(relate(session, "categories"), scores)
    assert "area under the ROC curve: Black holes" in answer.remarks[-1]
    assert answer.to_json()["models"]["Coral reefs"][0]["features"] == 3
    (only,) = models(session, "lang", sizes=(3,)).values()
    assert 0.3 < only[0].mean < 0.7


@pytest.fixture(scope="module")
def changing(tmp_path_factory: pytest.TempPathFactory) -> Session:
    """A corpus that grows from month to month, and whose share of black holes grows, too."""
    random = np.random.default_rng(5)

    def dated(row: int, document: Document) -> Document:
        late = random.beta(6 if document.metadata["categories"] == ["Black holes"] else 2, 1)
        month = min(int(late * 24), 23)
        return replace(document, published=f"{2020 + month // 12}-{month % 12 + 1:02d}-15")

    folder: Path = tmp_path_factory.mktemp("bundles") / "changing.bundle"
    make_bundle(folder, documents=600, changed=dated)
    return Session(Bundle(folder), embedder=HashEmbedder())


def test_what_rises_comes_first_though_the_corpus_grows(changing: Session) -> None:
    answer = trends(changing)
    assert answer.facts["period"] == "month"
    assert answer.facts["periods"][-1] == "2021-12"
    first, last = answer.rows[0], answer.rows[-1]
    assert BLACK_HOLES in [row.id for row in answer.rows[:2]]
    first = next(row for row in answer.rows if row.id == BLACK_HOLES)
    assert first.significant
    assert first.figures["last"] > first.figures["first"]
    assert last.figures["ratio"] < 1
    sizes = answer.facts["documents"]
    assert sum(sizes) == 600
    # The counts grow for all features, also for those whose share falls.
    counts = np.array(last.shares) * sizes
    assert counts[-3:].sum() > counts[:3].sum()
    whole = int(np.rint(np.dot(first.shares, sizes)))
    assert whole == first.figures["documents"]


def test_periods_are_years_quarters_or_months(changing: Session) -> None:
    assert timeline(changing, "year").names == ("2020", "2021")
    assert timeline(changing, "quarter").names[-1] == "2021-Q4"
    families = trends(changing, "quarter", unit="family")
    assert families.rows[0].name == "Black holes"
    low, high = families.facts["intervals"][str(families.rows[0].id)]
    assert all(
        a <= share <= b for a, share, b in zip(low, families.rows[0].shares, high, strict=True)
    )


def test_the_first_and_the_last_third_are_of_the_documents(changing: Session) -> None:
    answer = trends(changing)
    sizes, names = answer.facts["documents"], answer.facts["periods"]
    begin = names.index(answer.facts["first_third"][1]) + 1
    end = names.index(answer.facts["last_third"][0])
    assert sum(sizes[:begin]) == pytest.approx(200, abs=40)
    assert sum(sizes[end:]) == pytest.approx(200, abs=40)
    titles = [title for title, _ in answer.examples(BLACK_HOLES, 2)]
    assert titles == [f"until {names[begin - 1]}", f"since {names[end]}"]


def test_a_filter_and_missing_dates(changing: Session) -> None:
    answer = trends(changing, within='category:"Coral reefs"')
    assert sum(answer.facts["documents"]) == 200
    with pytest.raises(InputError, match="No document that counts"):
        trends(changing, within="before:1990")


def test_what_follows_from_the_mixture_of_the_corpus_is_said(changing: Session) -> None:
    answer = trends(changing)
    shift = answer.facts["shifts"][0]
    assert (shift["field"], shift["value"]) == ("categories", "Black holes")
    assert shift["last"] > shift["first"] + 0.05
    assert any("corpus itself changes: categories Black holes" in said for said in answer.remarks)
    row = next(row for row in answer.rows if row.id == BLACK_HOLES)
    assert row.figures["follows"] == "categories"


def test_dates_tell_two_features_apart_in_sentences(changing: Session) -> None:
    detail = pair_detail(changing, BLACK_HOLES, REEFS)
    assert pair_figures(replace(detail, both=1))[0].startswith("1 document has both,")
    assert pair_figures(replace(detail, both=2))[0].startswith("2 documents have both,")
    told = detail.told_apart
    later = next(each for each in told if each.field == "published")
    assert later.value.startswith("above 2021-")
    assert later.share_a > later.share_b
    assert later.q < 0.01


def test_one_full_month_is_no_trend(tmp_path: Path) -> None:
    def dated(row: int, document: Document) -> Document:
        # Every month is alike, but for a conference on reefs in the third.
        reefs = document.metadata["categories"] == ["Coral reefs"]
        month = 2 if reefs and row % 2 else row // 6 % 12
        return replace(document, published=f"2020-{month + 1:02d}", metadata={})

    folder = make_bundle(tmp_path / "burst.bundle", documents=600, changed=dated)
    answer = trends(Session(Bundle(folder), embedder=HashEmbedder()), "month")
    rows = {row.id: row for row in answer.rows}
    assert rows[REEFS].figures["q"] < 0.05
    assert rows[REEFS].figures["burst"] == "2020-03"
    assert not rows[REEFS].significant
    assert any("due to one period alone" in said for said in answer.remarks)


def test_nothing_rises_within_one_period(changing: Session) -> None:
    with pytest.raises(InputError, match="All documents that count are of 2021"):
        trends(changing, "year", within="year:2021")


def test_the_overview_is_of_the_whole_corpus(changing: Session) -> None:
    found = overview(changing)
    assert found.documents == 600
    assert sum(found.sizes) == 600
    assert [each.name for each in found.contents] == [
        changing.sae.families[each.family].label for each in found.contents
    ]
    counts = [each.documents for each in found.contents]
    assert counts == sorted(counts, reverse=True)
    holes = next(each for each in found.contents if each.name == "Black holes")
    assert holes.trend == 1
    assert -1 in [each.trend for each in found.contents]
    assert BLACK_HOLES in [row.id for row in found.rising]
    assert all(row.lean < 0 for row in found.falling)
    assert {each.name for each in found.fields} == {"published", "categories"}
    assert found.quality.startswith(f"{changing.sae.record.n} features")
    assert found.changes.startswith("Rising: ")
    assert found.dates == "2020-02-15 to 2021-12-15"
    values = next(each.examples for each in found.fields if each.name == "categories")
    assert "Black holes" in values
    assert found.to_json()["contents"][0]["share"] == pytest.approx(counts[0] / 600, rel=1e-4)


def test_an_overview_needs_no_dates(tmp_path: Path) -> None:
    folder = make_bundle(
        tmp_path / "undated.bundle", changed=lambda row, each: replace(each, published="")
    )
    found = overview(Session(Bundle(folder), embedder=HashEmbedder()))
    assert (found.periods, found.rising, found.falling) == ((), (), ())
    assert len(found.contents) == 3
    assert all(each.trend == 0 for each in found.contents)


@pytest.mark.parametrize(("truth", "said"), [(True, "of three documents in four"), (False, "(-)")])
def test_an_overview_tells_of_estimates_or_that_there_are_none(
    tmp_path: Path, truth: bool, said: str
) -> None:
    folder = make_bundle(tmp_path / "told.bundle", truth=truth)
    assert said in overview(Session(Bundle(folder), embedder=HashEmbedder())).quality


# Figures that lists of features show.


def test_shares_over_time_are_those_of_the_documents(session: Session) -> None:
    found = over_time(session)
    assert found is not None
    rows, _ = session.sae.counted.documents(REEFS)
    documents = map(session.bundle.documents.document, range(DOCUMENTS))
    years = np.array([int(document.published[:4]) for document in documents])
    assert (found.first[:4], found.last[:4]) == (str(years.min()), str(years.max()))
    assert found.shares.shape[1] <= 12
    sizes = timeline(session).of(np.ones(DOCUMENTS, dtype=bool)).sizes
    assert sizes.sum() == DOCUMENTS
    # However periods are put together, a share of their documents is between none and all.
    assert ((found.shares >= 0) & (found.shares <= 1)).all()
    assert found.shares[REEFS].max() >= len(rows) / DOCUMENTS >= found.shares[REEFS].min()
    assert over_time(session) is found


def test_many_periods_are_put_together(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    # A session counts once, so another one counts anew.
    sae = session.sae.record.name
    monkeypatch.setattr(feature_figures, "_MOST_PERIODS", 3)
    few = over_time(session.using(sae))
    monkeypatch.setattr(feature_figures, "_MOST_PERIODS", 1_000)
    all_of_them = over_time(session.using(sae))
    assert few is not None and all_of_them is not None
    assert few.shares.shape[1] == 3
    sizes = timeline(session).of(np.ones(DOCUMENTS, dtype=bool)).sizes
    assert all_of_them.shares @ sizes == pytest.approx(session.sae.counted.counts())
    # The last of the few is the mean of as many of the last of all, by their sizes.
    together = -(-len(sizes) // 3)
    last = all_of_them.shares[:, -together:] @ sizes[-together:] / sizes[-together:].sum()
    assert few.shares[:, -1] == pytest.approx(last)


def test_features_are_sorted_by_how_they_go_with_a_field(session: Session) -> None:
    stars, answer = relation(session, "stars"), relate(session, "stars")
    for row in answer.rows:
        assert stars.values[row.id] == pytest.approx(row.figures["rho"])
        assert stars.sure(row.id) == row.significant
    every = list(range(session.sae.record.n))
    best = [every[place] for place in stars.order(every, descending=True)]
    known = [feature for feature in best if not np.isnan(stars.values[feature])]
    assert best[: len(known)] == known
    assert known[0] == answer.rows[0].id
    assert stars.values[known].tolist() == sorted(stars.values[known], reverse=True)
    lang = relation(session, "lang")
    assert lang.measure == "lift"
    assert {lang.most[row.id] for row in relate(session, "lang").rows} <= {"en", "fr"}
    with pytest.raises(InputError, match="called 'moons'"):
        relation(session, "moons")
