"""Forty personal values and secrets go in at every door; none comes out anywhere."""

import json
import logging
import sys
import zlib
from datetime import datetime
from pathlib import Path

import psycopg
import pytest

from eval_pipeline.cli.main import main
from eval_pipeline.judges.definition import load_judges
from eval_pipeline.sessions import Session
from resources.embedded_postgres import ADMINISTRATOR
from tests.end_to_end import canaries
from tests.end_to_end.canaries import Finding, planted, search_database, search_files, search_text
from tests.end_to_end.pipeline import NewPipeline, Pipeline

SITES = ["said", "retold", "arguments", "result", "report", "outcome", "label", "meta"]
"""Places whose content is kept; the mark stands in each, beside the canaries."""

SLIPPED = "kestrel43@example.org"
"""Said in a record that the intake fails on, in a way that nobody foresaw."""


def command(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["eval-pipeline", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0, arguments


def slip_on(monkeypatch: pytest.MonkeyPatch, words: str) -> None:
    """Make the intake fail on a session that says `words`, with an error that quotes them."""
    is_closed = Session.is_closed

    def slipping(session: Session, as_of: datetime) -> bool:
        if any(words in turn.content for turn in session.turns):
            raise KeyError(words)
        return is_closed(session, as_of)

    monkeypatch.setattr(Session, "is_closed", slipping)


def server_log(pipeline: Pipeline) -> Path:
    with psycopg.connect(pipeline.url, user=ADMINISTRATOR) as connection:
        [data] = connection.execute("SELECT current_setting('data_directory')").fetchone() or [""]
    [log] = Path(data).parent.glob("*.log")
    return log


def everywhere(pipeline: Pipeline, needles: list[str]) -> list[Finding]:
    return [
        *search_database(pipeline.url, needles),
        *search_files(pipeline.home, needles),
        *search_text(server_log(pipeline).read_text(encoding="utf-8"), needles, "the server's log"),
    ]


def test_the_search_would_find_a_canary(new_pipeline: NewPipeline) -> None:
    pipeline = new_pipeline()
    needles = planted()
    card, key = canaries.SAID["card"], canaries.SAID["openai key"]
    assert everywhere(pipeline, needles) == []
    (pipeline.home / "data_docs").mkdir()
    (pipeline.home / "data_docs" / "index.html").write_text(f"<td>{key.upper()}</td>")
    with psycopg.connect(pipeline.url) as connection:
        connection.execute("INSERT INTO public.kvs (key, value) VALUES ('x', %s)", [json.dumps({"a": [canaries.NOTE]})])
        connection.execute("CREATE SCHEMA other")
        connection.execute("CREATE TABLE other.packed (body bytea, more jsonb, texts text[])")
        body = zlib.compress(card.replace(" ", "").encode())
        connection.execute(
            "INSERT INTO other.packed VALUES (%s, %s, %s)", [body, json.dumps({canaries.SLICE: 1}), [key]]
        )

    found = everywhere(pipeline, needles)

    assert {(finding.needle, finding.where.rpartition("/")[2]) for finding in found} == {
        (key, "index.html"),
        (canaries.NOTE, "public.kvs"),
        (card, "other.packed"),
        (canaries.SLICE, "other.packed"),
        (key, "other.packed"),
    }


def test_no_canary_comes_out_anywhere(
    new_pipeline: NewPipeline,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert len(set(planted())) >= 40
    pipeline = new_pipeline()
    canaries.write_sessions(tmp_path / "sessions.jsonl")
    with (tmp_path / "sessions.jsonl").open("a") as file:
        turns = [{"role": "user", "content": SLIPPED}]
        file.write(json.dumps({"session_id": "c", "started_at": f"{canaries.DAY}T10:00:00Z", "turns": turns}) + "\n")
    slip_on(monkeypatch, SLIPPED)
    caplog.set_level(logging.DEBUG)
    with pipeline.at_home():
        command(monkeypatch, "ingest", str(tmp_path / "sessions.jsonl"))
        command(monkeypatch, "run", "nightly_evaluation")
        [stored] = pipeline.rows("SELECT session_id, turns::text, meta::text FROM evals.raw_sessions")
        review = {
            "session_id": stored["session_id"],
            "reviewer": "ann",
            "label": "fail",
            "note": f"{canaries.MARK}_note {canaries.NOTE}",
        }
        (tmp_path / "reviews.jsonl").write_text(json.dumps(review))
        command(monkeypatch, "labels", "import", str(tmp_path / "reviews.jsonl"))
        for job in ("refresh_labels", "alignment_check", "error_analysis"):
            command(monkeypatch, "run", job, "--day", canaries.DAY)
        command(monkeypatch, "report")
        command(monkeypatch, "sql", "SELECT * FROM evals.raw_sessions", "--format", "json")
        command(monkeypatch, "redact", str(tmp_path / "sessions.jsonl"))
    printed = capfd.readouterr()

    # What was beside the canaries is there, so they had been there too; judges were asked, pages were written.
    marked = {site for site in SITES for _ in search_database(pipeline.url, [f"{canaries.MARK}_{site}"])}
    assert marked == set(SITES)
    assert pipeline.value("SELECT note FROM evals.reviews").startswith(f"{canaries.MARK}_note [EMAIL_")
    assert pipeline.value("SELECT count(*) FROM evals.quarantined_records") == 4
    assert pipeline.value("SELECT detail FROM evals.quarantined_records WHERE reason = 'intake_failed'").count(
        "KeyError"
    )
    assert pipeline.value(
        "SELECT count(*) FROM evals.model_calls WHERE request::text LIKE %s", f"%{canaries.MARK}_said%"
    ) == len(load_judges(pipeline.settings.catalog / "judges"))
    assert pipeline.value("SELECT count(*) FROM evals.session_signals WHERE outcome = 'fired'") > 0
    assert pipeline.value("SELECT count(*) FROM public.event_logs") > 0
    assert list(pipeline.home.rglob("*.html"))
    assert canaries.MARK in printed.out

    needles = [*planted(), SLIPPED]
    found = everywhere(pipeline, needles)
    for name, text in [("stdout", printed.out), ("stderr", printed.err), ("the log", caplog.text)]:
        found += search_text(text, needles, name)
    assert found == []
