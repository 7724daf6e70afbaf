-- One topic of the log between services; run by the owner, who is neither a writer nor a reader.
-- {table} and {number} are filled in by log_postgres.create_topics.

CREATE TABLE IF NOT EXISTS {table} (
    "offset" bigint PRIMARY KEY,
    key uuid NOT NULL,
    value bytea NOT NULL
);

-- The offset is given out under a lock that is held until the commit: offsets become visible in order, and one
-- that is rolled back is given out again. With a sequence a reader would step over the record that commits late.
-- It is the owner's function, so that no writer can name an offset of its own.
CREATE OR REPLACE FUNCTION {number}() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(TG_RELID::bigint);
    NEW."offset" := (SELECT coalesce(max(t."offset") + 1, 0) FROM public.{table} t);
    RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the log only grows: % of % refused', TG_OP, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE OR REPLACE TRIGGER number BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION {number}();
CREATE OR REPLACE TRIGGER refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Also under session_replication_role = replica.
ALTER TABLE {table} ENABLE ALWAYS TRIGGER number;
ALTER TABLE {table} ENABLE ALWAYS TRIGGER refuse_change;

-- The topic's id: another one where the table was dropped and made again. A backup of the database keeps it.
DO $$ BEGIN
    IF obj_description('{table}'::regclass) IS NULL THEN
        EXECUTE format('COMMENT ON TABLE {table} IS %L', gen_random_uuid());
    END IF;
END $$;
