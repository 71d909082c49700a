"""Old words read today: in labels, in calibration, in the review app, and by people at a terminal."""

from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from eval_pipeline.calibration.alignment.subjects import CLASSIFIED, NO_CATEGORY
from eval_pipeline.calibration.labelled import labelled_categories, labels_until
from eval_pipeline.cli import taxonomy as commands
from eval_pipeline.errors import SettingsError
from eval_pipeline.review.figures.records import records
from eval_pipeline.review.labels import derive_labels
from eval_pipeline.review.ports import Submission
from eval_pipeline.taxonomy.categories import Taxonomy
from eval_pipeline.taxonomy.changes import Migration, load_migrations
from eval_pipeline.taxonomy.history import asking, read_history
from eval_pipeline.taxonomy.in_force import refuse_outdated
from eval_pipeline.taxonomy.plan_in_words import changes_in_words, labels_by_outcome, predictions_by_outcome
from eval_pipeline.taxonomy.planning import plan_of
from eval_pipeline.taxonomy.problems import mentions, problems
from eval_pipeline.taxonomy.relabelling import Standing, carried_without_rules
from eval_pipeline.taxonomy.terms import Terms
from resources.review_store import PostgresReviewStore
from resources.taxonomy_register import hold_to, migrate_taxonomy
from resources.warehouse import PostgresWarehouse
from tests.review.test_labels import DAY, review, review_frame
from tests.taxonomy.chains import migration, split
from tests.taxonomy.stored import DAY as STORED_DAY
from tests.taxonomy.stored import fail, label, predict

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)
CHANGE = [
    split("wrong", ["fact", "topic"], [{"into": "fact", "when": {"note": "price"}}]),
    {"rename": {"from": "loop", "to": "circle"}},
    {"merge": {"categories": ["rude", "cut"], "into": "rude"}},
]


def changed(warehouse: PostgresWarehouse, catalog: Path, *steps: Migration) -> None:
    migrate_taxonomy(warehouse, catalog, steps, None, NOW)


@pytest.fixture
def registered(unregistered: PostgresWarehouse, first: Taxonomy) -> PostgresWarehouse:
    hold_to(unregistered, first, NOW)
    return unregistered


def test_views_and_code_say_the_same_of_every_category_over_three_changes(
    registered: PostgresWarehouse, catalog: Path
) -> None:
    two = migration({"retire": {"category": "circle", "successor": "fact"}}, start="2", end="3", name="0002_b")
    three = migration(split("fact", ["date", "sum"]), start="3", end="4", name="0003_c")
    changed(registered, catalog, migration(*CHANGE, name="0001_a"), two, three)
    history = read_history(asking(registered))
    rows = records(registered, "SELECT * FROM evals.current_categories")
    assert len(rows) == 4 + 4 + 3 + 4
    for row in rows:
        now = carried_without_rules(Standing(row["taxonomy_version"], row["category"]), history.steps)
        assert (now.category, now.state) == (row["current_category"], row["state"])


SESSIONS = pd.DataFrame({"session_id": ["s1"], "user_id": ["u"], "origin": "production"})


def test_reviewers_of_different_versions_agree_where_their_categories_are_one_today() -> None:
    terms = Terms({("1+a", "loop"): "circle", ("2+b", "circle"): "circle"})
    ann = review("ann", "fail", 1, category="loop", taxonomy_version="1+a")
    ben = review("ben", "fail", 2, category="circle", taxonomy_version="2+b")
    reviews = review_frame([ann, ben])
    (told,) = derive_labels(DAY, reviews, SESSIONS, terms=terms).to_dict("records")
    assert (told["category"], told["taxonomy_version"]) == ("circle", "2+b")
    (untold,) = derive_labels(DAY, reviews, SESSIONS).to_dict("records")
    assert pd.isna(untold["category"])


