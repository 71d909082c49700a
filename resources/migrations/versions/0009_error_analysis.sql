CREATE TABLE evals.taxonomy_proposals (
    as_of_day date NOT NULL,
    proposal_id text COLLATE "C" NOT NULL,
    origin text NOT NULL,
    first_day date NOT NULL,
    n_sessions bigint NOT NULL,
    n_population bigint NOT NULL,
    rate double precision NOT NULL,
    rate_low double precision NOT NULL,
    rate_high double precision NOT NULL,
    n_before bigint NOT NULL,
    n_population_before bigint NOT NULL,
    rate_before double precision,
    trend text NOT NULL,
    p_value double precision NOT NULL,
    nearest_category text,
    distance double precision,
    terms jsonb NOT NULL,
    examples jsonb NOT NULL,
    fingerprint jsonb NOT NULL,
    suggested_id text NOT NULL,
    suggested_title text NOT NULL,
    suggested_definition text NOT NULL,
    suggested_by text NOT NULL,
    taxonomy_version text NOT NULL,
    CONSTRAINT taxonomy_proposals_key PRIMARY KEY (as_of_day, proposal_id),
    CONSTRAINT taxonomy_proposals_origin_check CHECK (origin IN ('production', 'simulated')),
    CONSTRAINT taxonomy_proposals_n_sessions_check CHECK (n_sessions >= 1),
    CONSTRAINT taxonomy_proposals_n_population_check CHECK (n_population >= 1),
    CONSTRAINT taxonomy_proposals_rate_check CHECK (rate >= 0 AND rate <= 1),
    CONSTRAINT taxonomy_proposals_rate_low_check CHECK (rate_low >= 0 AND rate_low <= 1),
    CONSTRAINT taxonomy_proposals_rate_high_check CHECK (rate_high >= 0 AND rate_high <= 1),
    CONSTRAINT taxonomy_proposals_n_before_check CHECK (n_before >= 0),
    CONSTRAINT taxonomy_proposals_n_population_before_check CHECK (n_population_before >= 0),
    CONSTRAINT taxonomy_proposals_rate_before_check CHECK (rate_before >= 0 AND rate_before <= 1),
    CONSTRAINT taxonomy_proposals_trend_check CHECK (trend IN ('new', 'growing', 'steady', 'shrinking')),
    CONSTRAINT taxonomy_proposals_p_value_check CHECK (p_value >= 0 AND p_value <= 1),
    CONSTRAINT taxonomy_proposals_distance_check CHECK (distance >= 0 AND distance <= 1)
);

CREATE TABLE evals.taxonomy_decisions (
    decision_id text COLLATE "C" NOT NULL,
    proposal_id text NOT NULL,
    as_of_day date NOT NULL,
    origin text NOT NULL,
    decision text NOT NULL,
    decided_by text NOT NULL,
    decided_at timestamptz NOT NULL,
    reason text,
    terms jsonb NOT NULL,
    fingerprint jsonb NOT NULL,
    category_id text,
    draft text,
    taxonomy_version text NOT NULL,
    CONSTRAINT taxonomy_decisions_key PRIMARY KEY (decision_id),
    CONSTRAINT taxonomy_decisions_origin_check CHECK (origin IN ('production', 'simulated')),
    CONSTRAINT taxonomy_decisions_decision_check CHECK (decision IN ('accepted', 'rejected'))
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON evals.taxonomy_decisions
    FOR EACH STATEMENT EXECUTE FUNCTION evals.refuse_change();

CREATE TABLE evals.taxonomy_saturation (
    as_of_day date NOT NULL,
    origin text COLLATE "C" NOT NULL,
    last_n bigint NOT NULL,
    n_reviewed bigint NOT NULL,
    n_new_kinds bigint,
    kinds jsonb NOT NULL,
    CONSTRAINT taxonomy_saturation_key PRIMARY KEY (as_of_day, origin, last_n),
    CONSTRAINT taxonomy_saturation_origin_check CHECK (origin IN ('production', 'simulated')),
    CONSTRAINT taxonomy_saturation_last_n_check CHECK (last_n >= 1),
    CONSTRAINT taxonomy_saturation_n_reviewed_check CHECK (n_reviewed >= 0),
    CONSTRAINT taxonomy_saturation_n_new_kinds_check CHECK (n_new_kinds >= 0)
);

ALTER TABLE evals.taxonomy_proposals ADD CONSTRAINT taxonomy_proposals_part_check
    CHECK (n_sessions <= n_population AND n_before <= n_population_before);
ALTER TABLE evals.taxonomy_decisions ADD CONSTRAINT taxonomy_decisions_whole_check
    CHECK (decision = 'accepted' AND draft IS NOT NULL AND category_id IS NOT NULL
           OR decision = 'rejected' AND reason IS NOT NULL);
-- One decision a kind: a second click, or a second lead, finds it decided.
CREATE UNIQUE INDEX taxonomy_decisions_proposal_index ON evals.taxonomy_decisions (proposal_id, origin);
CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON evals.taxonomy_decisions
    FOR EACH ROW EXECUTE FUNCTION evals.audit();
