"""What a materialisation shows: counts, bars and a preview, as Markdown that no row can break out of."""

from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
from pydantic import SecretStr

from assets.sessions import review_queue, session_signals
from eval_pipeline.deployment import Deployment
from eval_pipeline.markdown import count_chart, markdown_table, share_chart
from eval_pipeline.settings import Settings
from eval_pipeline.tables import EvaluatorVerdicts
from resources.progress import NoProgress
from resources.warehouse import PostgresWarehouse
from tests.resources.frames import frame_for
from tests.signals.conversations import CATALOG, talk
from tests.stored_sessions import DAY, NIGHT, store_sessions

FINE = talk("user: What are your opening hours?", "assistant: We open at nine every day.", "user: Thanks, bye!")
RUDE = talk("user: Cancel it", "assistant: Hello! How are you?", "user: THIS IS USELESS!!! you are a | stupid bot")


DEPLOYMENT = Deployment.load(Settings(home=Path("unused"), catalog=CATALOG, redaction_key=SecretStr("a key of tests")))


def materialised(warehouse: PostgresWarehouse, asset: dg.AssetsDefinition, day: date = DAY) -> dict[str, str]:
    """Return the Markdown that a materialisation of one day carries; of several tables, the first one's."""
    resources: dict[str, Any] = {
        "warehouse": warehouse,
        "deployment": DEPLOYMENT,
        "clock": lambda: NIGHT,
        "progress": NoProgress(),
    }
    with dg.DagsterInstance.ephemeral() as instance:
        result = dg.materialize([asset], instance=instance, resources=resources, partition_key=day.isoformat())
    event = next(event for event in result.get_asset_materialization_events() if event.partition == day.isoformat())
    return {
        name: value.value
        for name, value in event.materialization.metadata.items()
        if isinstance(value, dg.MarkdownMetadataValue)
    }


def cells(table: str) -> list[list[str]]:
    """The rows of a Markdown table below its head."""
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]


def test_signals_are_charted_by_share_and_the_preview_shows_what_fired(warehouse: PostgresWarehouse) -> None:
    store_sessions(warehouse, {"a-fine": FINE, "b-fine": FINE, "z-rude": RUDE, "z-tools": talk("tool: ok")})
    shown = materialised(warehouse, session_signals)
    rows = {row[0]: row[1:] for row in cells(shown["chart"])}
    assert shown["chart"].splitlines()[0] == "| signal | fired | not_applicable | quiet | share fired |  |"
    assert rows["frustration"][:4] == ["1", "1", "2", "33.3%"] and "█" in rows["frustration"][4]
    applied = {name: int(row[0]) + int(row[2]) for name, row in rows.items()}
    assert all((row[3] == "") == (applied[name] == 0) for name, row in rows.items()) and 0 in applied.values()
    preview = cells(shown["preview"])
    assert {row[0] for row in preview} == {"z-rude"} and {row[4] for row in preview} == {"fired"}
    assert materialised(warehouse, session_signals, date(2025, 3, 9))["chart"] == "no rows"


def test_the_queue_is_charted_by_stratum_and_reason_also_when_nothing_is_added(warehouse: PostgresWarehouse) -> None:
    store_sessions(warehouse, {"fine": FINE, "rude": RUDE})
    verdicts = frame_for(EvaluatorVerdicts, 2, DAY).assign(
        session_id=["fine", "rude"], evaluator="brief", verdict=["pass", "fail"]
    )
    warehouse.replace_day(EvaluatorVerdicts, DAY, [verdicts])
    materialised(warehouse, session_signals)
    first = materialised(warehouse, review_queue)
    strata = {(row[1], row[2]): row[3] for row in cells(first["counts"])}
    assert strata["control", "quiet"] == "1" and len(strata) == 2
    reasons = {row[0]: row[1] for row in cells(first["reasons"])}
    assert reasons["evaluator:brief"] == reasons["frustration"] == "1"
    assert all("█" in row[-1] for row in cells(first["reasons"]))
    assert materialised(warehouse, review_queue) == first


def test_bars_are_in_proportion_and_a_share_of_nothing_is_none() -> None:
    counts = pd.DataFrame({"what": ["a", "b", "c"], "rows": [8, 4, 0]})
    lengths = [len(row[-1]) for row in cells(count_chart(counts))]
    assert lengths[0] == 2 * lengths[1] > lengths[2] == 0
    rows = [("x", "fired", 3), ("x", "quiet", 1), ("y", "not_applicable", 9), ("z", "quiet", 2)]
    chart = share_chart(pd.DataFrame(rows, columns=["s", "o", "rows"]), ["s"], "o", "fired", "not_applicable")
    assert [(row[0], row[-2]) for row in cells(chart)] == [("x", "75.0%"), ("z", "0.0%"), ("y", "")]


def test_no_cell_breaks_out_of_its_table() -> None:
    hostile = ["a | b", "a \\| b", "a\n| b |", "<img src=x>", "![x](https://example.org/x.png)", "`a`", "**a**"]
    table = markdown_table(pd.DataFrame({"a | b": hostile}))
    assert len(table.splitlines()) == 2 + len(hostile)
    for line in table.splitlines()[:1] + table.splitlines()[2:]:
        assert line.count("|") == 2
        assert not set(line) & set("<>`[]!*\\~")