def test_a_category_that_was_split_agrees_with_its_parts_and_the_part_is_the_labels() -> None:
    parts = {("1+a", "wrong"): frozenset({"fact", "topic"}), ("1+a", "rude"): frozenset({"rude"})}
    terms = Terms({("1+a", "wrong"): None, ("1+a", "rude"): "rude"}, parts)
    fact = review("ann", "fail", 1, category="fact", taxonomy_version="2+b")
    # Whoever is the later one: the old word is no disagreement, and does not win either.
    wrong = review("ben", "fail", 2, category="wrong", taxonomy_version="1+a")
    (row,) = derive_labels(DAY, review_frame([fact, wrong]), SESSIONS, terms=terms).to_dict("records")
    assert (row["category"], row["taxonomy_version"]) == ("fact", "2+b")
    (alone,) = derive_labels(DAY, review_frame([wrong]), SESSIONS, terms=terms).to_dict("records")
    assert (alone["category"], alone["taxonomy_version"]) == ("wrong", "1+a")
    rude = review("ben", "fail", 2, category="rude", taxonomy_version="1+a")
    (differs,) = derive_labels(DAY, review_frame([fact, rude]), SESSIONS, terms=terms).to_dict("records")
    assert pd.isna(differs["category"])


def test_what_a_verdict_decided_of_a_split_stands_in_trends_and_nowhere_where_people_are_asked(
    registered: PostgresWarehouse, database_url: str, catalog: Path, first: Taxonomy
) -> None:
    label(database_url, "a", first.version, "wrong")
    fail(database_url, "a", "on_topic")
    changed(
        registered,
        catalog,
        migration(split("wrong", ["fact", "topic"], [{"into": "topic", "when": {"fails": "evaluator:on_topic"}}])),
    )
    (rates,) = records(registered, "SELECT category, state, n_labelled FROM evals.category_rates")
    assert (rates["category"], rates["state"], rates["n_labelled"]) == ("topic", "current", 1)
    # The verdict is not held against itself, and the lead who decides blind does not read it.
    assert labels_until(STORED_DAY, registered)["category"].isna().all()
    (read,) = records(registered, "SELECT current_category, read_as FROM evals.review_categories")
    assert (read["current_category"], read["read_as"]) == (None, "wrong (split since)")


def test_a_classifier_is_compared_where_both_words_have_a_name_today_or_are_the_same(
    registered: PostgresWarehouse, database_url: str, catalog: Path, first: Taxonomy
) -> None:
    rule = {"into": "topic", "when": {"fails": "evaluator:on_topic"}}
    for session, told, said in (
        ("a", "wrong", "wrong"),
        ("b", "loop", "wrong"),
        ("c", "loop", "rude"),
        ("d", "cut", "rude"),
    ):
        label(database_url, session, first.version, told)
        predict(database_url, session, first.version, said)
    for session in ("e", "f"):
        label(database_url, session, first.version, "wrong")
    fail(database_url, "f", "on_topic")
    changed(registered, catalog, migration(split("wrong", ["fact", "topic"], [rule]), *CHANGE[1:]))
    second = read_history(asking(registered)).newest
    for session in ("e", "f"):
        predict(database_url, session, str(second), "topic")
    key = {"subject": "kind", "version": "1+a", "origin": "production", "day": STORED_DAY, "no_category": NO_CATEGORY}
    rows = registered.query(CLASSIFIED, key)
    # a: the same words. b, c: two words. d: one since. Left out are e, f: `wrong` of before, of which no person says the part.
    assert dict(zip(rows["session_id"], rows["is_right"], strict=True)) == {
        "a": True,
        "b": False,
        "c": False,
        "d": True,
    }


def test_the_version_of_a_label_is_that_of_its_category() -> None:
    ann = review("ann", "fail", 1, category="loop", taxonomy_version="1+a")
    ben = review("ben", "fail", 2, category=None, taxonomy_version="2+b")
    (row,) = derive_labels(DAY, review_frame([ann, ben]), SESSIONS).to_dict("records")
    assert (row["category"], row["taxonomy_version"]) == ("loop", "1+a")


