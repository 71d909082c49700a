-- Daily rates gain what they are corrected to. Rows of before say that they wait for it.
DROP VIEW evals.headline_rates;
ALTER TABLE evals.trend_rollups
    ADD COLUMN corrected_rate double precision,
    ADD COLUMN corrected_rate_low double precision,
    ADD COLUMN corrected_rate_high double precision,
    ADD COLUMN correction text,
    ADD COLUMN n_labels bigint NOT NULL DEFAULT 0,
    ADD COLUMN labels_first_day date,
    ADD COLUMN labels_last_day date,
    ADD COLUMN label_age_days double precision,
    ADD COLUMN labels_version text,
    ADD COLUMN not_corrected_because text,
    ADD CONSTRAINT trend_rollups_corrected_rate_check CHECK (corrected_rate >= 0 AND corrected_rate <= 1),
    ADD CONSTRAINT trend_rollups_corrected_rate_low_check CHECK (corrected_rate_low >= 0 AND corrected_rate_low <= 1),
    ADD CONSTRAINT trend_rollups_corrected_rate_high_check CHECK (corrected_rate_high >= 0 AND corrected_rate_high <= 1),
    ADD CONSTRAINT trend_rollups_correction_check CHECK (correction IN ('post_stratified', 'rogan_gladen')),
    ADD CONSTRAINT trend_rollups_n_labels_check CHECK (n_labels >= 0),
    ADD CONSTRAINT trend_rollups_label_age_days_check CHECK (label_age_days >= 0);
UPDATE evals.trend_rollups SET not_corrected_because = 'the day was rolled up before rates were corrected; run it again';
ALTER TABLE evals.trend_rollups ALTER COLUMN n_labels DROP DEFAULT;
-- Synthetic sessions never entered: no row has this origin.
ALTER TABLE evals.trend_rollups DROP CONSTRAINT trend_rollups_origin_check;
ALTER TABLE evals.trend_rollups ADD CONSTRAINT trend_rollups_origin_check CHECK (origin IN ('production', 'simulated'));
-- The new shape of a day is another content, whatever its version was.
DELETE FROM evals.partition_versions WHERE table_name = 'trend_rollups';

CREATE TABLE evals.trend_windows (
    session_day date NOT NULL,
    subject_kind text COLLATE "C" NOT NULL,
    subject text COLLATE "C" NOT NULL,
    subject_version text COLLATE "C" NOT NULL,
    model_version text COLLATE "C" NOT NULL,
    surface text COLLATE "C" NOT NULL,
    slice text COLLATE "C" NOT NULL,
    origin text COLLATE "C" NOT NULL,
    n bigint NOT NULL,
    n_fail bigint NOT NULL,
    n_not_applicable bigint NOT NULL,
    n_error bigint NOT NULL,
    fail_rate double precision,
    fail_rate_low double precision,
    fail_rate_high double precision,
    corrected_rate double precision,
    corrected_rate_low double precision,
    corrected_rate_high double precision,
    correction text,
    n_labels bigint NOT NULL,
    labels_first_day date,
    labels_last_day date,
    label_age_days double precision,
    labels_version text,
    not_corrected_because text,
    window_days bigint NOT NULL,
    n_days bigint NOT NULL,
    CONSTRAINT trend_windows_key PRIMARY KEY (session_day, subject_kind, subject, subject_version, model_version, surface, slice, origin, window_days),
    CONSTRAINT trend_windows_subject_kind_check CHECK (subject_kind IN ('evaluator', 'judge', 'classifier', 'signal', 'reviewer')),
    CONSTRAINT trend_windows_origin_check CHECK (origin IN ('production', 'simulated')),
    CONSTRAINT trend_windows_n_check CHECK (n >= 0),
    CONSTRAINT trend_windows_n_fail_check CHECK (n_fail >= 0),
    CONSTRAINT trend_windows_n_not_applicable_check CHECK (n_not_applicable >= 0),
    CONSTRAINT trend_windows_n_error_check CHECK (n_error >= 0),
    CONSTRAINT trend_windows_fail_rate_check CHECK (fail_rate >= 0 AND fail_rate <= 1),
    CONSTRAINT trend_windows_fail_rate_low_check CHECK (fail_rate_low >= 0 AND fail_rate_low <= 1),
    CONSTRAINT trend_windows_fail_rate_high_check CHECK (fail_rate_high >= 0 AND fail_rate_high <= 1),
    CONSTRAINT trend_windows_corrected_rate_check CHECK (corrected_rate >= 0 AND corrected_rate <= 1),
    CONSTRAINT trend_windows_corrected_rate_low_check CHECK (corrected_rate_low >= 0 AND corrected_rate_low <= 1),
    CONSTRAINT trend_windows_corrected_rate_high_check CHECK (corrected_rate_high >= 0 AND corrected_rate_high <= 1),
    CONSTRAINT trend_windows_correction_check CHECK (correction IN ('post_stratified', 'rogan_gladen')),
    CONSTRAINT trend_windows_n_labels_check CHECK (n_labels >= 0),
    CONSTRAINT trend_windows_label_age_days_check CHECK (label_age_days >= 0),
    CONSTRAINT trend_windows_window_days_check CHECK (window_days >= 7 AND window_days <= 28),
    CONSTRAINT trend_windows_n_days_check CHECK (n_days >= 1)
);

