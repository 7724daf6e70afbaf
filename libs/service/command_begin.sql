-- The start of a command together with who stands where, in one round trip. The document is read under the head's
-- lock, with a snapshot of its own, and left out where the caller has that of this sequence already.
CREATE FUNCTION command_begin_standing(
    p_caller text, p_alliance uuid, p_key text, p_stream text, p_after integer, p_known bigint,
    OUT outcome text, OUT fingerprint bytea, OUT answer bytea, OUT last_sequence bigint, OUT bodies bytea[],
    OUT standing_sequence bigint, OUT standing_document bytea
) LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    SELECT * INTO outcome, fingerprint, answer, last_sequence, bodies
        FROM command_begin(p_caller, p_alliance, p_key, p_stream, p_after);
    IF outcome = 'go' THEN
        SELECT s.sequence, CASE WHEN s.sequence <> p_known THEN s.document END
            INTO standing_sequence, standing_document
            FROM standing s WHERE s.alliance_id = p_alliance;
    END IF;
END $$;
