"""docs/formats.md is true: its examples are taken in as it says, and it lists every name and reason that the code knows."""

import runpy
import shlex
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from eval_pipeline.formats.contract import MAX_RECORD_BYTES
from eval_pipeline.formats.feedback import FEEDBACK_NAMES
from eval_pipeline.formats.fields import SESSION_NAMES, STRUCTURED
from eval_pipeline.formats.json_text import MAX_DEPTH
from eval_pipeline.formats.lines import BOMB_BYTES, BOMB_RATIO
from eval_pipeline.formats.mapping import Mapping, load_mapping
from eval_pipeline.formats.openai_chat_jsonl import OPENAI_NAMES
from eval_pipeline.formats.reading import GROUPS, ROLES
from eval_pipeline.formats.registry import FORMATS, N_LINES_TO_LOOK_AT, SUFFIXES
from eval_pipeline.formats.times import FIRST_DAY
from eval_pipeline.formats.turns import TURN_NAMES
from eval_pipeline.intake import Intake, take_in
from eval_pipeline.redaction.redactor import Redactor
from resources.session_files import SessionFiles
from tests.docs_pages import ROOT, blocks, code_words, commands, page, reason_codes, table_keys
from tests.fakes import MemoryWarehouse

PAGE = page("formats.md")
NOW = datetime(2026, 3, 5, tzinfo=UTC)
REDACTOR = Redactor.from_catalog(ROOT / "catalog" / "redaction.yaml", b"a secret of the tests, long enough")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with every file that the page shows, as the present one."""
    monkeypatch.chdir(tmp_path)
    for block in blocks(PAGE):
        if block.name:
            Path(block.name).write_text(block.text, encoding="utf-8")
        elif block.language == "python":
            Path("shown.py").write_text(block.text, encoding="utf-8")
            runpy.run_path("shown.py")
    return tmp_path


def ingested(arguments: str) -> Iterator[Intake]:
    """Take in what `eval-pipeline ingest` with these arguments registers, day by day."""
    path, *options = shlex.split(arguments)
    said = dict(zip(options[::2], options[1::2], strict=True))
    mapping = load_mapping(said["--mapping"]) if "--mapping" in said else None
    files = SessionFiles(MemoryWarehouse())
    files.register(Path(path), said.get("--format"), mapping, "production", NOW)
    for day in files.days():
        yield take_in(files.read(day), day, REDACTOR, NOW, files.counts(day))


@pytest.mark.parametrize(("arguments", "n_sessions"), commands(PAGE, "eval-pipeline ingest"))
def test_an_example_is_taken_in_as_the_page_says(folder: Path, arguments: str, n_sessions: int) -> None:
    intakes = list(ingested(arguments))
    assert [intake.quarantined["detail"].tolist() for intake in intakes if len(intake.quarantined)] == []
    assert sum(intake.n_accepted for intake in intakes) == n_sessions
    kept = [set(row) for intake in intakes for frame in intake.session_frames() for row in frame["meta"]]
    assert set().union(*kept) <= {"metadata", "request", "response", "choices", "chat"}, "a shown field is not read"


def test_every_file_that_is_shown_is_used() -> None:
    used = {word for arguments, _ in commands(PAGE, "eval-pipeline ingest") for word in shlex.split(arguments)}
    assert {block.name for block in blocks(PAGE) if block.name} <= used


def test_the_first_table_example_reads_as_it_looks(folder: Path) -> None:
    [intake] = ingested("turns.csv --mapping mapping.yaml")
    [frame] = intake.session_frames()
    first = frame.iloc[0]
    assert [(turn["role"], turn["content"]) for turn in first["turns"]] == [
        ("user", "Where is my parcel?"),
        ("assistant", "It arrives tomorrow."),
    ]
    assert (first["started_at"].isoformat(), first["surface"]) == ("2026-03-02T09:00:00+00:00", "support_chat")
    assert frame["slices"].tolist() == [{"locale": "de"}, {"locale": "en"}]


def test_the_mapping_in_one_line_says_what_it_seems_to() -> None:
    line = next(word for word in code_words(PAGE) if word.startswith("session_id=conversation,"))
    said = load_mapping(line)
    assert (said.roles, said.timezone) == ({"bot": "assistant"}, "Europe/Berlin")
    assert said.surface is not None and said.surface.const == "support_chat"


def test_every_name_that_the_code_reads_is_on_the_page() -> None:
    tables = [*SESSION_NAMES.values(), *TURN_NAMES.values(), *OPENAI_NAMES.values(), *FEEDBACK_NAMES.values()]
    names = {name for names in tables for name in names if not name.startswith("request.metadata.")}
    names |= {*FORMATS, *SUFFIXES, *ROLES, *STRUCTURED, *(Mapping.model_fields.keys() - GROUPS)}
    names |= {f"{group}.NAME" for group in GROUPS}
    assert names - code_words(PAGE) == set()


def test_the_limits_on_the_page_are_those_of_the_code() -> None:
    limits = [f"{MAX_RECORD_BYTES:,} bytes", f"more than {MAX_DEPTH} deep", f"{BOMB_BYTES >> 20} MiB"]
    limits += [f"{BOMB_RATIO} times", f"between {FIRST_DAY:%Y-%m-%d}", f"first {N_LINES_TO_LOOK_AT} lines"]
    assert [limit for limit in limits if limit not in " ".join(PAGE.split())] == []


def test_the_table_of_reasons_lists_exactly_those_in_the_code() -> None:
    modules = [path for package in ("eval_pipeline", "resources", "assets") for path in (ROOT / package).rglob("*.py")]
    # Files of labels and of recorded verdicts have pages of their own.
    of_sessions = [path for path in modules if path.name != "reviews_file.py" and path.parent.name != "recorded"]
    listed = table_keys(PAGE, "Quarantine")
    assert sorted(listed) == sorted(reason_codes(of_sessions, frozenset({"RejectedRecord"})))
