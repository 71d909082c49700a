"""The queue: who is drawn with which probability, what a second run and late sessions change, and that estimates hold."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.table_assets import store
from eval_pipeline.errors import SettingsError
from eval_pipeline.review.design import Design, load_design
from eval_pipeline.review.queue import draw_queue, failing_verdicts
from eval_pipeline.settings import PROJECT_ROOT
from eval_pipeline.tables import FlaggedSessions
from eval_pipeline.versions import unit_hash
from resources.warehouse import PostgresWarehouse
from tests.fakes import empty_frame

DAY = date(2025, 3, 4)
MORNING, NEXT_MORNING = datetime(2025, 3, 5, 2, tzinfo=UTC), datetime(2025, 3, 6, 2, tzinfo=UTC)
COUNTING = {"explicit_report", "judge_manipulation", "tool_error"}
DRAW: dict[str, Any] = {"counting": COUNTING, "design": Design()}
KINDS = ["quiet", "verdict_only", "flag_only", "both", "explicit_report", "contested"]
OUTSIDE_BUDGET = {"explicit_report", "contested"}
FIRED = {
    "flag_only": "tool_error",
    "both": "tool_error",
    "explicit_report": "explicit_report",
    "contested": "judge_manipulation",
}


def traffic(kinds: Mapping[str, str], **columns: Any) -> dict[str, Any]:
    """The arguments of a draw over sessions of the given kinds (id to the stratum that it belongs to)."""
    ids = sorted(kinds)
    sessions = pd.DataFrame({"session_id": ids, "surface": "chat", "origin": "production", "is_closed": True} | columns)
    rows = [(i, FIRED[kinds[i]], "fired", 0.5) for i in ids if kinds[i] in FIRED]
    rows += [(i, "tool_error", "quiet", 0.0) for i in ids if kinds[i] not in FIRED]
    signals = pd.DataFrame(rows, columns=["session_id", "signal", "outcome", "strength"])
    return {
        "sessions": sessions,
        "signals": signals,
        "failing": {i: ["judge:relevance"] for i in ids if kinds[i] in ("verdict_only", "both")},
    }


def queue(
    arguments: dict[str, Any],
    existing: pd.DataFrame | None = None,
    design: Design | None = None,
    drawn_at: datetime = MORNING,
    **more: Any,
) -> pd.DataFrame:
    before = empty_frame(FlaggedSessions) if existing is None else existing
    given_ = {"counting": COUNTING, "design": design or Design(), **arguments, **more}
    new = draw_queue(DAY, existing=before, drawn_at=drawn_at, **given_).queue
    assert not set(new["session_id"]) & set(before["session_id"]), "nobody is drawn twice"
    both = pd.concat([frame for frame in (before, new) if len(frame)] or [new], ignore_index=True)
    return FlaggedSessions.validate(both.sort_values("session_id", ignore_index=True))


def of_each(n: int, prefix: str = "s") -> dict[str, str]:
    """`n` sessions of each kind."""
    return {f"{prefix}{kind}{i:04d}": kind for kind in KINDS for i in range(n)}


def test_each_stratum_gives_its_budget_with_the_probability_of_it() -> None:
    drawn = queue(traffic(of_each(200)))
    counts = drawn.groupby("stratum").size().to_dict()
    budgets = {"quiet": 9, "verdict_only": 9, "flag_only": 5, "both": 8}
    assert counts == budgets | {"explicit_report": 20, "contested": 10}
    for stratum, rows in drawn.groupby("stratum"):
        assert set(rows["inclusion_probability"]) == {counts[stratum] / 200}
        assert rows["session_id"].str.startswith(f"s{stratum}0").all()
        assert set(rows["arm"]) == {"control" if stratum == "quiet" else "flagged"}


def test_anyone_can_repeat_the_draw_from_the_ids_and_the_design() -> None:
    drawn = queue(traffic(of_each(200)))
    quiet = sorted((f"squiet{i:04d}" for i in range(200)), key=lambda i: unit_hash(i, Design().design_id))[:9]
    assert set(drawn.loc[drawn["stratum"] == "quiet", "session_id"]) == set(quiet)
    assert set(queue(traffic(of_each(200)), design=Design(seed="2"))["session_id"]) != set(drawn["session_id"])


def test_small_strata_and_reports_under_the_cap_are_taken_whole() -> None:
    drawn = queue(traffic(of_each(4)))
    assert len(drawn) == 24
    assert set(drawn["inclusion_probability"]) == {1.0}


def test_without_verdicts_there_are_two_strata_and_the_day_keeps_them() -> None:
    arguments = traffic({i: kind for i, kind in of_each(100).items() if kind not in OUTSIDE_BUDGET})
    drawn = queue(arguments | {"failing": None})
    assert drawn.groupby("stratum").size().to_dict() == {"flagged": 12, "unflagged": 18}
    pd.testing.assert_frame_equal(queue(arguments, drawn, drawn_at=NEXT_MORNING), drawn)


def test_open_and_synthetic_sessions_wait_outside() -> None:
    kinds = of_each(4)
    closed = [not i.endswith("0") for i in sorted(kinds)]
    origins = ["synthetic" if i.endswith("1") else "simulated" for i in sorted(kinds)]
    drawn = queue(traffic(kinds, is_closed=closed, origin=origins))
    assert set(drawn["session_id"]) == {i for i in kinds if i[-1] in "23"}
    assert set(drawn["origin"]) == {"simulated"}


def test_only_counting_signals_flag_and_all_that_fired_are_named_strongest_first() -> None:
    arguments = traffic({"a": "flag_only", "b": "quiet"})
    extra = [
        ("a", "explicit_report", "fired", 0.9),
        ("b", "rephrasing", "fired", 0.7),
        ("a", "rephrasing", "fired", 0.6),
    ]
    signals = pd.DataFrame(extra, columns=arguments["signals"].columns)
    arguments["signals"] = pd.concat([arguments["signals"], signals])
    drawn = queue(arguments).set_index("session_id")
    assert drawn.loc["a", "reasons"] == ["explicit_report", "rephrasing", "tool_error"]
    assert drawn.loc["a", "priority"] == pytest.approx(1 - 0.1 * 0.5)
    assert (drawn.loc["a", "stratum"], drawn.loc["b", "stratum"]) == ("explicit_report", "quiet")
    assert drawn.loc["b", "arm"] == "control"


def test_no_order_tells_controls_from_what_only_a_verdict_fails() -> None:
    drawn = queue(traffic(of_each(2000)), design=Design.model_validate({"default": {"sessions_per_day": 1000}}))
    places = drawn.loc[drawn["arm"] == "control", "priority"]
    of_verdicts = drawn.loc[drawn["stratum"] == "verdict_only", "priority"]
    assert (places.mean(), of_verdicts.mean()) == (pytest.approx(0.5, abs=0.06), pytest.approx(0.5, abs=0.06))
    assert places.between(0, 1).all()


def test_the_double_share_is_kept_in_every_stratum() -> None:
    plan = {"default": {"sessions_per_day": 400, "report_cap": 100, "double_review_share": 0.2}}
    drawn = queue(traffic(of_each(300)), design=Design.model_validate(plan))
    doubled = drawn.groupby("stratum")["is_double_review"].agg(["sum", "size"])
    assert ((doubled["sum"] - 0.2 * doubled["size"]).abs() < 1).all()
    assert set(drawn["arm"]) == {"flagged", "control"}


def test_a_day_stays_with_the_design_that_drew_it() -> None:
    arguments = traffic(of_each(100))
    first = queue(arguments)
    richer = Design.model_validate({"default": {"sessions_per_day": 60}})
    assert richer.design_id != Design().design_id
    pd.testing.assert_frame_equal(queue(arguments, first, richer, NEXT_MORNING), first)
    assert len(queue(arguments, design=richer)) > len(first)


def test_a_flood_after_a_trickle_is_sampled_by_the_same_budget() -> None:
    early = {f"early{i}": "quiet" for i in range(9)}
    first = queue(traffic(early))
    assert set(first["inclusion_probability"]) == {1.0}
    flooded = queue(traffic(early | {f"late{i}": "quiet" for i in range(11)}), first, drawn_at=NEXT_MORNING)
    late = flooded[flooded["drawn_at"] == NEXT_MORNING]
    assert len(late) == 5  # a budget of 9 for 20 sessions is 45 %: of the 11 late ones 4.95, rounded up
    assert set(late["inclusion_probability"]) == {5 / 11}


def test_rows_of_other_arms_stay_and_are_not_drawn_again() -> None:
    arguments = traffic(of_each(3))
    row = queue(arguments).iloc[[0]].assign(arm="error_analysis", design_id="other", inclusion_probability=0.5)
    drawn = queue(arguments, row)
    assert len(drawn) == 18
    assert set(drawn["design_id"]) == {"other", Design().design_id}
    assert drawn.set_index("session_id").loc[row["session_id"].iloc[0], "arm"] == "error_analysis"


def test_what_joins_the_queue_during_a_draw_stays(warehouse: PostgresWarehouse) -> None:
    other = queue(traffic({"other": "quiet"})).assign(arm="error_analysis")

    def draw() -> Iterator[pd.DataFrame]:
        existing = warehouse.read(FlaggedSessions, [DAY])
        warehouse.append(FlaggedSessions, other)
        yield draw_queue(
            DAY, **traffic(of_each(1)), existing=existing, design=Design(), counting=COUNTING, drawn_at=MORNING
        ).queue

    assert store(warehouse, FlaggedSessions, DAY, draw()).n_rows == 7
    arms = warehouse.read(FlaggedSessions).set_index("session_id")["arm"]
    assert arms["other"] == "error_analysis"


kind_lists = st.lists(st.sampled_from(KINDS), max_size=60)


@settings(max_examples=15, deadline=None)
@given(kind_lists, kind_lists, st.integers(0, 10**6))
def test_laws_of_a_second_run(first: list[str], late: list[str], seed: int) -> None:
    design = Design(seed=str(seed))
    old = {f"old{i}": kind for i, kind in enumerate(first)}
    new = {f"new{i}": kind for i, kind in enumerate(late)}
    drawn = queue(traffic(old), design=design)
    pd.testing.assert_frame_equal(drawn, FlaggedSessions.validate(drawn))
    pd.testing.assert_frame_equal(queue(traffic(old), drawn, design, NEXT_MORNING), drawn)

    both = queue(traffic(old | new), drawn, design, NEXT_MORNING)
    kept = both[both["session_id"].isin(drawn["session_id"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(kept, drawn)
    added = both[~both["session_id"].isin(drawn["session_id"])]
    assert set(added["session_id"]) <= set(new)
    assert (added["drawn_at"] == NEXT_MORNING).all()
    pd.testing.assert_frame_equal(queue(traffic(old | new), both, design), both)


@pytest.mark.parametrize("arrivals", [(12,), (18, 33), (18, 21, 60), (4, 60), (4, 40, 80)])
def test_estimates_of_a_count_are_unbiased_whatever_comes_late(arrivals: tuple[int, ...]) -> None:
    # 400 surfaces are 400 independent draws of one design; `arrivals`: how many sessions each has at each run.
    surfaces, last = 400, arrivals[-1]
    names = [f"{surface:03d}" for surface in range(surfaces)]
    sessions = [(f"{kind}{i}@{name}", name, i) for name in names for i, kind in _numbered(last)]
    frame = pd.DataFrame(sessions, columns=["session_id", "surface", "i"])
    drawn: pd.DataFrame | None = None
    for n in arrivals:
        drawn = _draw(frame[frame["i"] < n], drawn)
    assert drawn is not None
    weight = 1 / drawn["inclusion_probability"]
    estimates = weight.groupby(drawn["surface"]).sum().reindex(names, fill_value=0)
    assert abs(estimates.mean() - last) <= 4 * estimates.std() / np.sqrt(surfaces) + 1e-9


def _numbered(n: int) -> list[tuple[int, str]]:
    return list(enumerate(["flag_only", "quiet", "quiet"] * (n // 3 + 1)))[:n]


def _draw(frame: pd.DataFrame, existing: pd.DataFrame | None = None) -> pd.DataFrame:
    kinds = {i: i.rstrip("0123456789@") for i in frame["session_id"]}
    surfaces = frame.set_index("session_id")["surface"].loc[sorted(kinds)].to_numpy()
    plan = Design.model_validate({"default": {"sessions_per_day": 16, "shares": {"flag_only": 0.25, "both": 0.15}}})
    return queue(traffic(kinds, surface=surfaces), existing, plan)


def test_what_is_found_out_later_gives_no_second_chance_and_keeps_the_estimate_unbiased() -> None:
    """Half of the quiet sessions turn out to fail a verdict after the first draw; late sessions come beside."""
    totals = []
    for day in range(60):
        kinds = {f"{kind}{day}-{i}": kind for kind in ("quiet", "verdict_only", "flag_only") for i in range(40)}
        first = draw_queue(DAY, **DRAW, **traffic(kinds), existing=empty_frame(FlaggedSessions), drawn_at=MORNING)
        assert set(first.frame["session_id"]) == set(kinds)
        assert dict(first.frame[["session_id", "stratum"]].itertuples(index=False)) == kinds
        found_out = {i: "verdict_only" if kind == "quiet" and i[-1] in "02468" else kind for i, kind in kinds.items()}
        late = {f"late{day}-{i}": "quiet" for i in range(10)}
        second = draw_queue(
            DAY, **DRAW, **traffic(found_out | late), existing=first.queue, framed=first.frame["session_id"].tolist(), drawn_at=NEXT_MORNING
        )  # fmt: skip
        assert set(second.queue["session_id"]) <= set(late) and set(second.frame["session_id"]) == set(late)
        totals.append((1 / pd.concat([first.queue, second.queue])["inclusion_probability"]).sum())
    error = np.std(totals) / np.sqrt(len(totals))
    assert abs(np.mean(totals) - 130) < 4 * error + 0.01


def test_failing_is_unknown_without_verdicts_and_names_every_failure() -> None:
    checks = pd.DataFrame(
        {"session_id": list("aabb"), "evaluator": list("xyyx"), "verdict": ["pass", "fail", "error", "pass"]}
    )
    judges = pd.DataFrame({"session_id": ["a", "c"], "judge": ["j", "j"], "verdict": ["fail", "fail"]})
    assert failing_verdicts(checks.iloc[:0], judges.iloc[:0]) is None
    assert failing_verdicts(checks, judges) == {"a": ["evaluator:y", "judge:j"], "c": ["judge:j"]}
    assert failing_verdicts(checks.iloc[[2]], judges.iloc[:0]) == {}


def test_every_drawn_session_says_why_it_is_there_and_controls_have_no_reason() -> None:
    rows = queue(traffic({f"{kind}1": kind for kind in KINDS})).set_index("session_id")
    assert dict(rows["reasons"]) == {
        "quiet1": [],
        "verdict_only1": ["judge:relevance"],
        "flag_only1": ["tool_error"],
        "both1": ["tool_error", "judge:relevance"],
        "explicit_report1": ["explicit_report"],
        "contested1": ["judge_manipulation"],
    }


def test_the_shipped_design_is_the_default_and_surfaces_name_only_what_differs(tmp_path: Path) -> None:
    shipped = load_design(PROJECT_ROOT / "catalog" / "surfaces.yaml")
    assert shipped == Design()
    path = tmp_path / "surfaces.yaml"
    path.write_text("default: {report_cap: 7}\nsurfaces: {chat: {sessions_per_day: 60}}", encoding="utf-8")
    design = load_design(path)
    assert (design.plan("chat").sessions_per_day, design.plan("chat").report_cap) == (60, 7)
    assert (design.plan("bot").sessions_per_day, design.plan("bot").report_cap) == (30, 7)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("default: {shares: {quiet: 0.9}}", "default.shares: .*must sum to 1"),
        ("default: {shares: {quiet: 0}}", "default.shares.quiet"),
        ("default: {sessions_per_day: 2}", "default.sessions_per_day"),
        ("surfaces: {chat: {budget: 3}}", "surfaces.chat.budget"),
        ("surfaces: [chat]", "surfaces"),
    ],
)
def test_a_wrong_design_names_the_field(tmp_path: Path, text: str, named: str) -> None:
    path = tmp_path / "surfaces.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match=named):
        load_design(path)
