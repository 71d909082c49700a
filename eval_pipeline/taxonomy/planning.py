"""What the migrations of the catalog would do to a database: the taxonomy after them, and what becomes of every label.

Not here: what a migration makes of a taxonomy (`applying.py`), doing it (`resources/taxonomy_register.py`), words for it
(`plan_in_words.py`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from eval_pipeline.errors import SettingsError
from eval_pipeline.taxonomy.applying import Applied, apply
from eval_pipeline.taxonomy.categories import Taxonomy
from eval_pipeline.taxonomy.changes import Migration
from eval_pipeline.taxonomy.history import Ask, History
from eval_pipeline.taxonomy.relabelling import Evidence, Standing, Steps, carried

# What people said of a session, in which words; where it stands already; and what the rules of a split may look at.
_LABELS = """
    WITH worded AS (
        SELECT session_id, taxonomy_version, category FROM evals.reviews WHERE category IS NOT NULL
        UNION
        SELECT session_id, taxonomy_version, category FROM evals.human_labels WHERE category IS NOT NULL
    ), latest AS (
        SELECT DISTINCT ON (m.session_id, m.from_version, m.from_category) m.*
        FROM evals.label_mappings m JOIN evals.taxonomy_versions v ON v.taxonomy_version = m.to_version
        ORDER BY m.session_id, m.from_version, m.from_category, v.number DESC
    )
    SELECT w.session_id, w.taxonomy_version, w.category, m.to_version, m.to_category, m.state, m.rule, m.is_by_machine,
           (SELECT jsonb_agg(r.note ORDER BY r.submitted_at, r.review_id) FROM evals.reviews r
            WHERE r.session_id = w.session_id AND (r.taxonomy_version, r.category) = (w.taxonomy_version, w.category)
              AND r.note IS NOT NULL) AS notes
    FROM worded w
    LEFT JOIN latest m ON (m.session_id, m.from_version, m.from_category) = (w.session_id, w.taxonomy_version, w.category)
    ORDER BY w.session_id, w.taxonomy_version, w.category"""

_FAILS = """
    SELECT DISTINCT session_id, subject_kind || ':' || subject AS failed FROM evals.verdicts
    WHERE verdict = 'fail' AND subject_kind || ':' || subject = ANY(%(named)s)"""

_PREDICTED = """
    SELECT taxonomy_version, category, count(*) AS n FROM evals.category_predictions
    WHERE category NOT IN ('abstain', 'error') GROUP BY 1, 2 ORDER BY 1, 2"""


@dataclass(frozen=True)
class Mapped:
    """A label's words, and what they come to. `is_news`: the database does not hold that yet."""

    session_id: str
    version: str
    category: str
    now: Standing
    is_news: bool


@dataclass(frozen=True)
class Plan:
    """`before`: the taxonomy in force. `applied`: the migrations that wait, in order. `labels`: every label's words and what
    becomes of them. `n_predicted`: by version and category, how many predictions name it. `silent`: verdicts that a rule looks
    at and of which none that is stored fails."""

    before: Taxonomy
    applied: tuple[Applied, ...]
    labels: tuple[Mapped, ...]
    n_predicted: Mapping[tuple[str, str], int]
    silent: tuple[str, ...] = ()

    @property
    def after(self) -> Taxonomy:
        """The taxonomy after all of them."""
        return self.applied[-1].after if self.applied else self.before

    @property
    def gone(self) -> dict[str, str]:
        """The categories that will not be there any more: id to what becomes of it, in words."""
        found: dict[str, str] = {}
        for each in self.applied:
            found |= {s.category: in_words(s.kind, s.to_category, s.rule) for s in each.steps if _is_gone(s, each)}
        return found


def in_words(kind: str, to_category: str | None, rule: Mapping[str, Any] | None) -> str:
    """Return what becomes of a category, e.g. `renamed to wrong_fact`."""
    if kind == "split":
        return "split into " + ", ".join((rule or {}).get("into", []))
    if to_category is None:
        return "retired"
    names = {"renamed": "renamed to", "merged": "merged into", "retired": "retired, succeeded by"}
    return f"{names[kind]} {to_category}" if kind in names else kind


