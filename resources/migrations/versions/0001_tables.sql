-- The tables of eval_pipeline at revision 0001: frozen text. Later changes are later revisions.

CREATE SCHEMA IF NOT EXISTS evals;

CREATE TABLE evals.session_sources (
    source_id text COLLATE "C" NOT NULL,
    path text NOT NULL,
    format text NOT NULL,
    mapping jsonb,
    origin text NOT NULL,
    sha256 text NOT NULL,
    n_bytes bigint NOT NULL,
    n_read bigint NOT NULL,
    registered_at timestamptz NOT NULL,
    is_superseded boolean NOT NULL,
    CONSTRAINT session_sources_key PRIMARY KEY (source_id),
    CONSTRAINT session_sources_origin_check CHECK (origin IN ('production', 'synthetic', 'simulated')),
    CONSTRAINT session_sources_n_bytes_check CHECK (n_bytes >= 0),
    CONSTRAINT session_sources_n_read_check CHECK (n_read >= 0)
);

CREATE TABLE evals.source_days (
    source_id text COLLATE "C" NOT NULL,
    session_day date NOT NULL,
    n_read bigint NOT NULL,
    n_accepted bigint,
    n_quarantined bigint,
    n_duplicate bigint,
    CONSTRAINT source_days_key PRIMARY KEY (source_id, session_day),
    CONSTRAINT source_days_n_read_check CHECK (n_read >= 0),
    CONSTRAINT source_days_n_accepted_check CHECK (n_accepted >= 0),
    CONSTRAINT source_days_n_quarantined_check CHECK (n_quarantined >= 0),
    CONSTRAINT source_days_n_duplicate_check CHECK (n_duplicate >= 0)
);
CREATE INDEX source_days_session_day_index ON evals.source_days (session_day);

CREATE TABLE evals.raw_sessions (
    session_id text COLLATE "C" NOT NULL,
    session_day date NOT NULL,
    started_at timestamptz NOT NULL,
    ended_at timestamptz,
    is_closed boolean NOT NULL,
    user_id text,
    surface text NOT NULL,
    slices jsonb NOT NULL,
    model_version text,
    versions jsonb NOT NULL,
    turns jsonb NOT NULL,
    n_turns bigint NOT NULL,
    n_user_turns bigint NOT NULL,
    n_tool_calls bigint NOT NULL,
    feedback jsonb NOT NULL,
    outcome jsonb,
    recorded_labels jsonb NOT NULL,
    meta jsonb NOT NULL,
    origin text NOT NULL,
    content_hash text NOT NULL,
    redaction_version text NOT NULL,
    n_redactions bigint NOT NULL,
    source_id text NOT NULL,
    source_position text NOT NULL,
    CONSTRAINT raw_sessions_key PRIMARY KEY (session_id),
    CONSTRAINT raw_sessions_n_turns_check CHECK (n_turns >= 0),
    CONSTRAINT raw_sessions_n_user_turns_check CHECK (n_user_turns >= 0),
    CONSTRAINT raw_sessions_n_tool_calls_check CHECK (n_tool_calls >= 0),
    CONSTRAINT raw_sessions_origin_check CHECK (origin IN ('production', 'synthetic', 'simulated')),
    CONSTRAINT raw_sessions_n_redactions_check CHECK (n_redactions >= 0)
);
CREATE INDEX raw_sessions_session_day_index ON evals.raw_sessions (session_day);
CREATE INDEX raw_sessions_source_id_index ON evals.raw_sessions (source_id);

CREATE TABLE evals.quarantined_records (
    record_id text COLLATE "C" NOT NULL,
    session_day date NOT NULL,
    source_id text NOT NULL,
    source_path text NOT NULL,
    source_position text NOT NULL,
    reason text NOT NULL,
    field text,
    detail text NOT NULL,
    mend text NOT NULL,
    CONSTRAINT quarantined_records_key PRIMARY KEY (record_id)
);
CREATE INDEX quarantined_records_session_day_index ON evals.quarantined_records (session_day);

CREATE TABLE evals.session_signals (
    session_id text COLLATE "C" NOT NULL,
    session_day date NOT NULL,
    signal text COLLATE "C" NOT NULL,
    signal_version text NOT NULL,
    outcome text NOT NULL,
    strength double precision NOT NULL,
    turn_index bigint,
    quote text,
    reason text,
    CONSTRAINT session_signals_key PRIMARY KEY (session_id, signal),
    CONSTRAINT session_signals_outcome_check CHECK (outcome IN ('fired', 'quiet', 'not_applicable')),
    CONSTRAINT session_signals_strength_check CHECK (strength >= 0 AND strength <= 1),
    CONSTRAINT session_signals_turn_index_check CHECK (turn_index >= 0)
);
CREATE INDEX session_signals_session_day_index ON evals.session_signals (session_day);

