-- Renews a node's lease, gives back what dead nodes had claimed, frees what need not wait any longer, removes what is
-- past its retention. One process at a time does the work for all; the others only renew.
CREATE FUNCTION beat_1(
    p_node integer, p_lease bigint, p_retention bigint, chunk bigint,
    OUT alive boolean, OUT adopted bigint, OUT collected bigint, OUT more boolean, OUT released bigint
) LANGUAGE plpgsql AS $$
DECLARE
    moment CONSTANT timestamptz := saga_now();
    horizon CONSTANT timestamptz := moment - p_retention * interval '1 microsecond';
    dead integer[];
    entries bigint;
BEGIN
    adopted := 0;
    collected := 0;
    released := 0;
    more := false;
    UPDATE node SET lease_until = moment + p_lease * interval '1 microsecond' WHERE n = p_node;
    alive := FOUND;

    -- Nothing is done about it but to ask for it.
    SELECT count(*) INTO released FROM (
        SELECT FROM message m WHERE m.owner IS NULL AND m.due IS NOT NULL AND m.wait = 3 AND is_known_1(p_node, m)
        LIMIT 1) AS one;

    IF NOT pg_try_advisory_xact_lock('message'::regclass::oid::integer, 1) THEN
        RETURN;
    END IF;

    dead := ARRAY(SELECT n FROM node WHERE lease_until < moment AND n <> p_node ORDER BY n FOR UPDATE);
    IF cardinality(dead) > 0 THEN
        -- First its lanes: that waits for flights still under way, and lets no later one through.
        DELETE FROM lane WHERE node = ANY (dead);
        DELETE FROM node WHERE n = ANY (dead);
        UPDATE message SET owner = NULL, suspect = true WHERE owner = ANY (dead);
        GET DIAGNOSTICS adopted = ROW_COUNT;
    END IF;

    -- Two that did not see each other: one that began an instance, and one that set a message to wait for it.
    IF EXISTS (SELECT FROM message WHERE wait = 2 AND awaited_key IS NOT NULL) THEN
        UPDATE message m SET due = NULL, awaited_saga = NULL, awaited_key = NULL FROM instance i
        WHERE m.wait = 2 AND m.awaited_key IS NOT NULL AND m.owner IS NULL
        AND i.saga = m.awaited_saga AND i.key = m.awaited_key;
        GET DIAGNOSTICS entries = ROW_COUNT;
        released := released + entries;
    END IF;

    DELETE FROM finished WHERE (saga, key) IN (
        SELECT saga, key FROM finished WHERE finished_at < horizon ORDER BY finished_at LIMIT chunk);
    GET DIAGNOSTICS collected = ROW_COUNT;
    DELETE FROM inbox WHERE (id, consumer) IN (
        SELECT id, consumer FROM inbox WHERE inbox.at < horizon ORDER BY inbox.at LIMIT chunk);
    GET DIAGNOSTICS entries = ROW_COUNT;
    more := greatest(collected, entries) = chunk;
    collected := collected + entries;
END $$;
