"""Where a session stands, and what is sparse."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eval_pipeline.coverage.cells import coverage_cells
from eval_pipeline.coverage.facts import dimensions_of, plain, session_facts
from eval_pipeline.coverage.policy import DIMENSIONS, CoveragePolicy, load_coverage
from eval_pipeline.errors import SettingsError
from eval_pipeline.settings import PROJECT_ROOT
from tests.coverage.covered import DAY, GERMAN, frame, policy, session, turns

NOTHING_MADE = pd.DataFrame(columns=["ground_origin", *DIMENSIONS])


def cells(
    facts: pd.DataFrame, labelled: set[str] | None = None, made: pd.DataFrame = NOTHING_MADE, **changes: Any
) -> pd.DataFrame:
    found = coverage_cells(DAY, facts, labelled or set(), made, ["injection"], policy(**changes))
    return found.set_index(["origin", "cell"])


def facts_of(*rows: dict[str, Any], rules: CoveragePolicy | None = None) -> pd.DataFrame:
    return session_facts(frame(*rows), {}, {}, rules or policy())


def test_a_session_stands_somewhere_in_every_dimension() -> None:
    rules = policy(adversarial_signals={"judge_manipulation": "injection"}, intent_from="topic")
    rows = [
        session("a", turns(GERMAN, tool="track"), meta={"topic": "delivery"}),
        session("b", [], surface="mail,\nunread=1"),
        session("open", is_closed=False),
    ]
    found = session_facts(frame(*rows), {"a": "loop"}, {"a": ["judge_manipulation"]}, rules).set_index("session_id")
    assert found.loc["a", list(DIMENSIONS)].tolist() == [
        "chat", "delivery", "track", "loop", "de", "3-6", "injection"
    ]  # fmt: skip
    assert found.loc["b", list(DIMENSIONS)].tolist() == [
        "mail unread 1", "unknown", "none", "none", "unknown", "1-2", "none"
    ]  # fmt: skip
    assert "open" not in found.index


def test_the_tool_called_most_is_the_tool_and_without_a_topic_the_intent() -> None:
    calls = [{"role": "assistant", "tool_calls": [{"name": name}]} for name in ("b", "a", "b", "a", "z")]
    stands = dimensions_of("chat", calls, None, "none", "none", policy())
    assert (stands["tool"], stands["intent"], stands["length"]) == ("a", "a", "3-6")


def test_sparse_is_what_lacks_sessions_or_labels_and_origins_are_counted_apart() -> None:
    rows = [session(f"e{n}") for n in range(3)] + [session("g", turns(GERMAN)), session("s", origin="simulated")]
    found = cells(facts_of(*rows), labelled={"e0", "g"})
    columns = ["n_sessions", "n_labelled", "is_sparse", "why"]
    assert found.loc[("production", "surface=chat, language=en"), columns].tolist() == [
        3, 1, False, "covered: 3 sessions, 1 labelled"
    ]  # fmt: skip
    assert found.loc[("production", "surface=chat, language=de"), columns].tolist() == [
        1, 1, True, "1 of 3 sessions"
    ]  # fmt: skip
    assert found.loc[("simulated", "surface=chat, language=en"), "why"] == "1 of 3 sessions, 0 of 1 labelled"
    assert ("simulated", "surface=chat, language=de") not in found.index


def test_what_the_catalog_expects_is_a_cell_without_sessions_and_what_it_never_expects_is_not_sparse() -> None:
    never = [{"surface": "mail", "language": "fr"}]
    found = cells(facts_of(session("a")), expected={"surface": ["mail"], "language": ["fr"]}, never=never)
    assert found.loc[("production", "surface=chat, language=fr"), ["n_sessions", "is_sparse"]].tolist() == [0, True]
    left_alone = found.loc[("production", "surface=mail, language=fr")]
    assert not left_alone["is_sparse"] and not left_alone["is_expected"] and "never" in left_alone["why"]


def test_kinds_that_operators_make_are_cells_and_what_was_made_is_counted_beside() -> None:
    made = pd.DataFrame([{"ground_origin": "production", **dict.fromkeys(DIMENSIONS, "x"), "adversarial": "injection"}])
    found = cells(facts_of(session("a")), made=made.assign(surface="chat"), grids=[["surface", "adversarial"]])
    assert found["n_synthetic"].to_dict() == {
        ("production", "surface=chat, adversarial=injection"): 1,
        ("production", "surface=chat, adversarial=none"): 0,
    }


def test_rare_values_are_counted_together_and_never_filled() -> None:
    rows = [session(f"{surface}{n}", surface=surface) for surface in "aabc" for n in range(2)]
    found = cells(facts_of(*{row["session_id"]: row for row in rows}.values()), most_values=1, grids=[["surface"]])
    assert found["n_sessions"].to_dict() == {("production", "surface=a"): 2, ("production", "surface=other"): 4}
    assert not found.loc[("production", "surface=other"), "is_sparse"]


@settings(max_examples=8, deadline=None)
@given(
    values=st.lists(
        st.tuples(st.text(max_size=8), st.sampled_from(["en", "de"]), st.sampled_from(["production", "simulated"])),
        min_size=1,
        max_size=20,
    ),
    order=st.randoms(use_true_random=False),
)
def test_every_session_is_in_one_cell_of_a_grid_whatever_the_order(values: list[Any], order: Any) -> None:
    rest = dict.fromkeys(DIMENSIONS, "x")
    rows = [
        {
            "session_id": str(n),
            "session_day": DAY,
            "origin": origin,
            **rest,
            "surface": plain(surface),
            "language": lang,
        }
        for n, (surface, lang, origin) in enumerate(values)
    ]
    shuffled = order.sample(rows, len(rows))
    first, second = (cells(pd.DataFrame(some), most_values=2) for some in (rows, shuffled))
    pd.testing.assert_frame_equal(first, second)
    assert first["n_sessions"].sum() == len(rows)


def test_the_shipped_catalog_names_what_there_is_and_a_signal_that_is_none_is_refused(tmp_path: Path) -> None:
    path = PROJECT_ROOT / "catalog" / "coverage.yaml"
    signals = ["judge_manipulation", "tool_loop", "empty_or_garbled_answer"]
    shipped = load_coverage(path, signals)
    assert shipped.lengths == ["1-2", "3-6", "7-12", "13+"] and shipped.synthetic.model is None
    assert not shipped.synthetic.asks_judges
    with pytest.raises(SettingsError, match="adversarial_signals"):
        load_coverage(path, signals[:1])
    wrong = tmp_path / "coverage.yaml"
    wrong.write_text(path.read_text().replace("[2, 6, 12]", "[6, 2]"))
    with pytest.raises(SettingsError, match="length_buckets"):
        load_coverage(wrong, signals)
