ALTER TABLE evals.evaluator_verdicts ADD COLUMN pointer text;

-- Nothing was looked for until now, so nothing was found.
ALTER TABLE evals.judge_verdicts ADD COLUMN is_contested boolean NOT NULL DEFAULT false;
ALTER TABLE evals.judge_verdicts ALTER COLUMN is_contested DROP DEFAULT;

CREATE TABLE evals.category_predictions (
    session_id text COLLATE "C" NOT NULL,
    session_day date NOT NULL,
    classifier text COLLATE "C" NOT NULL,
    classifier_version text COLLATE "C" NOT NULL,
    category text NOT NULL,
    decided_by text NOT NULL,
    turn_index bigint,
    explanation text,
    taxonomy_version text NOT NULL,
    versions jsonb NOT NULL,
    CONSTRAINT category_predictions_key PRIMARY KEY (session_id, classifier, classifier_version),
    CONSTRAINT category_predictions_turn_index_check CHECK (turn_index >= 0)
);
CREATE INDEX category_predictions_session_day_index ON evals.category_predictions (session_day);

ALTER TABLE evals.model_calls ADD COLUMN batch_id text;

-- A call that was paid twice is two rows: the ledger hides no money.
DROP INDEX evals.model_calls_reply_once;
CREATE INDEX model_calls_reply_index ON evals.model_calls (call_key, requested_at) WHERE status = 'reply';

CREATE TABLE evals.call_batches (
    batch_id text COLLATE "C" NOT NULL,
    endpoint text NOT NULL,
    model text NOT NULL,
    remote_id text,
    input_file_id text,
    status text NOT NULL,
    call_keys jsonb NOT NULL,
    session_days jsonb NOT NULL,
    n_calls bigint NOT NULL,
    submitted_at timestamptz NOT NULL,
    ended_at timestamptz,
    error text,
    held_usd double precision NOT NULL,
    CONSTRAINT call_batches_key PRIMARY KEY (batch_id),
    CONSTRAINT call_batches_n_calls_check CHECK (n_calls >= 1),
    CONSTRAINT call_batches_held_usd_check CHECK (held_usd >= 0)
);
CREATE INDEX call_batches_open_index ON evals.call_batches (endpoint) WHERE ended_at IS NULL;

CREATE TABLE evals.calls_left_undone (
    session_day date NOT NULL,
    subject text COLLATE "C" NOT NULL,
    reason text COLLATE "C" NOT NULL,
    n_calls bigint NOT NULL,
    CONSTRAINT calls_left_undone_key PRIMARY KEY (session_day, subject, reason),
    CONSTRAINT calls_left_undone_n_calls_check CHECK (n_calls >= 1)
);

CREATE TABLE evals.model_spend (
    day date NOT NULL,
    usd double precision NOT NULL,
    CONSTRAINT model_spend_key PRIMARY KEY (day),
    CONSTRAINT model_spend_usd_check CHECK (usd >= 0)
);

CREATE OR REPLACE VIEW evals.verdicts AS
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
FROM evals.session_signals
UNION ALL
SELECT session_id, session_day, 'classifier', classifier, classifier_version, 'session',
       CASE category WHEN 'abstain' THEN 'not_applicable' WHEN 'error' THEN 'error' ELSE 'fail' END,
       concat_ws(': ', category, explanation), turn_index
FROM evals.category_predictions;