CREATE TABLE evals.flagged_sessions (
    session_id text COLLATE "C" NOT NULL,
    session_day date NOT NULL,
    surface text NOT NULL,
    arm text NOT NULL,
    stratum text NOT NULL,
    reasons jsonb NOT NULL,
    priority double precision NOT NULL,
    inclusion_probability double precision NOT NULL,
    design_id text NOT NULL,
    drawn_at timestamptz NOT NULL,
    is_double_review boolean NOT NULL,
    origin text NOT NULL,
    CONSTRAINT flagged_sessions_key PRIMARY KEY (session_id),
    CONSTRAINT flagged_sessions_arm_check CHECK (arm IN ('flagged', 'control', 'error_analysis', 'double_review')),
    CONSTRAINT flagged_sessions_priority_check CHECK (priority >= 0 AND priority <= 1),
    CONSTRAINT flagged_sessions_inclusion_probability_check CHECK (inclusion_probability > 0 AND inclusion_probability <= 1),
    CONSTRAINT flagged_sessions_origin_check CHECK (origin IN ('production', 'synthetic', 'simulated'))
);
CREATE INDEX flagged_sessions_session_day_index ON evals.flagged_sessions (session_day);

CREATE TABLE evals.evaluator_verdicts (
    session_id text COLLATE "C" NOT NULL,
    session_day date NOT NULL,
    evaluator text COLLATE "C" NOT NULL,
    evaluator_version text COLLATE "C" NOT NULL,
    target text COLLATE "C" NOT NULL,
    verdict text NOT NULL,
    turn_index bigint,
    leaf text,
    expected text,
    found text,
    explanation text,
    versions jsonb NOT NULL,
    CONSTRAINT evaluator_verdicts_key PRIMARY KEY (session_id, evaluator, evaluator_version, target),
    CONSTRAINT evaluator_verdicts_verdict_check CHECK (verdict IN ('pass', 'fail', 'not_applicable', 'error')),
    CONSTRAINT evaluator_verdicts_turn_index_check CHECK (turn_index >= 0)
);
CREATE INDEX evaluator_verdicts_session_day_index ON evals.evaluator_verdicts (session_day);

CREATE TABLE evals.judge_verdicts (
    session_id text COLLATE "C" NOT NULL,
    session_day date NOT NULL,
    judge text COLLATE "C" NOT NULL,
    judge_version text COLLATE "C" NOT NULL,
    repeat bigint NOT NULL,
    verdict text NOT NULL,
    critique text,
    error_reason text,
    raw_reply text,
    call_key text NOT NULL,
    judge_model text NOT NULL,
    versions jsonb NOT NULL,
    CONSTRAINT judge_verdicts_key PRIMARY KEY (session_id, judge, judge_version, repeat),
    CONSTRAINT judge_verdicts_repeat_check CHECK (repeat >= 0),
    CONSTRAINT judge_verdicts_verdict_check CHECK (verdict IN ('pass', 'fail', 'not_applicable', 'error'))
);
CREATE INDEX judge_verdicts_session_day_index ON evals.judge_verdicts (session_day);

CREATE TABLE evals.model_calls (
    call_id text COLLATE "C" NOT NULL,
    call_key text NOT NULL,
    attempt bigint NOT NULL,
    status text NOT NULL,
    requested_at timestamptz NOT NULL,
    latency_s double precision NOT NULL,
    endpoint text NOT NULL,
    model text NOT NULL,
    request jsonb NOT NULL,
    reply text,
    finish_reason text,
    n_prompt_tokens bigint,
    n_completion_tokens bigint,
    cost_usd double precision,
    error text,
    CONSTRAINT model_calls_key PRIMARY KEY (call_id),
    CONSTRAINT model_calls_attempt_check CHECK (attempt >= 1),
    CONSTRAINT model_calls_latency_s_check CHECK (latency_s >= 0),
    CONSTRAINT model_calls_n_prompt_tokens_check CHECK (n_prompt_tokens >= 0),
    CONSTRAINT model_calls_n_completion_tokens_check CHECK (n_completion_tokens >= 0),
    CONSTRAINT model_calls_cost_usd_check CHECK (cost_usd >= 0)
);
CREATE INDEX model_calls_call_key_index ON evals.model_calls (call_key);
-- One paid reply a key, whoever asks at the same time.
CREATE UNIQUE INDEX model_calls_reply_once ON evals.model_calls (call_key) WHERE status = 'reply';

