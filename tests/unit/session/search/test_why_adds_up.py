"""Why a document is where it is: in every way to search the terms are the score."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from saetui.core.changes import MODES, Change
from saetui.core.document_filter import RETRIEVALS, DocumentFilter
from saetui.core.search_request import SearchRequest
from saetui.errors import InputError
from saetui.session.session import Session

features = st.integers(0, 23)
changes = st.builds(
    Change, st.sampled_from(["add", "set", "scale"]), st.floats(-2, 2, allow_nan=False, width=32)
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_terms_add_up_to_the_score(session: Session, data: st.DataObject) -> None:
    retrieval = data.draw(st.sampled_from(RETRIEVALS))
    steered = retrieval != "lexical"
    like = data.draw(st.one_of(st.none(), st.integers(0, 59)))
    request = SearchRequest(
        query=data.draw(st.sampled_from(["", "black hole merger", "fish"])) if like is None else "",
        steering=data.draw(st.dictionaries(features, changes, max_size=4)) if steered else {},
        mode=data.draw(st.sampled_from(MODES)),
        solo=data.draw(st.one_of(st.none(), features)) if steered else None,
        muted=tuple(data.draw(st.lists(features, max_size=2))) if steered else (),
        exact=data.draw(st.booleans()),
        like=like,
        retrieval=retrieval,
        filter=DocumentFilter(lacking=tuple(data.draw(st.lists(features, max_size=1)))),
        limit=data.draw(st.integers(1, 30)),
        why=True,
    )
    try:
        response = session.search(request)
    except InputError:
        assert not request.has_start
        return
    for result in response.results:
        assert result.why is not None
        assert result.why.total == pytest.approx(result.score, abs=1e-5)
