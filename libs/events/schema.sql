-- The event store of one service. Run by the role that owns the database's tables, never by the service's own.

CREATE TABLE heads (
    -- One row an alliance: its writer's lock, and the reason why a sequence has no hole. A bigserial would be
    -- handed out before commit, and a reader following it would pass over the event that commits late.
    alliance_id uuid PRIMARY KEY,
    last_sequence bigint NOT NULL DEFAULT 0,
    relayed_sequence bigint NOT NULL DEFAULT 0,
    CHECK (0 <= relayed_sequence AND relayed_sequence <= last_sequence)
);
CREATE INDEX heads_to_relay ON heads (alliance_id) WHERE relayed_sequence < last_sequence;

CREATE TABLE events (
    alliance_id uuid NOT NULL,
    sequence bigint NOT NULL CHECK (sequence > 0),
    stream text NOT NULL,
    version integer NOT NULL CHECK (version > 0),
    event_id text NOT NULL UNIQUE,
    type text NOT NULL,
    body bytea NOT NULL, -- never jsonb: it re-orders, and a hash covers these bytes
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (alliance_id, sequence),
    UNIQUE (alliance_id, stream, version)
);

CREATE TABLE receipts (
    -- Only of successes: a refusal leaves nothing. Kept at least 24 hours.
    caller text NOT NULL,
    alliance_id uuid NOT NULL,
    key text NOT NULL,
    fingerprint bytea NOT NULL,
    answer bytea NOT NULL,
    kept_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (caller, alliance_id, key)
);
CREATE INDEX receipts_kept_at ON receipts (kept_at);

CREATE TABLE deadlines (
    -- What shall happen at a time of its own: a poller then issues the command, as actor `system`.
    alliance_id uuid NOT NULL,
    stream text NOT NULL,
    name text NOT NULL,
    due_at timestamptz NOT NULL,
    PRIMARY KEY (alliance_id, stream, name)
);
CREATE INDEX deadlines_due_at ON deadlines (due_at);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on % is refused: what is recorded stays as it is', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
-- Also under session_replication_role = replica.
ALTER TABLE events ENABLE ALWAYS TRIGGER append_only;

-- The start of a command in one round trip, each step with a snapshot of its own (READ COMMITTED, VOLATILE):
-- what is read after the lock is what the last writer left. In one plain statement it would not be.
CREATE FUNCTION command_begin(
    p_caller text, p_alliance uuid, p_key text, p_stream text, p_after integer,
    OUT outcome text, OUT fingerprint bytea, OUT answer bytea, OUT last_sequence bigint, OUT bodies bytea[]
) LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    IF p_key IS NOT NULL THEN
        IF NOT pg_try_advisory_xact_lock(hashtextextended(p_caller || ' ' || p_alliance || ' ' || p_key, 0)) THEN
            outcome := 'in_flight';
            RETURN;
        END IF;
        SELECT r.fingerprint, r.answer INTO fingerprint, answer FROM receipts r
            WHERE r.caller = p_caller AND r.alliance_id = p_alliance AND r.key = p_key;
        IF FOUND THEN
            outcome := 'replay';
            RETURN;
        END IF;
    END IF;
    last_sequence := lock_head(p_alliance);
    SELECT coalesce(array_agg(e.body ORDER BY e.version), '{}') INTO bodies FROM events e
        WHERE e.alliance_id = p_alliance AND e.stream = p_stream AND e.version > p_after;
    outcome := 'go';
END $$;

CREATE FUNCTION lock_head(p_alliance uuid) RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    last bigint;
BEGIN
    SELECT h.last_sequence INTO last FROM heads h WHERE h.alliance_id = p_alliance FOR UPDATE;
    IF NOT FOUND THEN
        INSERT INTO heads (alliance_id) VALUES (p_alliance) ON CONFLICT DO NOTHING;
        SELECT h.last_sequence INTO last FROM heads h WHERE h.alliance_id = p_alliance FOR UPDATE;
    END IF;
    RETURN last;
END $$;

-- Appends under the lock that `lock_head` took: the numbers follow on the head's, or nothing is written.
CREATE FUNCTION append_events(
    p_alliance uuid, p_last bigint, p_streams text[], p_versions integer[], p_ids text[], p_types text[],
    p_bodies bytea[]
) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    UPDATE heads SET last_sequence = p_last + cardinality(p_bodies)
        WHERE alliance_id = p_alliance AND last_sequence = p_last;
    IF NOT FOUND THEN
        -- A fault of the program (the lock was not held), so none that a retry would heal.
        RAISE EXCEPTION 'the head of alliance % is not at %', p_alliance, p_last
            USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    INSERT INTO events (alliance_id, sequence, stream, version, event_id, type, body)
        SELECT p_alliance, p_last + n, stream, version, event_id, type, body
        FROM unnest(p_streams, p_versions, p_ids, p_types, p_bodies)
            WITH ORDINALITY AS new (stream, version, event_id, type, body, n);
END $$;

-- The relay's mark, in one round trip. It does not wait for the disk, since the head is a command's lock: a mark
-- lost in a crash has events sent twice, and followers pass duplicates over.
CREATE FUNCTION move_relayed(p_alliance uuid, p_from bigint, p_to bigint) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    UPDATE heads SET relayed_sequence = p_to WHERE alliance_id = p_alliance AND relayed_sequence = p_from;
END $$;