CREATE TABLE evals.trend_versions (
    session_day date NOT NULL,
    subject_kind text COLLATE "C" NOT NULL,
    subject text COLLATE "C" NOT NULL,
    subject_version text COLLATE "C" NOT NULL,
    surface text COLLATE "C" NOT NULL,
    origin text COLLATE "C" NOT NULL,
    component text COLLATE "C" NOT NULL,
    component_version text COLLATE "C" NOT NULL,
    n bigint NOT NULL,
    n_fail bigint NOT NULL,
    CONSTRAINT trend_versions_key PRIMARY KEY (session_day, subject_kind, subject, subject_version, surface, origin, component, component_version),
    CONSTRAINT trend_versions_subject_kind_check CHECK (subject_kind IN ('evaluator', 'judge', 'classifier', 'signal', 'reviewer')),
    CONSTRAINT trend_versions_origin_check CHECK (origin IN ('production', 'simulated')),
    CONSTRAINT trend_versions_n_check CHECK (n >= 0),
    CONSTRAINT trend_versions_n_fail_check CHECK (n_fail >= 0)
);

CREATE TABLE evals.trend_baselines (
    baseline_id text COLLATE "C" NOT NULL,
    name text NOT NULL,
    subject_kind text,
    subject text,
    origin text NOT NULL,
    first_day date NOT NULL,
    last_day date NOT NULL,
    set_by text NOT NULL,
    set_at timestamptz NOT NULL,
    reason text NOT NULL,
    CONSTRAINT trend_baselines_key PRIMARY KEY (baseline_id),
    CONSTRAINT trend_baselines_subject_kind_check CHECK (subject_kind IN ('evaluator', 'judge', 'classifier', 'signal', 'reviewer')),
    CONSTRAINT trend_baselines_origin_check CHECK (origin IN ('production', 'simulated'))
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON evals.trend_baselines
    FOR EACH STATEMENT EXECUTE FUNCTION evals.refuse_change();

CREATE TABLE evals.trend_directions (
    as_of_day date NOT NULL,
    subject_kind text COLLATE "C" NOT NULL,
    subject text COLLATE "C" NOT NULL,
    subject_version text NOT NULL,
    model_version text COLLATE "C" NOT NULL,
    surface text COLLATE "C" NOT NULL,
    slice text COLLATE "C" NOT NULL,
    origin text COLLATE "C" NOT NULL,
    baseline_id text,
    baseline_name text,
    n_baseline_days bigint NOT NULL,
    n_baseline bigint NOT NULL,
    baseline_rate double precision,
    phi double precision,
    autocorrelation double precision,
    n_7 bigint NOT NULL,
    rate_7 double precision,
    z_7 double precision,
    n_28 bigint NOT NULL,
    rate_28 double precision,
    z_28 double precision,
    p_value double precision,
    q_value double precision,
    direction text NOT NULL,
    level text NOT NULL,
    not_enough_because text,
    window_days bigint,
    change double precision,
    slope double precision,
    onset_day date,
    mix_shift double precision,
    within_change double precision,
    judge_shift double precision,
    sentence text NOT NULL,
    CONSTRAINT trend_directions_key PRIMARY KEY (as_of_day, subject_kind, subject, model_version, surface, slice, origin),
    CONSTRAINT trend_directions_subject_kind_check CHECK (subject_kind IN ('evaluator', 'judge', 'classifier', 'signal', 'reviewer')),
    CONSTRAINT trend_directions_origin_check CHECK (origin IN ('production', 'simulated')),
    CONSTRAINT trend_directions_n_baseline_days_check CHECK (n_baseline_days >= 0),
    CONSTRAINT trend_directions_n_baseline_check CHECK (n_baseline >= 0),
    CONSTRAINT trend_directions_baseline_rate_check CHECK (baseline_rate >= 0 AND baseline_rate <= 1),
    CONSTRAINT trend_directions_phi_check CHECK (phi >= 1),
    CONSTRAINT trend_directions_n_7_check CHECK (n_7 >= 0),
    CONSTRAINT trend_directions_rate_7_check CHECK (rate_7 >= 0 AND rate_7 <= 1),
    CONSTRAINT trend_directions_n_28_check CHECK (n_28 >= 0),
    CONSTRAINT trend_directions_rate_28_check CHECK (rate_28 >= 0 AND rate_28 <= 1),
    CONSTRAINT trend_directions_p_value_check CHECK (p_value >= 0 AND p_value <= 1),
    CONSTRAINT trend_directions_q_value_check CHECK (q_value >= 0 AND q_value <= 1),
    CONSTRAINT trend_directions_direction_check CHECK (direction IN ('worse', 'better', 'steady', 'not_enough_data')),
    CONSTRAINT trend_directions_level_check CHECK (level IN ('none', 'watch', 'alert')),
    CONSTRAINT trend_directions_window_days_check CHECK (window_days >= 7 AND window_days <= 28)
);

CREATE TABLE evals.trend_candidates (
    as_of_day date NOT NULL,
    subject_kind text COLLATE "C" NOT NULL,
    subject text COLLATE "C" NOT NULL,
    model_version text COLLATE "C" NOT NULL,
    surface text COLLATE "C" NOT NULL,
    slice text COLLATE "C" NOT NULL,
    origin text COLLATE "C" NOT NULL,
    rank bigint NOT NULL,
    component text NOT NULL,
    from_version text,
    to_version text NOT NULL,
    first_day date NOT NULL,
    share_now double precision,
    n_with bigint NOT NULL,
    rate_with double precision,
    n_without bigint NOT NULL,
    rate_without double precision,
    score double precision NOT NULL,
    is_tied boolean NOT NULL,
    sentence text NOT NULL,
    CONSTRAINT trend_candidates_key PRIMARY KEY (as_of_day, subject_kind, subject, model_version, surface, slice, origin, rank),
    CONSTRAINT trend_candidates_subject_kind_check CHECK (subject_kind IN ('evaluator', 'judge', 'classifier', 'signal', 'reviewer')),
    CONSTRAINT trend_candidates_origin_check CHECK (origin IN ('production', 'simulated')),
    CONSTRAINT trend_candidates_rank_check CHECK (rank >= 1),
    CONSTRAINT trend_candidates_share_now_check CHECK (share_now >= 0 AND share_now <= 1),
    CONSTRAINT trend_candidates_n_with_check CHECK (n_with >= 0),
    CONSTRAINT trend_candidates_rate_with_check CHECK (rate_with >= 0 AND rate_with <= 1),
    CONSTRAINT trend_candidates_n_without_check CHECK (n_without >= 0),
    CONSTRAINT trend_candidates_rate_without_check CHECK (rate_without >= 0 AND rate_without <= 1),
    CONSTRAINT trend_candidates_score_check CHECK (score >= 0)
);

CREATE TABLE evals.trend_alerts (
    alert_id text COLLATE "C" NOT NULL,
    opened_on date NOT NULL,
    subject_kind text NOT NULL,
    subject text NOT NULL,
    model_version text NOT NULL,
    surface text NOT NULL,
    slice text NOT NULL,
    origin text NOT NULL,
    level text NOT NULL,
    direction text NOT NULL,
    baseline_id text NOT NULL,
    change double precision NOT NULL,
    onset_day date,
    sentence text NOT NULL,
    opened_at timestamptz NOT NULL,
    CONSTRAINT trend_alerts_key PRIMARY KEY (alert_id),
    CONSTRAINT trend_alerts_subject_kind_check CHECK (subject_kind IN ('evaluator', 'judge', 'classifier', 'signal', 'reviewer')),
    CONSTRAINT trend_alerts_origin_check CHECK (origin IN ('production', 'simulated')),
    CONSTRAINT trend_alerts_level_check CHECK (level IN ('watch', 'alert')),
    CONSTRAINT trend_alerts_direction_check CHECK (direction IN ('worse', 'better'))
);
CREATE INDEX trend_alerts_opened_on_index ON evals.trend_alerts (opened_on);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON evals.trend_alerts
    FOR EACH STATEMENT EXECUTE FUNCTION evals.refuse_change();

CREATE TABLE evals.alert_deliveries (
    delivery_id text COLLATE "C" NOT NULL,
    alert_id text NOT NULL,
    attempted_at timestamptz NOT NULL,
    is_delivered boolean NOT NULL,
    detail text NOT NULL,
    CONSTRAINT alert_deliveries_key PRIMARY KEY (delivery_id)
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON evals.alert_deliveries
    FOR EACH STATEMENT EXECUTE FUNCTION evals.refuse_change();

CREATE VIEW evals.headline_rates AS
SELECT t.* FROM evals.trend_rollups t
WHERE t.subject_kind <> 'judge' OR EXISTS (
    SELECT FROM evals.judge_standings s
    WHERE (s.subject_kind, s.subject, s.subject_version, s.origin) = (t.subject_kind, t.subject, t.subject_version, t.origin)
      AND s.standing = 'proven');

CREATE VIEW evals.headline_windows AS
SELECT t.* FROM evals.trend_windows t
WHERE t.subject_kind <> 'judge' OR EXISTS (
    SELECT FROM evals.judge_standings s
    WHERE (s.subject_kind, s.subject, s.subject_version, s.origin) = (t.subject_kind, t.subject, t.subject_version, t.origin)
      AND s.standing = 'proven');

CREATE VIEW evals.version_changes AS
WITH days AS (
    SELECT origin, surface, component, component_version, session_day, max(n) AS n
    FROM evals.trend_versions GROUP BY origin, surface, component, component_version, session_day
)
SELECT origin, surface, component, component_version, min(session_day) AS first_day, max(session_day) AS last_day,
       sum(n)::bigint AS n_sessions
FROM days WHERE n > 0 GROUP BY origin, surface, component, component_version;

-- Views for analysts
-- One cell over many days, as pages and standings read it; the primary key finds all cells of one day.
CREATE INDEX trend_rollups_cell_index ON evals.trend_rollups (origin, model_version, surface, slice, session_day);

-- As before, but every version of a judge has a row over everything: the others need not be read.
CREATE OR REPLACE VIEW evals.judge_standings AS
WITH seen AS (
    SELECT DISTINCT subject_kind, subject, subject_version, origin FROM evals.trend_rollups
    WHERE subject_kind = 'judge' AND (model_version, surface, slice) = ('all', 'all', 'all')
    UNION
    SELECT DISTINCT subject_kind, subject, subject_version, origin FROM evals.judge_calibration_reports
    WHERE subject_kind IN ('judge', 'classifier') AND origin <> 'recorded' AND status <> 'no_labels'
    UNION
    SELECT subject_kind, subject, subject_version, origin FROM evals.promotions
), decided AS (
    SELECT DISTINCT ON (subject_kind, subject, subject_version, origin) *
    FROM evals.promotions WHERE decision IN ('promoted', 'demoted')
    ORDER BY subject_kind, subject, subject_version, origin, decided_at DESC, promotion_id DESC
), newest AS (
    -- What is in production: the last version that was promoted, unless it was demoted since.
    SELECT DISTINCT ON (subject_kind, subject, origin) subject_kind, subject, origin, subject_version
    FROM evals.promotions WHERE decision = 'promoted'
    ORDER BY subject_kind, subject, origin, decided_at DESC, promotion_id DESC
), latest AS (
    SELECT DISTINCT ON (subject_kind, subject, subject_version, origin) *
    FROM evals.promotions
    ORDER BY subject_kind, subject, subject_version, origin, decided_at DESC, promotion_id DESC
)
SELECT s.subject_kind, s.subject, s.subject_version, s.origin,
       CASE WHEN d.decision IS NULL THEN 'unproven'
            WHEN d.decision = 'demoted' THEN 'demoted'
            WHEN n.subject_version = s.subject_version THEN 'proven'
            ELSE 'superseded' END AS standing,
       d.decided_by, d.decided_at, l.decision AS last_decision, coalesce(l.reason, d.reason) AS reason
FROM seen s
LEFT JOIN decided d USING (subject_kind, subject, subject_version, origin)
LEFT JOIN latest l USING (subject_kind, subject, subject_version, origin)
LEFT JOIN newest n ON (n.subject_kind, n.subject, n.origin) = (s.subject_kind, s.subject, s.origin);

CREATE VIEW evals.open_alerts AS
SELECT d.as_of_day, d.level, d.direction, d.subject_kind, d.subject, d.model_version, d.surface, d.slice, d.origin, d.change,
       d.window_days, d.onset_day, c.component, c.from_version, c.to_version, d.sentence
FROM evals.trend_directions d
JOIN (SELECT origin, max(as_of_day) AS as_of_day FROM evals.trend_directions GROUP BY origin) newest USING (origin, as_of_day)
LEFT JOIN evals.trend_candidates c
    ON (c.as_of_day, c.subject_kind, c.subject, c.model_version, c.surface, c.slice, c.origin, c.rank)
     = (d.as_of_day, d.subject_kind, d.subject, d.model_version, d.surface, d.slice, d.origin, 1)
    -- One that points the other way explains nothing of the turn, and the sentence does not name it.
    AND c.score > 0
WHERE d.level <> 'none';
