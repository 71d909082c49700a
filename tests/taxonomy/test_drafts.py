"""The draft of a migration that adds a category: it is one, whatever the words are."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eval_pipeline.catalog import load_yaml
from eval_pipeline.errors import EvalPipelineError
from eval_pipeline.taxonomy.applying import apply
from eval_pipeline.taxonomy.changes import Migration, load_migration
from eval_pipeline.taxonomy.drafts import draft_of_new_category, next_version
from tests.taxonomy.chains import taxonomy

FIRST = taxonomy("loop", "wrong")
# What a line of YAML may hold once it is stored; a form refuses the rest.
WORDS = st.text(st.characters(blacklist_categories=["Cs", "Cc"]), min_size=1).filter(str.strip)


@settings(max_examples=40, deadline=None)
@given(WORDS, WORDS, WORDS)
def test_a_draft_reads_back_as_what_was_given(
    tmp_path_factory: pytest.TempPathFactory, title: str, definition: str, example: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "0001_draft.yaml"
    draft = draft_of_new_category(FIRST, "rude", title, definition, ["a: b"], ["# c (loop)"], [example], "us")
    path.write_text(draft, encoding="utf-8")
    new = apply(load_migration(path), FIRST).after.categories[-1]
    assert (new.id, new.title, new.definition, new.examples) == ("rude", title, definition, (example,))


@pytest.mark.parametrize(
    ("id", "title", "says"),
    [("loop", "Rude", "used twice"), ("rude", "title of loop", "title used twice"), ("Very Rude", "Rude", "`id`")],
)
def test_a_category_that_is_not_told_from_the_others_is_refused(id: str, title: str, says: str) -> None:
    with pytest.raises(EvalPipelineError, match=says):
        draft_of_new_category(FIRST, id, title, "Rude words.", ["a"], ["b"], ["c"], "us")


@pytest.mark.parametrize(("now", "after"), [("1", "2"), ("9", "10"), ("1.9", "1.10"), ("spring", "spring.1")])
def test_the_next_version(now: str, after: str) -> None:
    assert next_version(now) == after


def test_a_migration_has_no_name_but_its_files(tmp_path: Path) -> None:
    path = tmp_path / "0003_rude.yaml"
    path.write_text(draft_of_new_category(FIRST, "rude", "Rude", "Rude words.", ["a"], ["b"], ["c"], "us"))
    assert load_migration(path).name == "0003_rude"
    assert load_yaml(path, Migration).from_version == "1"
