"""The report that a run ends with: what came in, what was flagged, how it was judged, how far that can be trusted.

Pure queries over the tables into sections of text. Not here: the queries' tables (`tables.py`), how it is printed.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import pandas as pd

from eval_pipeline.calibration.estimators.rates import wilson
from eval_pipeline.ports import Warehouse

BARS = "▁▂▃▄▅▆▇█"
NOT_RUN = (
    "not run: no endpoint (set OPENAI_API_KEY or OPENAI_BASE_URL), the budget was spent, or the endpoint kept failing; "
    "run the days again"
)
UNPROVEN = (
    "not in production: never promoted (unproven), promoted before another version was (superseded), or demoted;\n"
    "how far such a judge errs is not known well enough to quote its rate"
)


@dataclass(frozen=True)
class Section:
    """One titled table of the report, ready to print, with a line on how to read it."""

    title: str
    rows: pd.DataFrame
    note: str = ""


def report(warehouse: Warehouse) -> Iterator[Section]:
    """Yield the sections of the report over everything stored. Sections without rows are left out."""
    makers: list[Callable[[Warehouse], Section]] = [
        intake,
        quarantine,
        signals,
        queue,
        verdicts_by_model,
        unproven_judges,
        kinds_of_failure,
        judges_not_run,
        recorded_outcomes,
        daily_trends,
        unproven_trends,
        labels,
        signal_quality,
        calibration,
    ]
    for make in makers:
        section = make(warehouse)
        if len(section.rows):
            yield replace(section, rows=_without_the_obvious(section.rows))


def _without_the_obvious(rows: pd.DataFrame) -> pd.DataFrame:
    """Return `rows` without columns that tell nothing here: counts that are 0 throughout, the origin of real traffic."""
    counts = ("not_applicable", "errors", "waiting", "disputed", "unsure")
    silent = [name for name in counts if name in rows and not rows[name].any()]
    if "origin" in rows and (rows["origin"] == "production").all():
        silent.append("origin")
    return rows.drop(columns=silent)


def intake(warehouse: Warehouse) -> Section:
    """Records per source: read = accepted + quarantined + duplicate."""
    rows = warehouse.query("""
        select regexp_replace(s.path, '^.*/', '') as source, s.format, s.origin, min(d.session_day)::text as first_day,
               max(d.session_day)::text as last_day, sum(d.n_read)::bigint as read,
               sum(d.n_accepted)::bigint as accepted, sum(d.n_quarantined)::bigint as quarantined,
               sum(d.n_duplicate)::bigint as duplicate,
               sum(d.n_read) filter (where d.n_accepted is null)::bigint as waiting
        from evals.session_sources s join evals.source_days d using (source_id)
        where not s.is_superseded group by s.source_id, s.path, s.format, s.origin
        order by first_day, source""")
    rows["waiting"] = rows["waiting"].fillna(0).astype("int64")
    if len(rows) > 10:
        numbers = ["read", "accepted", "quarantined", "duplicate", "waiting"]
        by = rows.groupby(["format", "origin"], sort=True)
        summed = (
            by[numbers]
            .sum()
            .join(by.agg(source=("source", "size"), first_day=("first_day", "min"), last_day=("last_day", "max")))
        )
        rows = summed.reset_index().assign(source=lambda f: f["source"].astype("str") + " files")[list(rows.columns)]
    return Section("Intake", rows, "read = accepted + quarantined + duplicate (+ waiting for a run)")


def quarantine(warehouse: Warehouse) -> Section:
    """Why records were not taken in, and what to do about it."""
    rows = warehouse.query("""
        select reason, coalesce(field, '') as field, count(*) as records,
               min(regexp_replace(source_path, '^.*/', '') || ', ' || source_position) as first_at, min(mend) as mend
        from evals.quarantined_records group by 1, 2 order by records desc, reason limit 20""")
    return Section("Quarantine", rows, "all of them: select * from evals.quarantined_records")


def signals(warehouse: Warehouse) -> Section:
    """How often each signal fired."""
    rows = warehouse.query("""
        select signal, r.origin, count(*) filter (where s.outcome = 'fired') as fired,
               count(*) filter (where s.outcome = 'quiet') as quiet,
               count(*) filter (where s.outcome = 'not_applicable') as not_applicable
        from evals.session_signals s join evals.raw_sessions r using (session_id)
        group by 1, 2 order by 2, 1""")
    return Section("Signals", with_rate(rows, "fired", rows["fired"] + rows["quiet"], "share fired"))


def queue(warehouse: Warehouse) -> Section:
    """The review queue by arm and stratum, without sessions whose source was withdrawn."""
    rows = warehouse.query("""
        select f.surface, f.arm, f.stratum, f.origin, count(*) as queued,
               count(*) filter (where f.is_double_review) as double_review,
               count(*) filter (where exists (select 1 from evals.reviews v where v.session_id = f.session_id)) as reviewed,
               round(min(f.inclusion_probability)::numeric, 3)::float8 as lowest_probability
        from evals.flagged_sessions f
        where exists (select 1 from evals.raw_sessions r where r.session_id = f.session_id) group by 1, 2, 3, 4 order by f.origin, 1, 2, 3""")
    return Section("Review queue", rows, "drawn by design: each session's probability of being drawn is on record")


def verdicts_by_model(warehouse: Warehouse) -> Section:
    """Failure rates that may be quoted, by product model, all days together: of evaluators and of proven judges."""
    rows = warehouse.query("""
        select subject_kind || ' ' || subject as what, model_version, origin, sum(n)::bigint as n, sum(n_fail)::bigint as fails,
               sum(n_not_applicable)::bigint as not_applicable, sum(n_error)::bigint as errors
        from evals.headline_rates
        where subject_kind in ('evaluator', 'judge') and model_version <> 'all' and surface = 'all' and slice = 'all'
        group by 1, 2, 3 order by origin, 1, 2""")
    return Section(
        "Failure rate by product model",
        with_rate(rows, "fails", rows["n"], "fail rate"),
        "n counts verdicts of pass or fail; 95 % Wilson intervals; judges are raw, not corrected for their own errors,\n"
        "and only those that are proven: promoted, see `eval-pipeline judges promote`",
    )


def unproven_judges(warehouse: Warehouse) -> Section:
    """What judge versions say that are not in production, by product model: shown, and in no rate above."""
    rows = warehouse.query("""
        select 'judge ' || subject as what, subject_version as version, standing, model_version, origin, sum(n)::bigint as n,
               sum(n_fail)::bigint as fails, sum(n_not_applicable)::bigint as not_applicable, sum(n_error)::bigint as errors
        from evals.trend_rollups t join evals.judge_standings s using (subject_kind, subject, subject_version, origin)
        where subject_kind = 'judge' and standing <> 'proven' and model_version <> 'all' and surface = 'all' and slice = 'all'
        group by 1, 2, 3, 4, 5 order by origin, 1, 2, 4""")
    return Section("Unproven judges (in no headline rate)", with_rate(rows, "fails", rows["n"], "fail rate"), UNPROVEN)


def kinds_of_failure(warehouse: Warehouse) -> Section:
    """Which category of the taxonomy the classifier puts failed sessions into, by rule or by model."""
    rows = warehouse.query("""
        select category, p.classifier, r.origin, count(*) as sessions,
               count(*) filter (where decided_by <> 'model') as by_rule, count(*) filter (where decided_by = 'model') as by_model
        from evals.category_predictions p join evals.raw_sessions r using (session_id)
        group by 1, 2, 3 order by 3, 2, 4 desc, 1""")
    return Section("Kinds of failure", rows, "of sessions that a verdict fails; a machine's first guess, not a label")


def judges_not_run(warehouse: Warehouse) -> Section:
    """Closed sessions that no judge has looked at, so that nobody takes silence for a pass."""
    rows = warehouse.query("""
        select r.origin, count(*) as sessions_without_judge_verdict
        from evals.raw_sessions r
        where r.is_closed and not exists (select 1 from evals.judge_verdicts j where j.session_id = r.session_id)
        group by 1 order by 1""")
    return Section("Judges not run", rows, NOT_RUN)


def recorded_outcomes(warehouse: Warehouse) -> Section:
    """What the source itself recorded as the outcome; never shown to a detector or judge, and no human label."""
    rows = warehouse.query("""
        select coalesce(model_version, 'not stated') as model_version, count(*) as n,
               count(*) filter (where outcome ->> 'success' = 'false') as failed
        from evals.raw_sessions where origin = 'production' and outcome ->> 'success' in ('true', 'false')
        group by 1 order by 1""")
    return Section(
        "Outcome recorded by the source, by product model",
        with_rate(rows, "failed", rows["n"], "failed rate"),
        "the source's own word, not a human label; hidden from signals, evaluators and judges",
    )


def daily_trends(warehouse: Warehouse) -> Section:
    """Failure rate by day, one line a subject; of judges the proven versions alone."""
    rows = warehouse.query("""
        select session_day::text as day, subject_kind || ' ' || subject as what, origin, sum(n)::bigint as n, sum(n_fail)::bigint as fails
        from evals.headline_rates where model_version = 'all' and surface = 'all' and slice = 'all'
        group by 1, 2, 3 order by 1""")
    return Section("Trend by day", _by_day(rows), "each bar is a day; full height = the worst day")


def unproven_trends(warehouse: Warehouse) -> Section:
    """The same of judge versions that are not in production."""
    rows = warehouse.query("""
        select session_day::text as day, 'judge ' || subject || ' ' || subject_version as what, origin, sum(n)::bigint as n,
               sum(n_fail)::bigint as fails
        from evals.trend_rollups t join evals.judge_standings s using (subject_kind, subject, subject_version, origin)
        where subject_kind = 'judge' and standing <> 'proven' and model_version = 'all' and surface = 'all' and slice = 'all'
        group by 1, 2, 3 order by 1""")
    return Section("Trend by day of unproven judges (in no headline rate)", _by_day(rows), UNPROVEN)


def _by_day(rows: pd.DataFrame) -> pd.DataFrame:
    lines = [
        (*key, group["day"].iloc[0], group["day"].iloc[-1], len(group), int(group["n"].sum()), sparkline(group))
        for key, group in rows[rows["n"] > 0].groupby(["origin", "what"], sort=True)
    ]
    return pd.DataFrame(lines, columns=["origin", "what", "from", "to", "days", "n", "fail rate by day"])


def sparkline(daily: pd.DataFrame) -> str:
    """Return one bar a day, scaled to the worst one, with the range in words."""
    rates = (daily["fails"] / daily["n"]).tolist()
    top = max(rates)
    bars = "".join(BARS[round(rate / top * (len(BARS) - 1))] if top else BARS[0] for rate in rates)
    return f"{bars}  {min(rates):.0%} to {top:.0%}"


def labels(warehouse: Warehouse) -> Section:
    """Human labels by target and set."""
    rows = warehouse.query("""
        select origin, target, label_set, count(*) filter (where label = 'fail') as fail,
               count(*) filter (where label = 'pass') as pass, count(*) filter (where status = 'disputed') as disputed,
               count(*) filter (where status = 'unsure') as unsure
        from evals.human_labels group by 1, 2, 3 order by 1, 2, 3""")
    is_demo = "origin" in rows and rows["origin"].eq("simulated").any()
    note = "simulated labels are the demo's; none of them counts for production" if is_demo else ""
    return Section("Human labels", rows, note)


def signal_quality(warehouse: Warehouse) -> Section:
    """What each signal, and all of them together, catch of the failures in the traffic; first what flags at all."""
    rows = warehouse.query("""
        select signal, origin, n_labels, n_control, precision, precision_low, precision_high,
               recall, recall_low, recall_high, status, sentence
        from evals.signal_quality q
        where as_of_day = (select max(as_of_day) from evals.signal_quality newest where newest.origin = q.origin)
          and (n_labels > 0 or origin in (select origin from evals.signal_quality where n_labels > 0)
               or not exists (select 1 from evals.signal_quality where n_labels > 0))
        order by origin, signal <> 'flagged', signal, signal_version""")
    shown = rows[["signal", "origin"]].assign(labels=rows["n_labels"], control_labels=rows["n_control"])
    shown["precision"] = _intervals(rows, "precision")
    waits = [sentence.removeprefix("recall ") for sentence in rows["sentence"]]
    rough = [" (rough)" if status == "rough" else "" for status in rows["status"]]
    known = _intervals(rows, "recall")
    shown["recall"] = [text + mark if text else wait for text, mark, wait in zip(known, rough, waits, strict=True)]
    return Section(
        "Signal quality",
        shown,
        "precision = share of what it fires on that people fail, recall = share of all failures that it fires on, both in "
        "the traffic;\nrecall is known from the control sample alone. flagged = any counting signal fired",
    )


def _intervals(rows: pd.DataFrame, name: str) -> list[str]:
    return [interval(*row) for row in rows[[name, f"{name}_low", f"{name}_high"]].itertuples(index=False)]


def calibration(warehouse: Warehouse) -> Section:
    """The newest figures of every judge, evaluator and classifier that has labels; signals have a section of their own."""
    rows = warehouse.query("""
        with newest as (
            select distinct on (subject_kind, subject, subject_version, label_set, origin) *
            from evals.judge_calibration_reports
            where category = 'all' and surface = 'all' and label_set <> 'all'
            order by subject_kind, subject, subject_version, label_set, origin, as_of_day desc, measured_at desc)
        select subject_kind || ' ' || subject as what, label_set, origin, n_true_fail + n_missed_fail as failures,
               n_true_pass + n_false_fail as good, tpr, tpr_low, tpr_high, tpr_weighted, tpr_weighted_low,
               tpr_weighted_high, tnr, tnr_low, tnr_high, tnr_weighted, tnr_weighted_low, tnr_weighted_high, status
        from newest where n_labels > 0 and subject_kind <> 'signal' order by subject_kind, subject, subject_version, label_set, origin""")
    shown = rows[["what", "label_set", "origin", "failures", "good"]]
    for name in ("tpr", "tnr"):
        pairs = list(zip(_intervals(rows, name), _intervals(rows, f"{name}_weighted"), strict=True))
        # One interval a rate keeps the table narrow: that of the traffic, where it is known.
        columns = {f"{name} raw": [r.split(" [")[0] if w else r for r, w in pairs]}
        shown = shown.assign(**columns, **{f"{name} in traffic": [w for _, w in pairs]})
    return Section(
        "Calibration against human labels",
        shown.assign(status=rows["status"]),
        "positive = a failure: tpr = share of human-confirmed failures caught, tnr = share of good sessions passed\n"
        "raw = of the labels as they stand, and queues over-sample failures; in traffic = weighted by the sampling design\n"
        "a classifier's tpr is its accuracy on failed sessions where it does not abstain",
    )


def with_rate(rows: pd.DataFrame, x: str, n: pd.Series, name: str) -> pd.DataFrame:
    """Return `rows` with a column `name`: x / n and its 95 % Wilson interval as text, empty where n = 0."""
    low, high = wilson(rows[x].to_numpy(dtype="float64"), n.to_numpy(dtype="float64"))
    share = (rows[x] / n.where(n > 0)).tolist()
    return rows.assign(**{name: [interval(*row) for row in zip(share, low, high, strict=True)]})


def interval(point: float | None, low: float | None, high: float | None) -> str:
    """Return `12.0 % [8.1, 17.4]`; nothing where there is no data."""
    if point is None or low is None or high is None or pd.isna(point):
        return ""
    return f"{point * 100:.1f} % [{low * 100:.1f}, {high * 100:.1f}]"
