"""Promotion on real tables with a simulated judge of known skill: who passes, who does not, and what a look costs."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from eval_pipeline.calibration.gate_policy import GatePolicy
from eval_pipeline.calibration.gathering import Asking, Candidacy
from eval_pipeline.calibration.promoting import Outcome, demote, promote
from eval_pipeline.calibration.standings import in_production, proven
from eval_pipeline.errors import EvalPipelineError
from eval_pipeline.judges.asking.asker import Asker, AskPolicy
from eval_pipeline.judges.definition import Example, Judge, load_judges
from eval_pipeline.settings import PROJECT_ROOT
from eval_pipeline.simulation.judge_endpoint import JudgeEndpoint
from eval_pipeline.simulation.judging import JudgeSkill
from eval_pipeline.tables import HeldoutLooks, HumanLabels, Promotions
from resources.call_ledger import WarehouseLedger
from resources.daily_spend import PostgresDailySpend
from resources.warehouse import PostgresWarehouse
from tests.calibration.reviewed_sessions import JUDGE, TARGET, chosen_sessions, store_reviewed
from tests.end_to_end.pipeline import EndpointModels

[SHIPPED] = [judge for judge in load_judges(PROJECT_ROOT / "catalog" / "judges") if judge.name == JUDGE]
NOW = datetime(2026, 2, 12, 9, tzinfo=UTC)
ORIGIN = "simulated"
POLICY = GatePolicy()
GOOD = JudgeSkill(tpr=0.99, tnr=0.99, unstable_share=0.02)
BAD = JudgeSkill(tpr=0.7, tnr=0.99, unstable_share=0.02)


class Gate:
    """Promotes versions of the judge, each an hour after the last, at an endpoint of the skill given."""

    def __init__(self, warehouse: PostgresWarehouse) -> None:
        self.warehouse, self.now, self.n_requests = warehouse, NOW, 0

    def promote(
        self, judge: Judge = SHIPPED, skill: JudgeSkill = GOOD, policy: GatePolicy = POLICY, by: str = "ada"
    ) -> Outcome:
        self.now += timedelta(hours=1)
        ledger = WarehouseLedger(self.warehouse, AskPolicy().prices)
        with (
            JudgeEndpoint(skills={JUDGE: skill}) as endpoint,
            Asker(ledger, AskPolicy(), PostgresDailySpend(self.warehouse)) as asker,
        ):
            asking = Asking(EndpointModels(endpoint.base_url), asker, {"code": "1"})
            outcome = promote(Candidacy(judge, ORIGIN, by, policy), asking, self.warehouse, self.now)
            self.n_requests = endpoint.n_requests
        return outcome

    def decisions(self) -> list[str]:
        return list(self.warehouse.read(Promotions).sort_values("decided_at")["decision"])

    def n_looks(self) -> int:
        return len(self.warehouse.read(HeldoutLooks))


@pytest.fixture
def gate(warehouse: PostgresWarehouse) -> Iterator[Gate]:
    """A gate before 60 failed and 120 good held-out sessions, all drawn alike."""
    store_reviewed(warehouse, chosen_sessions())
    yield Gate(warehouse)


def version(number: int, **changes: object) -> Judge:
    """The shipped judge under another version: asked in other words, so every reply is its own."""
    return SHIPPED.model_copy(update={"declared_version": f"{number}", **changes})


def test_a_good_judge_is_promoted_and_on_record_with_its_file(gate: Gate) -> None:
    outcome = gate.promote(by="ada")
    assert outcome.decision.decision == "promoted", outcome.decision
    assert (outcome.looks_left, outcome.is_new_look, outcome.is_retired) == (2, True, False)
    [row] = gate.warehouse.read(Promotions).to_dict("records")
    [look] = gate.warehouse.read(HeldoutLooks).to_dict("records")
    assert (row["decided_by"], row["look_id"], row["held_out_version"]) == ("ada", look["look_id"], 1)
    assert row["evidence"]["figures"]["n_true_fail"] == look["n_true_fail"] > 50
    assert look["n_true_fail"] + look["n_missed_fail"] == 60 and look["n_true_pass"] + look["n_false_fail"] == 120
    assert row["evidence"]["policy"]["tpr_floor"] == 0.75 and row["versions"]["code"] == "1"
    assert proven(gate.warehouse) == {("judge", JUDGE, SHIPPED.version, ORIGIN)}
    assert in_production(JUDGE, ORIGIN, gate.warehouse) == SHIPPED


def test_a_judge_under_the_floor_is_refused_and_nothing_is_proven(gate: Gate) -> None:
    outcome = gate.promote(skill=BAD)
    assert outcome.decision.decision == "refused"
    assert "catch rate (TPR)" in outcome.decision.reason and "75.00%" in outcome.decision.reason
    assert outcome.looks_left == 2 and not proven(gate.warehouse)


def test_the_same_version_on_the_same_labels_costs_no_look_and_no_reply(gate: Gate) -> None:
    first, again = gate.promote(), gate.promote()
    assert gate.n_requests == 0
    assert (again.is_new_look, again.look_id, again.decision) == (False, first.look_id, first.decision)
    assert gate.n_looks() == 1 and gate.decisions() == ["promoted"]


def test_an_example_of_a_held_out_session_is_a_leak_that_is_named_and_costs_no_look(gate: Gate) -> None:
    labels = gate.warehouse.read(HumanLabels)
    shown = labels.loc[labels["label_set"] == "held_out", "session_id"].iloc[0]
    example = Example(session="User: hello", critique="It is met.", verdict="pass", origin=shown)
    outcome = gate.promote(version(2, examples=[*SHIPPED.examples, example]))
    assert outcome.decision.decision == "refused" and shown in outcome.decision.reason
    assert (gate.n_looks(), gate.n_requests) == (0, 0)


def test_too_few_labels_say_how_many_of_which_kind_are_missing(gate: Gate) -> None:
    outcome = gate.promote(policy=GatePolicy(min_fail=75, min_pass=130))
    assert outcome.decision.decision == "not_enough_labels"
    assert outcome.decision.reason.startswith("15 human-failed and 10 human-passed held-out labels are missing")
    assert (gate.n_looks(), gate.n_requests, gate.decisions()) == (0, 0, ["not_enough_labels"])


def test_an_unsteady_judge_is_refused_before_a_look(gate: Gate) -> None:
    outcome = gate.promote(skill=JudgeSkill(tpr=0.9, tnr=0.75, unstable_share=1.0))
    assert outcome.decision.decision == "refused" and "flip rate" in outcome.decision.reason
    assert gate.n_looks() == 0


def test_the_third_look_retires_the_set_and_the_fourth_version_finds_no_labels(gate: Gate) -> None:
    first, second, third = (gate.promote(version(number), BAD) for number in (1, 2, 3))
    assert [outcome.looks_left for outcome in (first, second, third)] == [2, 1, 0]
    assert [outcome.is_retired for outcome in (first, second, third)] == [False, False, True]
    labels = gate.warehouse.read(HumanLabels)
    assert set(labels.loc[labels["target"] == TARGET, "label_set"]) == {"calibration"}
    fourth = gate.promote(version(4))
    assert fourth.decision.decision == "not_enough_labels" and fourth.set_number == 2
    assert fourth.decision.reason.startswith("50 human-failed and 100 human-passed")
    assert gate.n_looks() == 3


def test_a_version_much_worse_than_production_is_refused_though_it_clears_the_floors(gate: Gate) -> None:
    gate.promote(version(1))
    lax = GatePolicy(tpr_floor=0.5)
    worse = gate.promote(version(2), JudgeSkill(0.78, 0.99, 0.02), lax)
    assert worse.decision.decision == "refused"
    assert worse.decision.reason.startswith("not worse than production")
    same = gate.promote(version(3), GOOD, lax)
    assert same.decision.decision == "promoted" and same.evidence.figures is not None
    assert same.evidence.figures.against == version(1).version
    assert proven(gate.warehouse) == {("judge", JUDGE, version(3).version, ORIGIN)}


def test_unequal_probabilities_bound_the_rates_of_the_traffic(warehouse: PostgresWarehouse) -> None:
    sessions = chosen_sessions(75, 130)
    probability = [0.2 if i % 2 else 0.9 for i in range(len(sessions))]
    store_reviewed(warehouse, sessions, probability)
    outcome = Gate(warehouse).promote(skill=JudgeSkill(0.97, 0.97, 0.02))
    figures = outcome.evidence.figures
    assert figures is not None and figures.is_weighted
    assert figures.tpr.bound is not None and figures.tpr.value is not None
    # Half of the labels stand for most of the traffic, so the bound is wider than Wilson's of all of them.
    assert figures.tpr.bound < figures.tpr.value - 0.03


def test_a_demoted_version_counts_no_longer_and_may_come_back_without_a_look(gate: Gate) -> None:
    gate.promote()
    assert (
        demote(JUDGE, ORIGIN, "bob", "it fails German", gate.warehouse, gate.now + timedelta(minutes=1))
        == SHIPPED.version
    )
    assert not proven(gate.warehouse)
    with pytest.raises(EvalPipelineError, match="no version"):
        demote(JUDGE, ORIGIN, "bob", "again", gate.warehouse, gate.now + timedelta(minutes=2))
    gate.promote()
    assert (gate.decisions(), gate.n_looks()) == (["promoted", "demoted", "promoted"], 1)
    assert proven(gate.warehouse)


def test_without_an_endpoint_no_look_is_spent(gate: Gate) -> None:
    ledger = WarehouseLedger(gate.warehouse, AskPolicy().prices)
    with Asker(ledger, AskPolicy(), PostgresDailySpend(gate.warehouse)) as asker:
        asking = Asking(NoModels(), asker, {})
        with pytest.raises(EvalPipelineError, match="was not asked"):
            promote(Candidacy(SHIPPED, ORIGIN, "ada", POLICY), asking, gate.warehouse, NOW)
    assert (gate.n_looks(), gate.decisions()) == (0, [])


class NoModels:
    """`ports.JudgeModels` without any endpoint."""

    def for_origin(self, origin: str) -> None:
        """Return none."""


def test_two_at_once_never_share_a_look(gate: Gate) -> None:
    with ThreadPoolExecutor(2) as pool:
        running = [pool.submit(Gate(gate.warehouse).promote, version(number), BAD) for number in (1, 2)]
        ids = {each.result().look_id for each in running}
    looks = gate.warehouse.read(HeldoutLooks)
    assert sorted(looks["look"]) == [1, 2] and set(looks["look_id"]) == ids
