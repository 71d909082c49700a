-- Sessions made for coverage stand in tables of their own. What happened, what was said of it and every figure refuse them:
-- by origin, and by an id that begins with synthetic/. Rows of before that break this stay, and hold the constraint back
-- from being validated; no new one comes in.
DO $$
DECLARE
    place text;
    statement text;
BEGIN
    FOREACH place IN ARRAY ARRAY[
        'session_sources', 'raw_sessions', 'flagged_sessions', 'sampling_frame', 'human_labels', 'error_analysis_samples',
        'heldout_looks', 'heldout_retirements', 'promotions', 'anchor_sessions', 'anchor_verdicts', 'alignment_checks',
        'judge_calibration_reports'
    ] LOOP
        EXECUTE format('ALTER TABLE evals.%I DROP CONSTRAINT %I', place, place || '_origin_check');
        EXECUTE format(
            'ALTER TABLE evals.%I ADD CONSTRAINT %I CHECK (origin IN (%s)) NOT VALID',
            place, place || '_origin_check',
            CASE place WHEN 'judge_calibration_reports' THEN '''production'', ''simulated'', ''recorded'''
                ELSE '''production'', ''simulated''' END
        );
    END LOOP;
    FOREACH place IN ARRAY ARRAY[
        'raw_sessions', 'session_signals', 'flagged_sessions', 'sampling_frame', 'evaluator_verdicts', 'judge_verdicts',
        'category_predictions', 'reviews', 'human_labels', 'session_fingerprints', 'anchor_sessions', 'anchor_verdicts',
        'error_analysis_samples'
    ] LOOP
        EXECUTE format(
            'ALTER TABLE evals.%I ADD CONSTRAINT %I CHECK (session_id NOT LIKE ''synthetic/%%'') NOT VALID',
            place, place || '_not_synthetic'
        );
    END LOOP;
    FOR statement IN
        SELECT format('ALTER TABLE %s VALIDATE CONSTRAINT %I', conrelid::regclass, conname)
        FROM pg_constraint WHERE NOT convalidated AND connamespace = 'evals'::regnamespace
    LOOP
        BEGIN
            EXECUTE statement;
        EXCEPTION WHEN check_violation THEN
            RAISE NOTICE 'rows of before keep it from being validated: %', statement;
        END;
    END LOOP;
END $$;

CREATE TABLE evals.coverage_cells (
    as_of_day date NOT NULL,
    origin text COLLATE "C" NOT NULL,
    grid text COLLATE "C" NOT NULL,
    cell text COLLATE "C" NOT NULL,
    dimensions jsonb NOT NULL,
    n_sessions bigint NOT NULL,
    n_labelled bigint NOT NULL,
    n_synthetic bigint NOT NULL,
    is_expected boolean NOT NULL,
    is_sparse boolean NOT NULL,
    why text NOT NULL,
    CONSTRAINT coverage_cells_key PRIMARY KEY (as_of_day, origin, grid, cell),
    CONSTRAINT coverage_cells_labelled CHECK (n_labelled <= n_sessions),
    CONSTRAINT coverage_cells_origin_check CHECK (origin IN ('production', 'simulated')),
    CONSTRAINT coverage_cells_n_sessions_check CHECK (n_sessions >= 0),
    CONSTRAINT coverage_cells_n_labelled_check CHECK (n_labelled >= 0),
    CONSTRAINT coverage_cells_n_synthetic_check CHECK (n_synthetic >= 0)
);

CREATE TABLE evals.synthetic_sessions (
    synthetic_id text COLLATE "C" NOT NULL,
    as_of_day date NOT NULL,
    origin text NOT NULL,
    ground_origin text NOT NULL,
    grid text NOT NULL,
    cell text NOT NULL,
    dimensions jsonb NOT NULL,
    operator text NOT NULL,
    operator_version text NOT NULL,
    made_by text NOT NULL,
    call_key text,
    seed_session_ids jsonb NOT NULL,
    random_seed text NOT NULL,
    surface text NOT NULL,
    slices jsonb NOT NULL,
    model_version text,
    versions jsonb NOT NULL,
    turns jsonb NOT NULL,
    n_turns bigint NOT NULL,
    meta jsonb NOT NULL,
    redaction_version text NOT NULL,
    note text NOT NULL,
    expectations jsonb NOT NULL,
    is_valid boolean NOT NULL,
    invalid_because text,
    content_hash text NOT NULL,
    code_version text NOT NULL,
    CONSTRAINT synthetic_sessions_key PRIMARY KEY (synthetic_id),
    CONSTRAINT synthetic_sessions_own_kind CHECK (origin = 'synthetic' AND synthetic_id LIKE 'synthetic/%'),
    CONSTRAINT synthetic_sessions_origin_check CHECK (origin IN ('synthetic')),
    CONSTRAINT synthetic_sessions_ground_origin_check CHECK (ground_origin IN ('production', 'simulated')),
    CONSTRAINT synthetic_sessions_n_turns_check CHECK (n_turns >= 0)
);
CREATE INDEX synthetic_sessions_as_of_day_index ON evals.synthetic_sessions (as_of_day);

CREATE TABLE evals.synthetic_expectations (
    as_of_day date NOT NULL,
    synthetic_id text COLLATE "C" NOT NULL,
    subject_kind text COLLATE "C" NOT NULL,
    subject text COLLATE "C" NOT NULL,
    subject_version text COLLATE "C" NOT NULL,
    operator text NOT NULL,
    expected text NOT NULL,
    before text,
    after text,
    outcome text NOT NULL,
    explanation text NOT NULL,
    CONSTRAINT synthetic_expectations_key PRIMARY KEY (as_of_day, synthetic_id, subject_kind, subject, subject_version),
    CONSTRAINT synthetic_expectations_subject_kind_check CHECK (subject_kind IN ('evaluator', 'judge', 'signal')),
    CONSTRAINT synthetic_expectations_expected_check CHECK (expected IN ('must_fail', 'must_pass', 'must_fire', 'unchanged', 'no_new_failure', 'may_change')),
    CONSTRAINT synthetic_expectations_outcome_check CHECK (outcome IN ('noticed', 'missed', 'wrongly_changed', 'not_applicable', 'error'))
);