CREATE TABLE evals.reviews (
    review_id text COLLATE "C" NOT NULL,
    session_id text NOT NULL,
    session_day date NOT NULL,
    reviewer text NOT NULL,
    source text NOT NULL,
    answers jsonb NOT NULL,
    first_bad_turn bigint,
    category text,
    note text,
    is_blind boolean NOT NULL,
    arm text,
    inclusion_probability double precision,
    design_id text,
    seconds double precision,
    submitted_at timestamptz NOT NULL,
    taxonomy_version text NOT NULL,
    redaction_version text NOT NULL,
    CONSTRAINT reviews_key PRIMARY KEY (review_id),
    CONSTRAINT reviews_source_check CHECK (source IN ('app', 'import', 'simulation')),
    CONSTRAINT reviews_first_bad_turn_check CHECK (first_bad_turn >= 0),
    CONSTRAINT reviews_arm_check CHECK (arm IN ('flagged', 'control', 'error_analysis', 'double_review')),
    CONSTRAINT reviews_inclusion_probability_check CHECK (inclusion_probability > 0 AND inclusion_probability <= 1),
    CONSTRAINT reviews_seconds_check CHECK (seconds >= 0)
);
CREATE INDEX reviews_session_id_index ON evals.reviews (session_id);

CREATE TABLE evals.human_labels (
    session_id text COLLATE "C" NOT NULL,
    session_day date NOT NULL,
    target text COLLATE "C" NOT NULL,
    label text,
    status text NOT NULL,
    category text,
    label_set text NOT NULL,
    n_reviews bigint NOT NULL,
    reviews_hash text NOT NULL,
    reviewers jsonb NOT NULL,
    is_blind boolean NOT NULL,
    arm text,
    inclusion_probability double precision,
    design_id text,
    seconds double precision,
    labelled_at timestamptz NOT NULL,
    taxonomy_version text NOT NULL,
    redaction_version text NOT NULL,
    origin text NOT NULL,
    CONSTRAINT human_labels_key PRIMARY KEY (session_id, target),
    CONSTRAINT human_labels_label_check CHECK (label IN ('pass', 'fail')),
    CONSTRAINT human_labels_status_check CHECK (status IN ('settled', 'disputed', 'unsure')),
    CONSTRAINT human_labels_label_set_check CHECK (label_set IN ('calibration', 'held_out')),
    CONSTRAINT human_labels_n_reviews_check CHECK (n_reviews >= 1),
    CONSTRAINT human_labels_arm_check CHECK (arm IN ('flagged', 'control', 'error_analysis', 'double_review')),
    CONSTRAINT human_labels_inclusion_probability_check CHECK (inclusion_probability > 0 AND inclusion_probability <= 1),
    CONSTRAINT human_labels_seconds_check CHECK (seconds >= 0),
    CONSTRAINT human_labels_origin_check CHECK (origin IN ('production', 'synthetic', 'simulated'))
);
CREATE INDEX human_labels_session_day_index ON evals.human_labels (session_day);

