"""docs/labels.md is true: its examples are imported as it says, and it lists every field and reason that the code knows."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from eval_pipeline.review.files.reviews_file import ImportRules, read_reviews
from eval_pipeline.tables import ARMS
from eval_pipeline.taxonomy.categories import load_taxonomy
from tests.docs_pages import ROOT, blocks, code_words, commands, page, reason_codes, table_keys

PAGE = page("labels.md")
CODE = ROOT / "eval_pipeline" / "review" / "files" / "reviews_file.py"


def rules() -> ImportRules:
    taxonomy = load_taxonomy(ROOT / "catalog" / "taxonomy.yaml")
    return ImportRules(
        session_days={"s-1": date(2026, 3, 2), "s-2": date(2026, 3, 2)},
        categories=taxonomy.ids,
        taxonomy_version=taxonomy.version,
        redaction_version="1",
        now=datetime(2026, 3, 5, tzinfo=UTC),
        redact_text=str,
    )


@pytest.mark.parametrize(("name", "n_reviews"), commands(PAGE, "eval-pipeline labels import"))
def test_an_example_is_imported_as_the_page_says(tmp_path: Path, name: str, n_reviews: int) -> None:
    shown = {block.name: block.text for block in blocks(PAGE) if block.name}
    path = tmp_path / name
    path.write_text(shown[name], encoding="utf-8")
    reviews, rejected = read_reviews(path, rules())
    assert (rejected, len(reviews)) == ([], n_reviews)


def test_the_page_lists_exactly_the_fields_that_are_known(tmp_path: Path) -> None:
    path = tmp_path / "labels.jsonl"
    path.write_text('{"session_id": "s-1", "reviewer": "ada", "label": "pass", "mood": 1}')
    [rejected] = read_reviews(path, rules())[1]
    known = rejected.mend.split("known are ")[1].split(", ")
    assert sorted(table_keys(PAGE, "Fields")) == sorted(known)


def test_the_page_lists_every_arm() -> None:
    assert set(ARMS) - code_words(PAGE) == set()


def test_the_table_of_reasons_lists_exactly_those_in_the_code() -> None:
    listed = table_keys(PAGE, "Lines that are rejected")
    assert sorted(listed) == sorted(reason_codes([CODE], frozenset({"RejectedRecord", "_reject"})))
