-- Every signal that ran until now counted, unless the catalog said otherwise, which was not kept.
ALTER TABLE evals.session_signals ADD COLUMN is_counting boolean NOT NULL DEFAULT true;
ALTER TABLE evals.session_signals ALTER COLUMN is_counting DROP DEFAULT;

ALTER TABLE evals.judge_calibration_reports
    ADD COLUMN precision_weighted double precision,
    ADD COLUMN precision_weighted_low double precision,
    ADD COLUMN precision_weighted_high double precision,
    ADD COLUMN recall_weighted double precision,
    ADD COLUMN recall_weighted_low double precision,
    ADD COLUMN recall_weighted_high double precision,
    ADD COLUMN n_control bigint,
    ADD COLUMN n_control_needed bigint,
    DROP CONSTRAINT judge_calibration_reports_label_set_check,
    ADD CONSTRAINT judge_calibration_reports_label_set_check CHECK (label_set IN ('calibration', 'held_out', 'all')),
    ADD CONSTRAINT judge_calibration_reports_precision_weighted_check CHECK (precision_weighted >= 0 AND precision_weighted <= 1),
    ADD CONSTRAINT judge_calibration_reports_precision_weighted_low_check CHECK (precision_weighted_low >= 0 AND precision_weighted_low <= 1),
    ADD CONSTRAINT judge_calibration_reports_precision_weighted_high_check CHECK (precision_weighted_high >= 0 AND precision_weighted_high <= 1),
    ADD CONSTRAINT judge_calibration_reports_recall_weighted_check CHECK (recall_weighted >= 0 AND recall_weighted <= 1),
    ADD CONSTRAINT judge_calibration_reports_recall_weighted_low_check CHECK (recall_weighted_low >= 0 AND recall_weighted_low <= 1),
    ADD CONSTRAINT judge_calibration_reports_recall_weighted_high_check CHECK (recall_weighted_high >= 0 AND recall_weighted_high <= 1),
    ADD CONSTRAINT judge_calibration_reports_n_control_check CHECK (n_control >= 0),
    ADD CONSTRAINT judge_calibration_reports_n_control_needed_check CHECK (n_control_needed >= 0);

-- The limits are those of eval_pipeline/calibration/detection.py.
CREATE VIEW evals.signal_quality AS
WITH newest AS (
    SELECT DISTINCT ON (subject, subject_version, origin) *
    FROM evals.judge_calibration_reports
    WHERE subject_kind = 'signal' AND label_set = 'all' AND category = 'all'
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