CREATE TABLE evals.judge_calibration_reports (
    report_id text COLLATE "C" NOT NULL,
    as_of_day date NOT NULL,
    subject_kind text NOT NULL,
    subject text NOT NULL,
    subject_version text NOT NULL,
    origin text NOT NULL,
    label_set text NOT NULL,
    category text NOT NULL,
    n_labels bigint NOT NULL,
    n_true_fail bigint NOT NULL,
    n_missed_fail bigint NOT NULL,
    n_false_fail bigint NOT NULL,
    n_true_pass bigint NOT NULL,
    n_error bigint NOT NULL,
    n_not_applicable bigint NOT NULL,
    tpr double precision,
    tpr_low double precision,
    tpr_high double precision,
    tnr double precision,
    tnr_low double precision,
    tnr_high double precision,
    n_weighted bigint,
    tpr_weighted double precision,
    tpr_weighted_low double precision,
    tpr_weighted_high double precision,
    tnr_weighted double precision,
    tnr_weighted_low double precision,
    tnr_weighted_high double precision,
    status text NOT NULL,
    labels_hash text NOT NULL,
    measured_at timestamptz NOT NULL,
    CONSTRAINT judge_calibration_reports_key PRIMARY KEY (report_id),
    CONSTRAINT judge_calibration_reports_subject_kind_check CHECK (subject_kind IN ('evaluator', 'judge', 'classifier', 'signal', 'reviewer')),
    CONSTRAINT judge_calibration_reports_origin_check CHECK (origin IN ('production', 'synthetic', 'simulated')),
    CONSTRAINT judge_calibration_reports_label_set_check CHECK (label_set IN ('calibration', 'held_out')),
    CONSTRAINT judge_calibration_reports_n_labels_check CHECK (n_labels >= 0),
    CONSTRAINT judge_calibration_reports_n_true_fail_check CHECK (n_true_fail >= 0),
    CONSTRAINT judge_calibration_reports_n_missed_fail_check CHECK (n_missed_fail >= 0),
    CONSTRAINT judge_calibration_reports_n_false_fail_check CHECK (n_false_fail >= 0),
    CONSTRAINT judge_calibration_reports_n_true_pass_check CHECK (n_true_pass >= 0),
    CONSTRAINT judge_calibration_reports_n_error_check CHECK (n_error >= 0),
    CONSTRAINT judge_calibration_reports_n_not_applicable_check CHECK (n_not_applicable >= 0),
    CONSTRAINT judge_calibration_reports_tpr_check CHECK (tpr >= 0 AND tpr <= 1),
    CONSTRAINT judge_calibration_reports_tpr_low_check CHECK (tpr_low >= 0 AND tpr_low <= 1),
    CONSTRAINT judge_calibration_reports_tpr_high_check CHECK (tpr_high >= 0 AND tpr_high <= 1),
    CONSTRAINT judge_calibration_reports_tnr_check CHECK (tnr >= 0 AND tnr <= 1),
    CONSTRAINT judge_calibration_reports_tnr_low_check CHECK (tnr_low >= 0 AND tnr_low <= 1),
    CONSTRAINT judge_calibration_reports_tnr_high_check CHECK (tnr_high >= 0 AND tnr_high <= 1),
    CONSTRAINT judge_calibration_reports_n_weighted_check CHECK (n_weighted >= 0),
    CONSTRAINT judge_calibration_reports_tpr_weighted_check CHECK (tpr_weighted >= 0 AND tpr_weighted <= 1),
    CONSTRAINT judge_calibration_reports_tpr_weighted_low_check CHECK (tpr_weighted_low >= 0 AND tpr_weighted_low <= 1),
    CONSTRAINT judge_calibration_reports_tpr_weighted_high_check CHECK (tpr_weighted_high >= 0 AND tpr_weighted_high <= 1),
    CONSTRAINT judge_calibration_reports_tnr_weighted_check CHECK (tnr_weighted >= 0 AND tnr_weighted <= 1),
    CONSTRAINT judge_calibration_reports_tnr_weighted_low_check CHECK (tnr_weighted_low >= 0 AND tnr_weighted_low <= 1),
    CONSTRAINT judge_calibration_reports_tnr_weighted_high_check CHECK (tnr_weighted_high >= 0 AND tnr_weighted_high <= 1)
);
CREATE INDEX judge_calibration_reports_as_of_day_index ON evals.judge_calibration_reports (as_of_day);

CREATE TABLE evals.trend_rollups (
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
    CONSTRAINT trend_rollups_key PRIMARY KEY (session_day, subject_kind, subject, subject_version, model_version, surface, slice, origin),
    CONSTRAINT trend_rollups_subject_kind_check CHECK (subject_kind IN ('evaluator', 'judge', 'classifier', 'signal', 'reviewer')),
    CONSTRAINT trend_rollups_origin_check CHECK (origin IN ('production', 'synthetic', 'simulated')),
    CONSTRAINT trend_rollups_n_check CHECK (n >= 0),
    CONSTRAINT trend_rollups_n_fail_check CHECK (n_fail >= 0),
    CONSTRAINT trend_rollups_n_not_applicable_check CHECK (n_not_applicable >= 0),
    CONSTRAINT trend_rollups_n_error_check CHECK (n_error >= 0),
    CONSTRAINT trend_rollups_fail_rate_check CHECK (fail_rate >= 0 AND fail_rate <= 1),
    CONSTRAINT trend_rollups_fail_rate_low_check CHECK (fail_rate_low >= 0 AND fail_rate_low <= 1),
    CONSTRAINT trend_rollups_fail_rate_high_check CHECK (fail_rate_high >= 0 AND fail_rate_high <= 1)
);

