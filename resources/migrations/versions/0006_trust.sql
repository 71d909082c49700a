-- Whether a figure may be believed: the split, looks at held-out labels, promotions, anchors, and what was judged elsewhere.

CREATE TABLE evals.session_fingerprints (
    session_id text COLLATE "C" NOT NULL,
    session_day date NOT NULL,
    user_id text,
    fingerprints jsonb NOT NULL,
    CONSTRAINT session_fingerprints_key PRIMARY KEY (session_id)
);
CREATE INDEX session_fingerprints_session_day_index ON evals.session_fingerprints (session_day);

CREATE TABLE evals.heldout_looks (
    look_id text COLLATE "C" NOT NULL,
    target text NOT NULL,
    origin text NOT NULL,
    held_out_version bigint NOT NULL,
    look bigint NOT NULL,
    subject text NOT NULL,
    subject_version text NOT NULL,
    looked_by text NOT NULL,
    looked_at timestamptz NOT NULL,
    n_true_fail bigint NOT NULL,
    n_missed_fail bigint NOT NULL,
    n_false_fail bigint NOT NULL,
    n_true_pass bigint NOT NULL,
    n_error bigint NOT NULL,
    n_not_applicable bigint NOT NULL,
    labels_hash text NOT NULL,
    CONSTRAINT heldout_looks_key PRIMARY KEY (look_id),
    CONSTRAINT heldout_looks_origin_check CHECK (origin IN ('production', 'synthetic', 'simulated')),
    CONSTRAINT heldout_looks_held_out_version_check CHECK (held_out_version >= 1),
    CONSTRAINT heldout_looks_look_check CHECK (look >= 1),
    CONSTRAINT heldout_looks_n_true_fail_check CHECK (n_true_fail >= 0),
    CONSTRAINT heldout_looks_n_missed_fail_check CHECK (n_missed_fail >= 0),
    CONSTRAINT heldout_looks_n_false_fail_check CHECK (n_false_fail >= 0),
    CONSTRAINT heldout_looks_n_true_pass_check CHECK (n_true_pass >= 0),
    CONSTRAINT heldout_looks_n_error_check CHECK (n_error >= 0),
    CONSTRAINT heldout_looks_n_not_applicable_check CHECK (n_not_applicable >= 0)
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON evals.heldout_looks
    FOR EACH STATEMENT EXECUTE FUNCTION evals.refuse_change();

CREATE TABLE evals.heldout_retirements (
    target text COLLATE "C" NOT NULL,
    group_id text COLLATE "C" NOT NULL,
    origin text NOT NULL,
    held_out_version bigint NOT NULL,
    look_id text NOT NULL,
    retired_at timestamptz NOT NULL,
    CONSTRAINT heldout_retirements_key PRIMARY KEY (target, group_id),
    CONSTRAINT heldout_retirements_origin_check CHECK (origin IN ('production', 'synthetic', 'simulated')),
    CONSTRAINT heldout_retirements_held_out_version_check CHECK (held_out_version >= 1)
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON evals.heldout_retirements
    FOR EACH STATEMENT EXECUTE FUNCTION evals.refuse_change();

CREATE TABLE evals.promotions (
    promotion_id text COLLATE "C" NOT NULL,
    subject_kind text NOT NULL,
    subject text NOT NULL,
    subject_version text NOT NULL,
    origin text NOT NULL,
    decision text NOT NULL,
    decided_by text NOT NULL,
    decided_at timestamptz NOT NULL,
    reason text NOT NULL,
    held_out_version bigint,
    look_id text,
    evidence jsonb NOT NULL,
    definition jsonb NOT NULL,
    versions jsonb NOT NULL,
    CONSTRAINT promotions_key PRIMARY KEY (promotion_id),
    CONSTRAINT promotions_subject_kind_check CHECK (subject_kind IN ('judge', 'classifier')),
    CONSTRAINT promotions_origin_check CHECK (origin IN ('production', 'synthetic', 'simulated')),
    CONSTRAINT promotions_decision_check CHECK (decision IN ('promoted', 'refused', 'not_enough_labels', 'demoted')),
    CONSTRAINT promotions_held_out_version_check CHECK (held_out_version >= 1)
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON evals.promotions
    FOR EACH STATEMENT EXECUTE FUNCTION evals.refuse_change();

CREATE TABLE evals.anchor_sessions (
    judge text COLLATE "C" NOT NULL,
    origin text COLLATE "C" NOT NULL,
    session_id text COLLATE "C" NOT NULL,
    chosen_at timestamptz NOT NULL,
    CONSTRAINT anchor_sessions_key PRIMARY KEY (judge, origin, session_id),
    CONSTRAINT anchor_sessions_origin_check CHECK (origin IN ('production', 'synthetic', 'simulated'))
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON evals.anchor_sessions
    FOR EACH STATEMENT EXECUTE FUNCTION evals.refuse_change();

CREATE TABLE evals.anchor_verdicts (
    judge text COLLATE "C" NOT NULL,
    judge_version text COLLATE "C" NOT NULL,
    origin text NOT NULL,
    session_id text COLLATE "C" NOT NULL,
    asked_for_day date NOT NULL,
    repeat bigint NOT NULL,
    verdict text NOT NULL,
    judge_model text,
    asked_at timestamptz NOT NULL,
    CONSTRAINT anchor_verdicts_key PRIMARY KEY (judge, judge_version, session_id, asked_for_day, repeat),
    CONSTRAINT anchor_verdicts_origin_check CHECK (origin IN ('production', 'synthetic', 'simulated')),
    CONSTRAINT anchor_verdicts_repeat_check CHECK (repeat >= 0),
    CONSTRAINT anchor_verdicts_verdict_check CHECK (verdict IN ('pass', 'fail', 'not_applicable', 'error'))
);
CREATE INDEX anchor_verdicts_asked_for_day_index ON evals.anchor_verdicts (asked_for_day);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON evals.anchor_verdicts
    FOR EACH STATEMENT EXECUTE FUNCTION evals.refuse_change();

CREATE TABLE evals.recorded_verdicts (
    verdict_id text COLLATE "C" NOT NULL,
    dataset text NOT NULL,
    item_id text NOT NULL,
    target text NOT NULL,
    metric text NOT NULL,
    judge text NOT NULL,
    judge_version text NOT NULL,
    variant text NOT NULL,
    verdict text NOT NULL,
    raw_value text,
    position text NOT NULL,
    imported_at timestamptz NOT NULL,
    CONSTRAINT recorded_verdicts_key PRIMARY KEY (verdict_id),
    CONSTRAINT recorded_verdicts_verdict_check CHECK (verdict IN ('pass', 'fail', 'not_applicable', 'off_vocabulary'))
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON evals.recorded_verdicts
    FOR EACH STATEMENT EXECUTE FUNCTION evals.refuse_change();

CREATE TABLE evals.recorded_labels (
    label_id text COLLATE "C" NOT NULL,
    dataset text NOT NULL,
    item_id text NOT NULL,
    target text NOT NULL,
    metric text NOT NULL,
    rater text NOT NULL,
    label text NOT NULL,
    raw_value text,
    position text NOT NULL,
    imported_at timestamptz NOT NULL,
    CONSTRAINT recorded_labels_key PRIMARY KEY (label_id),
    CONSTRAINT recorded_labels_label_check CHECK (label IN ('pass', 'fail', 'off_vocabulary'))
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON evals.recorded_labels
    FOR EACH STATEMENT EXECUTE FUNCTION evals.refuse_change();

ALTER TABLE evals.judge_calibration_reports
    ADD COLUMN surface text NOT NULL DEFAULT 'all',
    ADD COLUMN n_human_fail bigint NOT NULL DEFAULT 0,
    ADD COLUMN n_human_pass bigint NOT NULL DEFAULT 0,
    ADD COLUMN n_groups bigint NOT NULL DEFAULT 0,
    ADD COLUMN agreement double precision,
    ADD COLUMN agreement_low double precision,
    ADD COLUMN agreement_high double precision,
    ADD COLUMN balanced_accuracy double precision,
    ADD COLUMN balanced_accuracy_low double precision,
    ADD COLUMN balanced_accuracy_high double precision,
    ADD COLUMN balanced_accuracy_weighted double precision,
    ADD COLUMN balanced_accuracy_weighted_low double precision,
    ADD COLUMN balanced_accuracy_weighted_high double precision,
    ADD COLUMN tpr_shrunk double precision,
    ADD COLUMN tpr_shrunk_low double precision,
    ADD COLUMN tpr_shrunk_high double precision,
    ADD COLUMN tnr_shrunk double precision,
    ADD COLUMN tnr_shrunk_low double precision,
    ADD COLUMN tnr_shrunk_high double precision,
    ADD COLUMN flip_rate double precision,
    ADD COLUMN flip_rate_low double precision,
    ADD COLUMN flip_rate_high double precision,
    ADD COLUMN n_flip_sessions bigint,
    ADD COLUMN n_flip_repeats bigint,
    ADD COLUMN n_flip_not_applicable bigint,
    ADD COLUMN n_flip_error bigint,
    ADD COLUMN n_double bigint,
    ADD COLUMN human_agreement double precision,
    ADD COLUMN human_agreement_low double precision,
    ADD COLUMN human_agreement_high double precision,
    ADD COLUMN human_failing_share double precision,
    ADD COLUMN kappa double precision,
    ADD COLUMN kappa_low double precision,
    ADD COLUMN kappa_high double precision,
    ADD COLUMN ac1 double precision,
    ADD COLUMN ac1_low double precision,
    ADD COLUMN ac1_high double precision,
    ADD COLUMN alpha double precision,
    ADD COLUMN alpha_low double precision,
    ADD COLUMN alpha_high double precision,
    ADD COLUMN ceiling_agreement double precision,
    ADD COLUMN ceiling_tpr double precision,
    ADD COLUMN ceiling_tnr double precision,
    ADD COLUMN held_out_version bigint,
    ADD COLUMN confusion jsonb,
    ADD CONSTRAINT judge_calibration_reports_n_human_fail_check CHECK (n_human_fail >= 0),
    ADD CONSTRAINT judge_calibration_reports_n_human_pass_check CHECK (n_human_pass >= 0),
    ADD CONSTRAINT judge_calibration_reports_n_groups_check CHECK (n_groups >= 0),
    ADD CONSTRAINT judge_calibration_reports_agreement_check CHECK (agreement >= 0 AND agreement <= 1),
    ADD CONSTRAINT judge_calibration_reports_agreement_low_check CHECK (agreement_low >= 0 AND agreement_low <= 1),
    ADD CONSTRAINT judge_calibration_reports_agreement_high_check CHECK (agreement_high >= 0 AND agreement_high <= 1),
    ADD CONSTRAINT judge_calibration_reports_balanced_accuracy_check CHECK (balanced_accuracy >= 0 AND balanced_accuracy <= 1),
    ADD CONSTRAINT judge_calibration_reports_balanced_accuracy_low_check CHECK (balanced_accuracy_low >= 0 AND balanced_accuracy_low <= 1),
    ADD CONSTRAINT judge_calibration_reports_balanced_accuracy_high_check CHECK (balanced_accuracy_high >= 0 AND balanced_accuracy_high <= 1),
    ADD CONSTRAINT judge_calibration_reports_balanced_accuracy_weighted_check CHECK (balanced_accuracy_weighted >= 0 AND balanced_accuracy_weighted <= 1),
    ADD CONSTRAINT judge_calibration_reports_balanced_accuracy_weighted_low_check CHECK (balanced_accuracy_weighted_low >= 0 AND balanced_accuracy_weighted_low <= 1),
    ADD CONSTRAINT judge_calibration_reports_balanced_accuracy_weighted_high_check CHECK (balanced_accuracy_weighted_high >= 0 AND balanced_accuracy_weighted_high <= 1),
    ADD CONSTRAINT judge_calibration_reports_tpr_shrunk_check CHECK (tpr_shrunk >= 0 AND tpr_shrunk <= 1),
    ADD CONSTRAINT judge_calibration_reports_tpr_shrunk_low_check CHECK (tpr_shrunk_low >= 0 AND tpr_shrunk_low <= 1),
    ADD CONSTRAINT judge_calibration_reports_tpr_shrunk_high_check CHECK (tpr_shrunk_high >= 0 AND tpr_shrunk_high <= 1),
    ADD CONSTRAINT judge_calibration_reports_tnr_shrunk_check CHECK (tnr_shrunk >= 0 AND tnr_shrunk <= 1),
    ADD CONSTRAINT judge_calibration_reports_tnr_shrunk_low_check CHECK (tnr_shrunk_low >= 0 AND tnr_shrunk_low <= 1),
    ADD CONSTRAINT judge_calibration_reports_tnr_shrunk_high_check CHECK (tnr_shrunk_high >= 0 AND tnr_shrunk_high <= 1),
    ADD CONSTRAINT judge_calibration_reports_flip_rate_check CHECK (flip_rate >= 0 AND flip_rate <= 1),
    ADD CONSTRAINT judge_calibration_reports_flip_rate_low_check CHECK (flip_rate_low >= 0 AND flip_rate_low <= 1),
    ADD CONSTRAINT judge_calibration_reports_flip_rate_high_check CHECK (flip_rate_high >= 0 AND flip_rate_high <= 1),
    ADD CONSTRAINT judge_calibration_reports_n_flip_sessions_check CHECK (n_flip_sessions >= 0),
    ADD CONSTRAINT judge_calibration_reports_n_flip_repeats_check CHECK (n_flip_repeats >= 0),
    ADD CONSTRAINT judge_calibration_reports_n_flip_not_applicable_check CHECK (n_flip_not_applicable >= 0),
    ADD CONSTRAINT judge_calibration_reports_n_flip_error_check CHECK (n_flip_error >= 0),
    ADD CONSTRAINT judge_calibration_reports_n_double_check CHECK (n_double >= 0),
    ADD CONSTRAINT judge_calibration_reports_human_agreement_check CHECK (human_agreement >= 0 AND human_agreement <= 1),
    ADD CONSTRAINT judge_calibration_reports_human_agreement_low_check CHECK (human_agreement_low >= 0 AND human_agreement_low <= 1),
    ADD CONSTRAINT judge_calibration_reports_human_agreement_high_check CHECK (human_agreement_high >= 0 AND human_agreement_high <= 1),
    ADD CONSTRAINT judge_calibration_reports_human_failing_share_check CHECK (human_failing_share >= 0 AND human_failing_share <= 1),
    ADD CONSTRAINT judge_calibration_reports_kappa_check CHECK (kappa <= 1),
    ADD CONSTRAINT judge_calibration_reports_kappa_low_check CHECK (kappa_low <= 1),
    ADD CONSTRAINT judge_calibration_reports_kappa_high_check CHECK (kappa_high <= 1),
    ADD CONSTRAINT judge_calibration_reports_ac1_check CHECK (ac1 <= 1),
    ADD CONSTRAINT judge_calibration_reports_ac1_low_check CHECK (ac1_low <= 1),
    ADD CONSTRAINT judge_calibration_reports_ac1_high_check CHECK (ac1_high <= 1),
    ADD CONSTRAINT judge_calibration_reports_alpha_check CHECK (alpha <= 1),
    ADD CONSTRAINT judge_calibration_reports_alpha_low_check CHECK (alpha_low <= 1),
    ADD CONSTRAINT judge_calibration_reports_alpha_high_check CHECK (alpha_high <= 1),
    ADD CONSTRAINT judge_calibration_reports_ceiling_agreement_check CHECK (ceiling_agreement >= 0 AND ceiling_agreement <= 1),
    ADD CONSTRAINT judge_calibration_reports_ceiling_tpr_check CHECK (ceiling_tpr >= 0 AND ceiling_tpr <= 1),
    ADD CONSTRAINT judge_calibration_reports_ceiling_tnr_check CHECK (ceiling_tnr >= 0 AND ceiling_tnr <= 1),
    ADD CONSTRAINT judge_calibration_reports_held_out_version_check CHECK (held_out_version >= 1);
-- What stood until now was counted over all surfaces; errors and users were not counted apart.
ALTER TABLE evals.judge_calibration_reports DISABLE TRIGGER append_only;
UPDATE evals.judge_calibration_reports
   SET n_human_fail = n_true_fail + n_missed_fail, n_human_pass = n_true_pass + n_false_fail, n_groups = n_labels;
ALTER TABLE evals.judge_calibration_reports ENABLE TRIGGER append_only;
ALTER TABLE evals.judge_calibration_reports
    ALTER COLUMN surface DROP DEFAULT,
    ALTER COLUMN n_human_fail DROP DEFAULT,
    ALTER COLUMN n_human_pass DROP DEFAULT,
    ALTER COLUMN n_groups DROP DEFAULT,
    DROP CONSTRAINT judge_calibration_reports_origin_check,
    ADD CONSTRAINT judge_calibration_reports_origin_check CHECK (origin IN ('production', 'synthetic', 'simulated', 'recorded'));
ALTER TABLE evals.judge_calibration_reports DROP CONSTRAINT IF EXISTS judge_calibration_reports_status_check,
    ADD CONSTRAINT judge_calibration_reports_status_check CHECK (status IN ('measured', 'too_few_to_gate', 'counts_only', 'no_labels', 'not_looked_at'));

ALTER TABLE evals.alignment_checks RENAME TO alignment_checks_until_0005;
ALTER TABLE evals.alignment_checks_until_0005 RENAME CONSTRAINT alignment_checks_key TO alignment_checks_until_0005_key;
CREATE TABLE evals.alignment_checks (
    as_of_day date NOT NULL,
    subject_kind text COLLATE "C" NOT NULL,
    subject text COLLATE "C" NOT NULL,
    subject_version text COLLATE "C" NOT NULL,
    origin text COLLATE "C" NOT NULL,
    n_fresh_labels bigint NOT NULL,
    n_agree bigint NOT NULL,
    agreement double precision,
    agreement_low double precision,
    agreement_high double precision,
    n_last_28_days bigint NOT NULL,
    n_baseline_labels bigint NOT NULL,
    n_baseline_agree bigint NOT NULL,
    baseline_agreement double precision,
    z double precision,
    n_anchors bigint NOT NULL,
    flip_rate double precision,
    flip_rate_low double precision,
    flip_rate_high double precision,
    baseline_flip_rate double precision,
    anchor_z double precision,
    label_z double precision,
    mix_z double precision,
    judge_moved text NOT NULL,
    product_moved text NOT NULL,
    traffic_moved text NOT NULL,
    n_asked bigint NOT NULL,
    error_share double precision,
    off_vocabulary_share double precision,
    label_age_days double precision,
    is_stale boolean NOT NULL,
    status text NOT NULL,
    severity text NOT NULL,
    sentence text NOT NULL,
    CONSTRAINT alignment_checks_key PRIMARY KEY (as_of_day, subject_kind, subject, subject_version, origin),
    CONSTRAINT alignment_checks_subject_kind_check CHECK (subject_kind IN ('judge', 'classifier')),
    CONSTRAINT alignment_checks_origin_check CHECK (origin IN ('production', 'synthetic', 'simulated')),
    CONSTRAINT alignment_checks_n_fresh_labels_check CHECK (n_fresh_labels >= 0),
    CONSTRAINT alignment_checks_n_agree_check CHECK (n_agree >= 0),
    CONSTRAINT alignment_checks_agreement_check CHECK (agreement >= 0 AND agreement <= 1),
    CONSTRAINT alignment_checks_agreement_low_check CHECK (agreement_low >= 0 AND agreement_low <= 1),
    CONSTRAINT alignment_checks_agreement_high_check CHECK (agreement_high >= 0 AND agreement_high <= 1),
    CONSTRAINT alignment_checks_n_last_28_days_check CHECK (n_last_28_days >= 0),
    CONSTRAINT alignment_checks_n_baseline_labels_check CHECK (n_baseline_labels >= 0),
    CONSTRAINT alignment_checks_n_baseline_agree_check CHECK (n_baseline_agree >= 0),
    CONSTRAINT alignment_checks_baseline_agreement_check CHECK (baseline_agreement >= 0 AND baseline_agreement <= 1),
    CONSTRAINT alignment_checks_n_anchors_check CHECK (n_anchors >= 0),
    CONSTRAINT alignment_checks_flip_rate_check CHECK (flip_rate >= 0 AND flip_rate <= 1),
    CONSTRAINT alignment_checks_flip_rate_low_check CHECK (flip_rate_low >= 0 AND flip_rate_low <= 1),
    CONSTRAINT alignment_checks_flip_rate_high_check CHECK (flip_rate_high >= 0 AND flip_rate_high <= 1),
    CONSTRAINT alignment_checks_baseline_flip_rate_check CHECK (baseline_flip_rate >= 0 AND baseline_flip_rate <= 1),
    CONSTRAINT alignment_checks_judge_moved_check CHECK (judge_moved IN ('yes', 'no', 'unknown')),
    CONSTRAINT alignment_checks_product_moved_check CHECK (product_moved IN ('yes', 'no', 'unknown')),
    CONSTRAINT alignment_checks_traffic_moved_check CHECK (traffic_moved IN ('yes', 'no', 'unknown')),
    CONSTRAINT alignment_checks_n_asked_check CHECK (n_asked >= 0),
    CONSTRAINT alignment_checks_error_share_check CHECK (error_share >= 0 AND error_share <= 1),
    CONSTRAINT alignment_checks_off_vocabulary_share_check CHECK (off_vocabulary_share >= 0 AND off_vocabulary_share <= 1),
    CONSTRAINT alignment_checks_label_age_days_check CHECK (label_age_days >= 0),
    CONSTRAINT alignment_checks_status_check CHECK (status IN ('aligned', 'drifted', 'unmeasured', 'unproven')),
    CONSTRAINT alignment_checks_severity_check CHECK (severity IN ('ok', 'warn', 'error'))
);
-- Those checks held fresh labels against older ones; anchors, labels and mix were not looked at.
INSERT INTO evals.alignment_checks
SELECT as_of_day, 'judge', judge, judge_version, origin, n_fresh_labels, n_agree, agreement, agreement_low, agreement_high,
       n_fresh_labels, n_baseline_labels, round(baseline_agreement * n_baseline_labels), baseline_agreement, z, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
       'unknown', 'unknown', 'unknown', 0, NULL, NULL, NULL, false, status,
       CASE status WHEN 'aligned' THEN 'ok' WHEN 'drifted' THEN 'error' ELSE 'warn' END, sentence
FROM evals.alignment_checks_until_0005;
DROP TABLE evals.alignment_checks_until_0005;
-- The new shape of a day is another content, whatever its version was.
DELETE FROM evals.partition_versions WHERE table_name = 'alignment_checks';

CREATE VIEW evals.judge_standings AS
WITH seen AS (
    SELECT DISTINCT subject_kind, subject, subject_version, origin FROM evals.trend_rollups WHERE subject_kind = 'judge'
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

CREATE VIEW evals.headline_rates AS
SELECT t.* FROM evals.trend_rollups t
WHERE t.subject_kind <> 'judge' OR EXISTS (
    SELECT FROM evals.judge_standings s
    WHERE (s.subject_kind, s.subject, s.subject_version, s.origin) = (t.subject_kind, t.subject, t.subject_version, t.origin)
      AND s.standing = 'proven');

-- A row of one surface is no measurement of the whole. The limits are those of eval_pipeline/calibration/detection.py.
CREATE OR REPLACE VIEW evals.signal_quality AS
WITH newest AS (
    SELECT DISTINCT ON (subject, subject_version, origin) *
    FROM evals.judge_calibration_reports
    WHERE subject_kind = 'signal' AND label_set = 'all' AND category = 'all' AND surface = 'all'
    ORDER BY subject, subject_version, origin, as_of_day DESC, measured_at DESC
), judged AS (
    SELECT *, CASE WHEN n_control < 50 THEN 'too_few'
                   WHEN recall_weighted IS NULL THEN 'no_recall'
                   WHEN n_control_needed > 0 THEN 'rough'
                   ELSE 'measured' END AS quality
    FROM newest
)
SELECT subject AS signal, subject_version AS signal_version, origin, as_of_day, n_labels,
       n_true_fail + n_false_fail AS n_fired, n_true_fail, n_not_applicable,
       precision_weighted AS precision, precision_weighted_low AS precision_low,
       precision_weighted_high AS precision_high,
       recall_weighted AS recall, recall_weighted_low AS recall_low, recall_weighted_high AS recall_high,
       n_control, n_control_needed, quality AS status,
       CASE quality
           WHEN 'too_few' THEN format('recall needs %s more control labels', n_control_needed)
           WHEN 'no_recall' THEN 'recall waits for a label in every sampling cell, and for 10 labelled failures'
           WHEN 'rough' THEN format('recall is rough, from %s control labels: %s more are needed', n_control, n_control_needed)
           ELSE format('recall rests on %s control labels', n_control)
       END AS sentence
FROM judged;
