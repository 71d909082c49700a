"""The file of a classifier: what it may name, and that its version follows all that decides."""

from pathlib import Path

import pytest
import yaml

from eval_pipeline.classifiers.definition import Classifier, load_classifier
from eval_pipeline.errors import SettingsError
from eval_pipeline.settings import PROJECT_ROOT
from eval_pipeline.taxonomy.categories import Taxonomy, load_taxonomy

TAXONOMY = load_taxonomy(PROJECT_ROOT / "catalog" / "taxonomy.yaml")
VERDICTS = ["evaluator:no_tool_call_loop", "judge:relevance"]
RULE = {"failed": "evaluator:no_tool_call_loop", "category": "loop"}
FILE = {"name": "failure", "version": 1, "owner": "us", "rules": [RULE], "model": "m-1"}


def loaded(tmp_path: Path, **changes: object) -> Classifier:
    path = tmp_path / "classifier.yaml"
    path.write_text(yaml.safe_dump({**FILE, **changes}))
    return load_classifier(path, TAXONOMY, VERDICTS)


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        ({"failed": "evaluator:no_tool_call_loop", "category": "sadness"}, "no category `sadness`"),
        ({"failed": "evaluator:gone", "category": "loop"}, "there is no `evaluator:gone`"),
        ({"failed": "signal:tool_loop", "category": "loop"}, "rules.0.failed"),
    ],
)
def test_a_rule_names_what_there_is(tmp_path: Path, rule: dict[str, str], problem: str) -> None:
    with pytest.raises(SettingsError) as caught:
        loaded(tmp_path, rules=[rule])
    assert problem in caught.value.problem
    assert str(tmp_path) in caught.value.problem


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2},
        {"rules": []},
        {"rules": [RULE, {"failed": "judge:relevance", "category": "wrong_answer"}]},
        {"model": "m-2"},
        {"model": None},
        {"parameters": {"temperature": 1}},
        {"view": {"turns": "last_exchange"}},
    ],
)
def test_whatever_decides_makes_a_new_version(tmp_path: Path, change: dict[str, object]) -> None:
    assert loaded(tmp_path, **change).version(TAXONOMY) != loaded(tmp_path).version(TAXONOMY)


def test_another_taxonomy_makes_a_new_version_and_an_owner_does_not(tmp_path: Path) -> None:
    version = loaded(tmp_path).version(TAXONOMY)
    assert loaded(tmp_path, owner="them", description="Words.").version(TAXONOMY) == version
    fewer = TAXONOMY.model_copy(update={"categories": TAXONOMY.categories[:-1]})
    assert isinstance(fewer, Taxonomy)
    assert loaded(tmp_path).version(fewer) != version
