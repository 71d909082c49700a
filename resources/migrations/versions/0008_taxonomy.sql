-- The taxonomy as the database knows it: every version, its categories, and what became of each. Nothing else may be named
-- by a review, a label or a prediction.
CREATE TABLE evals.taxonomy_versions (
    taxonomy_version text COLLATE "C" NOT NULL,
    declared_version text NOT NULL,
    number bigint NOT NULL,
    tie_rule text NOT NULL,
    migration text,
    registered_by text,
    registered_at timestamptz NOT NULL,
    CONSTRAINT taxonomy_versions_key PRIMARY KEY (taxonomy_version),
    CONSTRAINT taxonomy_versions_number_check CHECK (number >= 1)
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON evals.taxonomy_versions
    FOR EACH STATEMENT EXECUTE FUNCTION evals.refuse_change();

CREATE TABLE evals.taxonomy_categories (
    taxonomy_version text COLLATE "C" NOT NULL,
    category text COLLATE "C" NOT NULL,
    position bigint NOT NULL,
    title text,
    definition text,
    includes jsonb,
    excludes jsonb,
    examples jsonb,
    owner text,
    CONSTRAINT taxonomy_categories_key PRIMARY KEY (taxonomy_version, category),
    CONSTRAINT taxonomy_categories_position_check CHECK (position >= 0)
);

CREATE TABLE evals.taxonomy_mappings (
    from_version text COLLATE "C" NOT NULL,
    from_category text COLLATE "C" NOT NULL,
    to_version text COLLATE "C" NOT NULL,
    to_category text COLLATE "C",
    kind text NOT NULL,
    rule jsonb,
    CONSTRAINT taxonomy_mappings_key PRIMARY KEY (from_version, from_category),
    CONSTRAINT taxonomy_mappings_kind_check CHECK (kind IN ('same', 'reworded', 'renamed', 'merged', 'split', 'retired'))
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON evals.taxonomy_mappings
    FOR EACH STATEMENT EXECUTE FUNCTION evals.refuse_change();

CREATE TABLE evals.label_mappings (
    session_id text COLLATE "C" NOT NULL,
    from_version text COLLATE "C" NOT NULL,
    from_category text COLLATE "C" NOT NULL,
    to_version text COLLATE "C" NOT NULL,
    to_category text COLLATE "C",
    state text NOT NULL,
    rule text,
    is_by_machine boolean NOT NULL,
    mapped_at timestamptz NOT NULL,
    CONSTRAINT label_mappings_key PRIMARY KEY (session_id, from_version, from_category, to_version),
    CONSTRAINT label_mappings_state_check CHECK (state IN ('same', 'renamed', 'merged', 'split', 'retired'))
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON evals.label_mappings
    FOR EACH STATEMENT EXECUTE FUNCTION evals.refuse_change();
ALTER TABLE evals.taxonomy_versions ADD CONSTRAINT taxonomy_versions_number_once UNIQUE (number);
ALTER TABLE evals.taxonomy_mappings
    ADD CONSTRAINT taxonomy_mappings_from_fkey FOREIGN KEY (from_version, from_category)
        REFERENCES evals.taxonomy_categories (taxonomy_version, category),
    ADD CONSTRAINT taxonomy_mappings_to_fkey FOREIGN KEY (to_version, to_category)
        REFERENCES evals.taxonomy_categories (taxonomy_version, category);
ALTER TABLE evals.label_mappings
    ADD CONSTRAINT label_mappings_from_fkey FOREIGN KEY (from_version, from_category)
        REFERENCES evals.taxonomy_categories (taxonomy_version, category),
    ADD CONSTRAINT label_mappings_to_fkey FOREIGN KEY (to_version, to_category)
        REFERENCES evals.taxonomy_categories (taxonomy_version, category);

-- A category that labels of before were found to name gets its words when its version is registered; no word is changed.
CREATE FUNCTION evals.refuse_other_words() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of evals.taxonomy_categories refused: a category that labels may name keeps its words', TG_OP
        USING ERRCODE = 'integrity_constraint_violation', TABLE = TG_TABLE_NAME, SCHEMA = TG_TABLE_SCHEMA,
              HINT = 'change catalog/taxonomy.yaml by a migration: eval-pipeline taxonomy migrate';
END
$$;
CREATE TRIGGER keeps_words BEFORE UPDATE ON evals.taxonomy_categories
    FOR EACH ROW WHEN (OLD.definition IS NOT NULL OR (OLD.taxonomy_version, OLD.category) <> (NEW.taxonomy_version, NEW.category))
    EXECUTE FUNCTION evals.refuse_other_words();
CREATE TRIGGER is_kept BEFORE DELETE OR TRUNCATE ON evals.taxonomy_categories
    FOR EACH STATEMENT EXECUTE FUNCTION evals.refuse_other_words();

-- What is stored keeps its words: they are categories of a version of which nothing else is known.
INSERT INTO evals.taxonomy_categories (taxonomy_version, category, position)
SELECT taxonomy_version, category, 0 FROM evals.reviews WHERE category IS NOT NULL
UNION
SELECT taxonomy_version, category, 0 FROM evals.human_labels WHERE category IS NOT NULL
UNION
SELECT taxonomy_version, category, 0 FROM evals.category_predictions WHERE category NOT IN ('abstain', 'error');

ALTER TABLE evals.reviews ADD CONSTRAINT reviews_category_fkey FOREIGN KEY (taxonomy_version, category)
    REFERENCES evals.taxonomy_categories (taxonomy_version, category);
ALTER TABLE evals.human_labels ADD CONSTRAINT human_labels_category_fkey FOREIGN KEY (taxonomy_version, category)
    REFERENCES evals.taxonomy_categories (taxonomy_version, category);

-- A prediction may name no category: `abstain` and `error` are none. Categories are never deleted, so a look is enough.
CREATE FUNCTION evals.refuse_unknown_category() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM evals.taxonomy_categories AS c
                   WHERE (c.taxonomy_version, c.category) = (NEW.taxonomy_version, NEW.category)) THEN
        RAISE EXCEPTION 'category % is not in taxonomy %', NEW.category, NEW.taxonomy_version
            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'category_predictions_category_fkey',
                  TABLE = TG_TABLE_NAME, SCHEMA = TG_TABLE_SCHEMA,
                  HINT = 'categories come by a change of catalog/taxonomy.yaml: eval-pipeline taxonomy migrate';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER category_is_known BEFORE INSERT OR UPDATE ON evals.category_predictions
    FOR EACH ROW WHEN (NEW.category NOT IN ('abstain', 'error')) EXECUTE FUNCTION evals.refuse_unknown_category();

-- Each category step by step, until a step leads to none. The greatest change on the way is its state, the step that leads to
-- none if there is one.
CREATE VIEW evals.current_categories AS
WITH RECURSIVE walk AS (
    SELECT taxonomy_version, category, taxonomy_version AS at_version, category AS at_category, 0 AS n_steps, 0 AS greatest
    FROM evals.taxonomy_categories
    UNION ALL
    SELECT w.taxonomy_version, w.category, m.to_version, m.to_category, w.n_steps + 1,
           CASE WHEN m.to_category IS NULL THEN k.size ELSE greatest(w.greatest, k.size) END
    FROM walk w
    JOIN evals.taxonomy_mappings m ON (m.from_version, m.from_category) = (w.at_version, w.at_category)
    JOIN (VALUES ('same', 0), ('reworded', 0), ('renamed', 1), ('merged', 2), ('retired', 3), ('split', 4)) AS k (kind, size)
        USING (kind)
)
SELECT DISTINCT ON (taxonomy_version, category) taxonomy_version, category, at_category AS current_category,
       (ARRAY['same', 'renamed', 'merged', 'retired', 'split'])[greatest + 1] AS state
FROM walk
ORDER BY taxonomy_version, category, n_steps DESC;

-- A split is decided label by label; of all other changes both say the same. What a verdict decided is left out: the lead
-- who reads the reviews is to decide blind.
CREATE VIEW evals.review_categories AS
WITH named AS (
    SELECT r.review_id, r.session_id, r.taxonomy_version, r.category,
           CASE WHEN m.session_id IS NULL THEN c.current_category WHEN NOT m.is_by_machine THEN m.to_category END
               AS current_category,
           coalesce(m.state, c.state) AS state
    FROM evals.reviews r
    JOIN evals.current_categories c USING (taxonomy_version, category)
    LEFT JOIN evals.label_mappings m
        ON (m.session_id, m.from_version, m.from_category) = (r.session_id, r.taxonomy_version, r.category)
        AND m.to_version = (SELECT taxonomy_version FROM evals.taxonomy_versions ORDER BY number DESC LIMIT 1)
)
SELECT review_id, session_id, taxonomy_version, category, current_category, state,
       CASE WHEN current_category = category THEN category
            WHEN current_category IS NULL THEN format('%s (%s since)', category, state)
            ELSE format('%s (now %s)', category, current_category) END AS read_as
FROM named;

CREATE VIEW evals.label_categories AS
SELECT l.session_id, l.session_day, l.origin, l.category, l.taxonomy_version,
       CASE WHEN m.session_id IS NULL THEN c.current_category ELSE m.to_category END AS current_category,
       coalesce(m.state, c.state) AS state, coalesce(m.is_by_machine, false) AS is_by_machine, l.label_set, l.arm, l.inclusion_probability
FROM evals.human_labels l
JOIN evals.current_categories c USING (taxonomy_version, category)
LEFT JOIN evals.label_mappings m ON (m.session_id, m.from_version, m.from_category) = (l.session_id, l.taxonomy_version, l.category)
    AND m.to_version = (SELECT taxonomy_version FROM evals.taxonomy_versions ORDER BY number DESC LIMIT 1)
WHERE l.target = 'session' AND l.label = 'fail' AND l.status = 'settled';

CREATE VIEW evals.category_rates AS
WITH named AS (
    SELECT session_day, origin, session_id, true AS is_label, coalesce(current_category, category) AS category,
           CASE WHEN current_category IS NULL THEN state ELSE 'current' END AS state
    FROM evals.label_categories
    UNION
    SELECT p.session_day, s.origin, p.session_id, false, coalesce(c.current_category, p.category),
           CASE WHEN c.current_category IS NULL THEN c.state ELSE 'current' END
    FROM evals.category_predictions p
    JOIN evals.raw_sessions s USING (session_id)
    JOIN evals.current_categories c ON (c.taxonomy_version, c.category) = (p.taxonomy_version, p.category)
), of_day AS (
    SELECT session_day, origin, count(DISTINCT session_id) FILTER (WHERE is_label) AS n_labelled_all,
           count(DISTINCT session_id) FILTER (WHERE NOT is_label) AS n_predicted_all
    FROM named GROUP BY session_day, origin
)
SELECT n.session_day, n.origin, n.category, n.state, count(*) FILTER (WHERE n.is_label) AS n_labelled, d.n_labelled_all,
       count(*) FILTER (WHERE NOT n.is_label) AS n_predicted, d.n_predicted_all
FROM named n JOIN of_day d USING (session_day, origin)
WHERE n.origin <> 'synthetic'
GROUP BY n.session_day, n.origin, n.category, n.state, d.n_labelled_all, d.n_predicted_all;