def plan_of(history: History, catalog: Taxonomy, migrations: Sequence[Migration], ask: Ask) -> Plan:
    """Return what the migrations that wait would do; none may wait.

    `catalog`: the taxonomy of the file, which is either the one in force or what the migrations make of it. Raises
    `SettingsError` with the mend when it is neither, or when a migration does not fit.
    """
    if history.newest is None:
        raise SettingsError("no taxonomy is registered in the database", "eval-pipeline taxonomy migrate registers it")
    # Who owns a category and its examples may change without a migration: the file's are the newer ones.
    before = catalog if catalog.version == history.newest else history.taxonomy(history.newest)
    applied = _applied(history, before, migrations)
    after = applied[-1].after if applied else before
    if catalog.version not in (before.version, after.version):
        raise outdated(catalog, history.newest)
    waiting = steps_of(applied)
    steps = {**history.steps, **waiting}
    fails = _fails(ask, _verdicts_named(steps))
    silent = sorted(_verdicts_named(waiting).difference(*fails.values()))
    predicted = {(row["taxonomy_version"], row["category"]): int(row["n"]) for row in ask(_PREDICTED, {})}
    return Plan(before, applied, tuple(_labels(ask, steps, fails, after.version)), predicted, tuple(silent))


def outdated(catalog: Taxonomy, in_force: str) -> SettingsError:
    """Return the error of a catalog whose taxonomy is not the one in force."""
    return SettingsError(
        f"the taxonomy of the catalog is {catalog.version}, and the one in force in the database is {in_force}",
        "`eval-pipeline taxonomy migrate` brings a change of catalog/taxonomy_migrations into force; a taxonomy.yaml that was "
        "edited without one is put back, and the change written as a migration (docs/taxonomy.md)",
    )


def steps_of(applied: Sequence[Applied]) -> dict[tuple[str, str], tuple[str, Any]]:
    """Return the steps of migrations by version and category."""
    return {(a.before.version, step.category): (a.after.version, step) for a in applied for step in a.steps}


def _applied(history: History, before: Taxonomy, migrations: Sequence[Migration]) -> tuple[Applied, ...]:
    used, declared = history.once_used, {row["declared_version"] for row in history.versions}
    names = [migration.from_version for migration in migrations]
    waiting = migrations[names.index(before.declared_version) :] if before.declared_version in names else []
    found: list[Applied] = []
    for migration in waiting:
        if migration.to_version in declared:
            raise SettingsError(
                f"{migration.name}: version {migration.to_version} was there before",
                "a version never changes its meaning: give it a number that was not used",
            )
        found.append(apply(migration, found[-1].after if found else before, used))
        used, declared = used | set(found[-1].after.ids), declared | {migration.to_version}
    return tuple(found)


def _fails(ask: Ask, named: set[str]) -> dict[str, set[str]]:
    """Return by session those of the `named` verdicts that fail it."""
    fails: dict[str, set[str]] = {}
    for row in ask(_FAILS, {"named": sorted(named)}) if named else []:
        fails.setdefault(row["session_id"], set()).add(row["failed"])
    return fails


def _labels(ask: Ask, steps: Steps, fails: Mapping[str, set[str]], newest: str) -> list[Mapped]:
    found = []
    for row in ask(_LABELS, {}):
        words, session = (row["taxonomy_version"], row["category"]), row["session_id"]
        evidence = Evidence(row["notes"] or (), frozenset(fails.get(session, ())))
        # What was decided once stays decided, whatever verdicts say by now.
        stands = _stands(row) if row["to_version"] else None
        now = carried(stands or Standing(*words), steps, evidence)
        is_news = newest not in (words[0], stands.version if stands else None)
        found.append(Mapped(session, *words, now, is_news))
    return found


def _stands(row: Mapping[str, Any]) -> Standing:
    return Standing(row["to_version"], row["to_category"], row["state"], row["rule"], row["is_by_machine"])


def _verdicts_named(steps: Steps) -> set[str]:
    rules = [rule for _, step in steps.values() if step.rule for rule in step.rule["relabel"]]
    return {str(rule["when"]["fails"]) for rule in rules if "fails" in rule["when"]}


def _is_gone(step: Any, applied: Applied) -> bool:
    return step.category not in applied.after.ids
