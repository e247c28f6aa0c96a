"""Print what a search found, as text or as JSON."""

from typing import TYPE_CHECKING

from saetui.cli.output import Column, Output, score, signed
from saetui.core.changes import BY_DOCUMENTS
from saetui.core.search_request import SearchRequest
from saetui.text import visible_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from saetui.session.search.response import QueryFeature, SearchResponse
    from saetui.session.session import Session
    from saetui.session.steering import FeatureEffect

_SHOWN_TERMS = 5
_LESS_SURE = "Less sure to be asked about"
# So much of a passage is shown, and compared with what stands for the title.
_QUOTED, _SHOWN = 120, 40


def rank_change(rank: int, baseline_rank: int | None) -> str:
    """Where a result came from, in words that need no colour."""
    if baseline_rank is None:
        return "NEW"
    if rank == baseline_rank:
        return "="
    return f"up {baseline_rank - rank}" if rank < baseline_rank else f"down {rank - baseline_rank}"


def _change_style(change: str) -> str:
    return {"up": "green", "down": "red", "NEW": "bold"}.get(change.partition(" ")[0], "dim")


def print_search(
    output: Output,
    session: "Session",
    response: "SearchResponse",
    *,
    effects: bool = False,
    as_json: bool = False,
) -> None:
    """Print what a search found.

    With `effects`, it says what a step of each feature does to the results.
    """
    from saetui.session.saved.search_json import search_to_json
    from saetui.session.steering import effects as effects_of

    found = effects_of(session, response.request) if effects else None
    moves = None if found is None else {each.feature: each for each in found}
    if as_json:
        output.json(search_to_json(session, response, moves))
    else:
        _print_text(output, session, response, moves or {})


def print_replay(
    output: Output, session: "Session", steps: "Sequence[SearchRequest]", *, as_json: bool
) -> None:
    """Answer every recorded search, the saved one last, and print what is found."""
    from saetui.session.saved.search_json import search_to_json
    from saetui.session.saved.search_text import step_text

    if as_json:
        found = [search_to_json(session, session.search(step)) for step in steps]
        output.json({"steps": found})
        return
    before = SearchRequest()
    for number, step in enumerate(steps, start=1):
        output.heading(f"Step {number}: {step_text(session, before, step)}")
        print_search(output, session, session.search(step))
        before = step


def _print_text(
    output: Output,
    session: "Session",
    response: "SearchResponse",
    effects: "Mapping[int, FeatureEffect]",
) -> None:
    """Results, their reasons, the features behind them, what steering pushed out, settings."""
    asked = response.request.effective
    steered = bool(asked.steering or asked.liked) and response.drift is not None
    change = [Column("change", style=_change_style)] if steered else []
    folded = any(result.repeats > 1 for result in response.results)
    passages = any(result.more for result in response.results)
    # Of a document without a title, the excerpt stands for it.
    quoted = any(
        result.excerpt and not result.title.startswith(result.excerpt[:_SHOWN])
        for result in response.results
    )
    output.table(
        [
            ">rank",
            *change,
            ">score",
            *(["texts"] if folded else []),
            *(["passages"] if passages else []),
            "title",
            *(["passage"] if quoted else []),
            "published",
            "id",
        ],
        [
            [
                result.rank,
                *([rank_change(result.rank, result.baseline_rank)] if steered else []),
                score(result.score),
                *([f"x {result.repeats}" if result.repeats > 1 else ""] if folded else []),
                *([f"+{result.more}" if result.more else ""] if passages else []),
                result.paper if passages else result.title,
                *([_quoted(result.excerpt)] if quoted else []),
                result.published,
                result.id,
            ]
            for result in response.results
        ],
    )
    if response.request.why:
        _print_why(output, session, response)
    _print_features(output, response, effects)
    if response.lacking_said:
        output.prose(f"\n{response.lacking_said}")
    if steered:
        gone = [[each.baseline_rank, each.title, each.id] for each in response.dropped]
        output.section("Pushed out by steering", [">was", "title", "id"], gone)
    output.heading("Settings")
    output.line(_summary(session, response), "dim")


def _quoted(excerpt: str) -> str:
    return excerpt if len(excerpt) <= _QUOTED else f"{excerpt[:_QUOTED].rsplit(' ', 1)[0]} ..."


def _print_features(
    output: Output, response: "SearchResponse", effects: "Mapping[int, FeatureEffect]"
) -> None:
    steered = Column("steered", numeric=True, style=lambda cell: "bold" if cell else "")
    titles: list[str | Column] = [">feature", "label", ">activation"]
    titles += [f">of {response.told} nearest"] if response.told else []
    titles += [steered, ">replaces up", ">down"] if effects else [steered]
    # What was changed is never set apart.
    first = {each.id for each in response.features if each.sure or each.steered != each.activation}
    for heading, wanted in (("Features of the query", True), (_LESS_SURE, False)):
        features = [each for each in response.features if (each.id in first) == wanted]
        output.section(
            heading, titles, [_feature_row(each, response, effects) for each in features]
        )


def _feature_row(
    feature: "QueryFeature", response: "SearchResponse", effects: "Mapping[int, FeatureEffect]"
) -> list[object]:
    row: list[object] = [feature.id, feature.name, score(feature.activation)]
    if response.told:
        row.append("" if feature.near is None else feature.near)
    row.append("" if feature.steered == feature.activation else score(feature.steered))
    if effects:
        effect = effects.get(feature.id)
        row += ["", ""] if effect is None else [effect.raised, effect.lowered]
    return row


def _print_why(output: Output, session: "Session", response: "SearchResponse") -> None:
    output.heading("Why")
    for result in response.results:
        if result.why is None:
            continue
        shown, others = result.why.features[:_SHOWN_TERMS], result.why.features[_SHOWN_TERMS:]
        lacks = result.why.lacks
        terms = [
            (f"{'lacks ' if feature in lacks else ''}{session.name(feature)}", term)
            for feature, term in shown
        ]
        if others:
            terms.append((f"{len(others)} more", sum(term for _, term in others)))
        if result.why.words:
            terms.append(("words", result.why.words))
        if response.request.retrieval != "lexical":
            terms += [("common", result.why.bias), ("no feature", result.why.remainder)]
        said = "  ".join(f"{visible_line(name)} {signed(term)}" for name, term in terms)
        output.prose(f"{result.rank}  {said}")


def _summary(session: "Session", response: "SearchResponse") -> str:
    request = response.request.effective
    parts = [session.sae.record.name, request.mode]
    if request.retrieval != "hybrid":
        parts.append(request.retrieval)
    # Where documents are steered by what they show, the query stays as it is.
    if response.drift is not None and request.mode not in BY_DOCUMENTS:
        parts.append(f"cosine to the query as typed {response.drift:.2f}")
    if response.kept is not None and request.steering:
        parts.append(f"nearness to the query {min(response.kept, 1):.0%}")
    if response.overlap is not None and request.steering:
        parts.append(f"{response.overlap:.0%} of the results stay")
    for row in request.liked:
        parts.append(f"words of {visible_line(session.title(row))}")
    if response.code_error is not None:
        before, after = response.code_error
        parts.append(f"error of the code {before:.3f}, then {after:.3f}")
    if response.exact:
        parts.append("exact")
    if response.recall is not None:
        parts.append(f"the index finds {response.recall:.0%} of these")
    if response.eligible < len(session.bundle):
        parts.append(f"{response.eligible:,} of {len(session.bundle):,} documents pass the filter")
    return "  ".join(parts)
