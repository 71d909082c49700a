"""The simulated classifier over HTTP: as good as it says, on traffic that the simulation knows the truth of."""

import pandas as pd

from eval_pipeline.classifiers.definition import Classifier
from eval_pipeline.classifiers.run import classify
from eval_pipeline.judges.asking.asker import Asker, AskPolicy
from eval_pipeline.ports import JudgeModel
from eval_pipeline.settings import PROJECT_ROOT
from eval_pipeline.simulation.classifying import ABSTAINED_SHARE, ACCURACY
from eval_pipeline.simulation.truth import known_truth
from eval_pipeline.taxonomy.categories import load_taxonomy
from resources.judge_model import SimulatedJudgeModel
from tests.fakes import MemoryLedger
from tests.simulation.frames import SEED, day_frame, is_likely

ASKED = Classifier.model_validate({"name": "failure", "version": 1, "owner": "us", "model": "m-1"})
KNOWN = {"is_closed": True, "versions": [{}], "model_version": "p1", "redaction_version": "r1"}


class Simulated:
    def for_origin(self, origin: str) -> JudgeModel | None:
        return SimulatedJudgeModel(SEED) if origin == "simulated" else None


def test_it_names_the_true_category_as_often_as_it_says() -> None:
    frame = day_frame(1500)
    truth = known_truth(frame, SEED).set_index("session_id")
    wanted = truth.index[truth["is_failure"]].tolist()[:150] + truth.index[~truth["is_failure"]].tolist()[:20]
    sessions = frame[frame["session_id"].isin(wanted)].reset_index(drop=True)
    sessions = sessions.assign(
        **{name: value * len(sessions) if isinstance(value, list) else value for name, value in KNOWN.items()}
    )
    failed = pd.DataFrame({"session_id": wanted, "failed": "judge:usefulness", "turn_index": None, "explanation": "so"})
    taxonomy = load_taxonomy(PROJECT_ROOT / "catalog" / "taxonomy.yaml")
    with Asker(MemoryLedger(), AskPolicy()) as asker:
        (rows,) = classify(sessions, failed, ASKED, taxonomy, Simulated(), asker, {})
    said = rows.set_index("session_id")["category"]
    true = truth["category"].reindex(said.index)
    assert len(said) == len(wanted)
    assert set(said[true.isna()]) == {"abstain"}
    of_failures = said[true.notna()]
    answered = of_failures[of_failures != "abstain"]
    assert is_likely(len(of_failures) - len(answered), len(of_failures), ABSTAINED_SHARE)
    assert is_likely(int((answered == true.reindex(answered.index)).sum()), len(answered), ACCURACY)
    assert set(rows["decided_by"]) == {"model"}