def test_calibration_compares_in_terms_of_today(
    registered: PostgresWarehouse, database_url: str, catalog: Path, first: Taxonomy
) -> None:
    for session, name, note in (("a", "loop", None), ("b", "wrong", "price"), ("c", "wrong", None), ("d", "cut", None)):
        label(database_url, session, first.version, name, note)
        predict(database_url, session, first.version, {"a": "wrong", "d": "loop"}.get(session, name))
    changed(registered, catalog, migration(*CHANGE))
    labels = labels_until(STORED_DAY, registered)
    assert dict(zip(labels["session_id"], labels["category"].fillna("none"), strict=True)) == {
        **{"a": "circle", "b": "fact", "c": "none", "d": "rude"}
    }
    said = labelled_categories(labels, STORED_DAY, registered)
    # Of `b` the classifier used the very words that people did: it is right, whatever became of them. Of `a` it said what was
    # split since, in the version in which people said `loop`: it is wrong, and stays so. `c` has no label to be held against.
    assert dict(zip(said["session_id"], said["category"].fillna("none"), strict=True)) == {
        **{"a": "wrong", "b": "fact", "c": "wrong", "d": "circle"}
    }


def test_an_old_answer_is_not_changed_by_a_change_of_the_taxonomy(
    registered: PostgresWarehouse, database_url: str, catalog: Path, first: Taxonomy
) -> None:
    label(database_url, "a", first.version, "loop")
    with PostgresReviewStore(database_url) as store:
        store.submit(Submission("a", "ben", "blind", "k" * 32, 0, {"session": "fail"}, first.version, category="cut"))
        changed(registered, catalog, migration(*CHANGE))
        (mine,) = store.state("a", "ben").reviews
    assert (mine.category, mine.read_as) == ("rude", "cut (now rude)")


def test_a_check_says_what_becomes_of_labels_and_what_is_in_the_way(
    registered: PostgresWarehouse, database_url: str, catalog: Path, first: Taxonomy
) -> None:
    label(database_url, "a", first.version, "wrong", "price")
    label(database_url, "b", first.version, "wrong")
    predict(database_url, "b", first.version, "wrong")
    (catalog / "judges").mkdir()
    (catalog / "judges" / "tone.yaml").write_text("question: Is it a `loop`?\nother: no loophole")
    (catalog / "classifier.yaml").write_text(
        "{name: kind, version: '1', owner: us, rules: [{failed: 'evaluator:x', category: loop}]}"
    )
    history = read_history(asking(registered))
    rules = [{"into": "fact", "when": {"note": "price"}}, {"into": "topic", "when": {"fails": "judge:relevence"}}]
    plan = plan_of(
        history, first, [migration(split("wrong", ["fact", "topic"], rules), *CHANGE[1:])], asking(registered)
    )
    assert list(changes_in_words(plan)) == [
        "0001_test: version 1 -> 2",
        "  loop: renamed to circle",
        "  wrong: split into fact, topic",
        "  rude: merged into rude",
        "  cut: merged into rude",
    ]
    assert labels_by_outcome(plan).drop(columns="version").to_numpy().tolist() == [
        ["wrong", "fact", "split: the note matches price", 1],
        ["wrong", "split, not re-labelled", "split: no rule decides", 1],
    ]
    assert predictions_by_outcome(plan, history)["becomes"].tolist() == ["split, not re-labelled"]
    assert list(problems(plan, catalog)) == ["classifier.yaml: rules.0 names `loop`: renamed to circle"]
    assert [line.split(" (")[0] for line in mentions(plan, catalog)] == [
        "no stored verdict of judge:relevence fails: a rule that looks at it decides nothing",
        "judges/tone.yaml holds the word `loop`",
    ]


def test_commands_check_then_migrate_then_list(
    registered: PostgresWarehouse,
    database_url: str,
    catalog: Path,
    first: Taxonomy,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("EVAL_PIPELINE_DATABASE_URL", database_url)
    monkeypatch.setenv("EVAL_PIPELINE_CATALOG", str(catalog))
    step = "{from: '1', to: '2', changes: [{rename: {from: loop, to: circle}}]}"
    (catalog / "taxonomy_migrations" / "0001_circle.yaml").write_text(step)
    assert len(load_migrations(catalog)) == 1
    commands.check()
    refuse_outdated(registered, first)
    commands.migrate(by="lea")
    with pytest.raises(SettingsError, match="in force"):
        refuse_outdated(registered, first)
    commands.list_versions()
    commands.show("2")
    told = capsys.readouterr().out
    assert "loop: renamed to circle" in told
    assert "0001_circle" in told
    assert "lea" in told
    assert "id: circle" in told
