import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eval_pipeline.errors import RejectedRecord
from eval_pipeline.formats.delimited import CSV
from eval_pipeline.formats.json_lines import JsonLines
from eval_pipeline.formats.lines import Line
from eval_pipeline.formats.mapping import Mapping
from eval_pipeline.formats.openai_chat_jsonl import OPENAI_CHAT_JSONL, OPENAI_NAMES
from eval_pipeline.formats.sessions_jsonl import SESSIONS_JSONL
from eval_pipeline.formats.turns import READ_KEYS
from eval_pipeline.intake import take_in
from eval_pipeline.ports import SourceRecord
from tests.formats.format_files import SESSION, write_lines
from tests.test_intake import Starring

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["user", "{", "[1]"])
)
KEYS = st.sampled_from(sorted(READ_KEYS | {"type", "text", "name", "function", "arguments", "kind", "message"}))
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12
)
TURNS = st.lists(
    st.fixed_dictionaries({"role": st.just("user")}, optional=dict.fromkeys(sorted(READ_KEYS - {"role"}), VALUES))
)
TOP = sorted(
    {"turns", "meta", "slices", "versions", "origin", "request", "response", "choices", "messages", "metadata"}
)
NAMES = sorted({name for names in OPENAI_NAMES.values() for name in names if "." not in name} | set(TOP))


@pytest.mark.parametrize("importer", [SESSIONS_JSONL, OPENAI_CHAT_JSONL])
@settings(max_examples=60, deadline=None)
@given(changes=st.dictionaries(st.sampled_from(NAMES), VALUES | TURNS, max_size=4))
def test_whatever_the_fields_hold_a_record_comes_in_or_is_quarantined(
    importer: JsonLines, changes: dict[str, Any]
) -> None:
    record = {**SESSION, "messages": [], **changes}
    line = Line(1, 0, json.dumps(record).encode())
    outcome = importer.record(line, Path("a.jsonl"), importer.reading(Mapping()))

    rejection = outcome if isinstance(outcome, RejectedRecord) else None
    fields = None if isinstance(outcome, RejectedRecord) else outcome
    day = datetime(2026, 1, 5, tzinfo=UTC).date() if fields is None else fields["started_at"].date()
    source = SourceRecord("src", "a.jsonl", "line 1", "production", fields, rejection)
    taken = take_in([source], day, Starring(), datetime(2027, 1, 1, tzinfo=UTC))

    assert taken.n_accepted + len(taken.quarantined) == 1
    assert "intake_failed" not in set(taken.quarantined["reason"]), "whatever it was, it can be foreseen now"
    assert sum(len(frame) for frame in taken.session_frames()) == taken.n_accepted


@settings(max_examples=40, deadline=None)
@given(rows=st.lists(st.binary(max_size=30), max_size=5))
def test_whatever_a_table_holds_it_is_read_to_its_end(
    tmp_path_factory: pytest.TempPathFactory, rows: list[bytes]
) -> None:
    path = write_lines(tmp_path_factory.mktemp("fuzz") / "a.csv", [b"session_id,role,content,at", *rows])
    assert all(position.startswith("line ") for position, _ in CSV.records(path, Mapping()))
