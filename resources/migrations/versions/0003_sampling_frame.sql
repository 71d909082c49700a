CREATE TABLE evals.sampling_frame (
    session_id text COLLATE "C" NOT NULL,
    session_day date NOT NULL,
    surface text NOT NULL,
    origin text NOT NULL,
    stratum text NOT NULL,
    design_id text NOT NULL,
    drawn_at timestamptz NOT NULL,
    CONSTRAINT sampling_frame_key PRIMARY KEY (session_id),
    CONSTRAINT sampling_frame_origin_check CHECK (origin IN ('production', 'synthetic', 'simulated'))
);
CREATE INDEX sampling_frame_session_day_index ON evals.sampling_frame (session_day);

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON evals.sampling_frame
    FOR EACH STATEMENT EXECUTE FUNCTION evals.refuse_change();

-- Of draws before this revision only the drawn are known. The others count as come late, which they are not, but with
-- unchanged strata none of them is drawn.
INSERT INTO evals.sampling_frame
SELECT session_id, session_day, surface, origin, stratum, design_id, drawn_at
FROM evals.flagged_sessions WHERE arm IN ('flagged', 'control');