CREATE TABLE evals.alignment_checks (
    as_of_day date NOT NULL,
    judge text COLLATE "C" NOT NULL,
    judge_version text COLLATE "C" NOT NULL,
    origin text COLLATE "C" NOT NULL,
    n_fresh_labels bigint NOT NULL,
    n_agree bigint NOT NULL,
    agreement double precision,
    agreement_low double precision,
    agreement_high double precision,
    n_baseline_labels bigint NOT NULL,
    baseline_agreement double precision,
    z double precision,
    status text NOT NULL,
    sentence text NOT NULL,
    CONSTRAINT alignment_checks_key PRIMARY KEY (as_of_day, judge, judge_version, origin),
    CONSTRAINT alignment_checks_origin_check CHECK (origin IN ('production', 'synthetic', 'simulated')),
    CONSTRAINT alignment_checks_n_fresh_labels_check CHECK (n_fresh_labels >= 0),
    CONSTRAINT alignment_checks_n_agree_check CHECK (n_agree >= 0),
    CONSTRAINT alignment_checks_agreement_check CHECK (agreement >= 0 AND agreement <= 1),
    CONSTRAINT alignment_checks_agreement_low_check CHECK (agreement_low >= 0 AND agreement_low <= 1),
    CONSTRAINT alignment_checks_agreement_high_check CHECK (agreement_high >= 0 AND agreement_high <= 1),
    CONSTRAINT alignment_checks_n_baseline_labels_check CHECK (n_baseline_labels >= 0),
    CONSTRAINT alignment_checks_baseline_agreement_check CHECK (baseline_agreement >= 0 AND baseline_agreement <= 1),
    CONSTRAINT alignment_checks_status_check CHECK (status IN ('aligned', 'drifted', 'unmeasured'))
);

CREATE TABLE evals.error_analysis_samples (
    as_of_day date NOT NULL,
    session_id text COLLATE "C" NOT NULL,
    session_day date NOT NULL,
    stratum text NOT NULL,
    inclusion_probability double precision NOT NULL,
    origin text NOT NULL,
    CONSTRAINT error_analysis_samples_key PRIMARY KEY (as_of_day, session_id),
    CONSTRAINT error_analysis_samples_inclusion_probability_check CHECK (inclusion_probability > 0 AND inclusion_probability <= 1),
    CONSTRAINT error_analysis_samples_origin_check CHECK (origin IN ('production', 'synthetic', 'simulated'))
);

-- What a day's content was when it was last replaced, so that the same content need not be written again.
CREATE TABLE evals.partition_versions (
    table_name text NOT NULL,
    day date NOT NULL,
    data_version text NOT NULL,
    n_rows bigint NOT NULL,
    stored_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT partition_versions_key PRIMARY KEY (table_name, day)
);

CREATE VIEW evals.verdicts AS
SELECT session_id, session_day, 'evaluator' AS subject_kind, evaluator AS subject,
       evaluator_version AS subject_version, target, verdict, explanation, turn_index
FROM evals.evaluator_verdicts
UNION ALL
SELECT session_id, session_day, 'judge', judge, judge_version, 'session', verdict,
       coalesce(critique, error_reason), NULL
FROM evals.judge_verdicts
UNION ALL
SELECT session_id, session_day, 'signal', signal, signal_version, 'session',
       CASE outcome WHEN 'fired' THEN 'fail' WHEN 'quiet' THEN 'pass' ELSE outcome END, reason, turn_index
FROM evals.session_signals;

COMMENT ON VIEW evals.verdicts IS
    'Every machine word on every session in one shape; a signal that fired counts as fail, a quiet one as pass';

CREATE FUNCTION evals.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of evals.% refused: its rows are only ever added', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation', TABLE = TG_TABLE_NAME, SCHEMA = TG_TABLE_SCHEMA;
END
$$;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON evals.flagged_sessions
    FOR EACH STATEMENT EXECUTE FUNCTION evals.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON evals.model_calls
    FOR EACH STATEMENT EXECUTE FUNCTION evals.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON evals.reviews
    FOR EACH STATEMENT EXECUTE FUNCTION evals.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON evals.judge_calibration_reports
    FOR EACH STATEMENT EXECUTE FUNCTION evals.refuse_change();
