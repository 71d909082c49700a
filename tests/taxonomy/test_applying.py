"""What each kind of change makes of a taxonomy, and which changes are refused."""

from typing import Any

import pytest
from pydantic import ValidationError

from eval_pipeline.errors import SettingsError
from eval_pipeline.taxonomy.applying import apply
from tests.taxonomy.chains import category, migration, split, taxonomy

FIRST = taxonomy("loop", "wrong", "rude")


@pytest.mark.parametrize(
    ("change", "ids", "becomes"),
    [
        ({"add": {"category": category("cut")}}, "loop wrong rude cut", {}),
        ({"add": {"category": category("cut"), "before": "wrong"}}, "loop cut wrong rude", {}),
        (
            {"rename": {"from": "wrong", "to": "false_fact"}},
            "loop false_fact rude",
            {"wrong": ("renamed", "false_fact")},
        ),
        ({"retire": {"category": "loop", "successor": "rude"}}, "wrong rude", {"loop": ("retired", "rude")}),
        ({"retire": {"category": "loop", "successor": None}}, "wrong rude", {"loop": ("retired", None)}),
        (
            {"merge": {"categories": ["rude", "loop"], "into": "rude"}},
            "rude wrong",
            {"loop": ("merged", "rude"), "rude": ("merged", "rude")},
        ),
        (
            {"merge": {"categories": ["wrong", "rude"], "into": category("bad")}},
            "loop bad",
            {"wrong": ("merged", "bad"), "rude": ("merged", "bad")},
        ),
        (split("wrong", ["fact", "topic"]), "loop fact topic rude", {"wrong": ("split", None)}),
        ({"reword": {"category": category("loop", title="Circle")}}, "loop wrong rude", {"loop": ("reworded", "loop")}),
    ],
)
def test_a_change_says_what_becomes_of_each_category(
    change: dict[str, Any], ids: str, becomes: dict[str, tuple[str, str | None]]
) -> None:
    applied = apply(migration(change), FIRST)
    assert applied.after.ids == tuple(ids.split())
    assert applied.after.version.startswith("2+")
    same = {name: ("same", name) for name in FIRST.ids}
    assert {step.category: (step.kind, step.to_category) for step in applied.steps} == same | becomes


def test_a_renamed_category_keeps_its_neighbours() -> None:
    first = apply(migration({"reword": {"category": category("loop", excludes=["a wrong step (wrong)"])}}), FIRST).after
    after = apply(migration({"rename": {"from": "wrong", "to": "false_fact"}}, start="2", end="3"), first).after
    assert after.categories[0].excludes == ("a wrong step (false_fact)",)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ([{"rename": {"from": "gone", "to": "here"}}], "no category `gone`"),
        ([{"rename": {"from": "wrong", "to": "loop"}}], "used twice"),
        ([{"retire": {"category": "loop", "successor": "gone"}}], "not there after it"),
        (
            [split("wrong", ["fact", "topic"]), {"rename": {"from": "fact", "to": "truth"}}],
            "`fact`, which is not there",
        ),
        ([{"add": {"category": category("cut", definition="What loop  is.")}}], "definition used twice"),
        ([{"add": {"category": category("cut", title="title of LOOP")}}], "title used twice"),
        ([{"add": {"category": category("cut", excludes=["more (gone)"])}}], "no such category"),
        ([{"add": {"category": category("once")}}], "earlier version"),
        # An id that is given up is not taken by another category in the same step.
        (
            [{"retire": {"category": "loop", "successor": None}}, {"rename": {"from": "wrong", "to": "loop"}}],
            "another category than before",
        ),
    ],
)
def test_what_makes_no_taxonomy_is_refused(changes: list[dict[str, Any]], says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        apply(migration(*changes), FIRST, once_used={"once", *FIRST.ids})


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ([], "no change"),
        ([{"add": {"category": category("cut")}, "retire": {"category": "loop", "successor": None}}], "one of add"),
        ([{"rename": {"from": "loop", "to": "a"}}, {"retire": {"category": "loop", "successor": None}}], "twice"),
        ([split("wrong", ["fact", "topic"], otherwise="elsewhere")], "none of the parts"),
        ([split("wrong", ["fact", "topic"], [{"into": "unresolved", "when": {"note": "x"}}])], "none of the parts"),
        ([split("wrong", ["fact", "wrong"])], "mean less than before"),
        ([split("wrong", ["fact", "topic"], [{"into": "fact", "when": {"note": "(?=x)"}}])], "RE2"),
        ([split("wrong", ["fact", "topic"], [{"into": "fact", "when": {}}])], "either"),
        ([{"merge": {"categories": ["loop", "rude"], "into": "wrong"}}], "in full"),
        ([{"retire": {"category": "loop"}}], "successor"),
    ],
)
def test_a_file_that_says_no_clear_change_is_refused(changes: list[dict[str, Any]], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        migration(*changes)
