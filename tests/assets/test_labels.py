"""The asset of labels: what it stores beside its table, what follows on other days, and what it shows."""

import datetime as dt

from assets.labels import human_labels
from eval_pipeline.tables import HumanLabels, RawSessions, Reviews, SessionFingerprints
from resources.warehouse import PostgresWarehouse
from tests.assets.test_shown_rows import cells, materialised
from tests.calibration.test_held_out import CALIBRATION, HELD_OUT, NEXT_DAY, held_out, take_in, text
from tests.resources.frames import frame_for
from tests.review.test_labels import DAY, review, review_frame

DAY_AFTER = NEXT_DAY + dt.timedelta(days=1)


def test_a_run_shows_no_held_out_label_one_by_one_and_counts_them_all(warehouse: PostgresWarehouse) -> None:
    take_in(warehouse, DAY, [("h1", HELD_OUT[0], text()), ("c1", CALIBRATION[0], text())])
    shown = materialised(warehouse, human_labels, DAY)
    assert {row[0] for row in cells(shown["preview"])} == {"c1"}
    assert sum(int(row[4]) for row in cells(shown["counts"])) == 4
    assert sum(row[1] == "held_out" for row in cells(shown["counts"])) == 2


def test_a_run_of_one_day_moves_a_near_duplicate_of_another_into_calibration(warehouse: PostgresWarehouse) -> None:
    same = text()
    take_in(warehouse, DAY, [("h1", HELD_OUT[0], same)])
    assert held_out(warehouse) == {"h1"}
    raw = frame_for(RawSessions, 1, NEXT_DAY).assign(
        session_id="c1", user_id=CALIBRATION[0], turns=[[{"role": "assistant", "content": same}]]
    )
    warehouse.replace_day(RawSessions, NEXT_DAY, [raw])
    warehouse.append(Reviews, review_frame([review("ada", "pass", session_id="c1", session_day=NEXT_DAY)]))
    materialised(warehouse, human_labels, NEXT_DAY)
    assert held_out(warehouse) == set()


def test_sessions_of_days_before_fingerprints_are_made_up_for(warehouse: PostgresWarehouse) -> None:
    take_in(warehouse, DAY, [("h1", HELD_OUT[0], text())])
    take_in(warehouse, NEXT_DAY, [("h2", HELD_OUT[1], text())])
    before = warehouse.read(SessionFingerprints)
    assert before["session_id"].tolist() == ["h1", "h2"]
    warehouse.replace_day(SessionFingerprints, DAY, [])
    materialised(warehouse, human_labels, DAY_AFTER)
    assert warehouse.read(SessionFingerprints).equals(before)
    assert len(warehouse.read(HumanLabels)) == 4
