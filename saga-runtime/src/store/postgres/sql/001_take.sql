-- Whether a node takes a message and, where it needs an instance that is alive, opens that.
CREATE FUNCTION is_known_1(p_node integer, m message) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM known_message k WHERE k.node = p_node AND k.queue = m.queue AND k.name = m.name
            AND k.version >= m.version AND coalesce(m.reader, nullif(m.consumer, ''), k.consumer) = k.consumer)
        AND NOT EXISTS (SELECT FROM instance i WHERE i.saga = m.awaited_saga AND i.key = m.awaited_key
            AND NOT EXISTS (SELECT FROM known_state s WHERE s.node = p_node AND s.saga = i.saga
                AND s.state = i.state AND s.version >= i.saga_version))
$$;

-- Claims messages, and writes down which. For each claim, and once more for what waits to be relayed, one row without a `seq` says whether more
-- was ready; the rest are the messages. A node whose lease runs out soon renews it first: SG001 if it was taken for dead.
CREATE FUNCTION claim_1(
    p_node integer, p_epoch integer, p_flight bigint, p_lease bigint, p_queue text[], p_consumer text[], p_limit bigint[], p_bytes bigint, p_relay bigint
) RETURNS TABLE (
    claim integer, more boolean, seq bigint, accepted_at timestamptz, attempts integer, crashes integer, wait smallint,
    suspect boolean, queue text, consumer text, history bytea, head bytea, body bytea
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    moment CONSTANT timestamptz := saga_now();
    lease CONSTANT interval := p_lease * interval '1 microsecond';
    mine timestamptz;
    "left" bigint := p_bytes;
    spent boolean := false;
    found_seq bigint;
    bytes bigint;
    seqs bigint[];
    all_seqs bigint[] := '{}';
    rest boolean;
    most bigint;
    ready refcursor;
BEGIN
    -- Held until the end, so that whoever takes this node for dead waits for what is claimed here.
    PERFORM FROM lane WHERE node = p_node AND lane = -1 AND epoch = p_epoch FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'this node was taken for dead' USING ERRCODE = 'SG001';
    END IF;
    SELECT node.lease_until INTO mine FROM node WHERE n = p_node;
    IF mine < moment + lease / 3 THEN
        UPDATE node SET lease_until = moment + lease WHERE n = p_node;
    END IF;

    IF EXISTS (SELECT FROM message m WHERE m.owner IS NULL AND m.due <= moment) THEN
        UPDATE message m SET due = NULL, awaited_saga = NULL, awaited_key = NULL WHERE m.seq = ANY (ARRAY(
            SELECT w.seq FROM message w WHERE w.owner IS NULL AND w.due <= moment
            ORDER BY w.due LIMIT 1000 FOR UPDATE SKIP LOCKED));
    END IF;

    FOR nth IN 1 .. cardinality(p_queue) + 1 LOOP
        EXIT WHEN nth > cardinality(p_queue) AND p_relay = 0;
        most := coalesce(p_limit[nth], p_relay);
        seqs := '{}';
        rest := false;
        FOR pass IN 1 .. 2 LOOP
            EXIT WHEN rest;
            IF nth > cardinality(p_queue) THEN
                EXIT WHEN pass = 2;
                OPEN ready FOR SELECT m.seq, octet_length(m.body) FROM message m
                    WHERE m.owner IS NULL AND m.due IS NULL AND m.wait = 4
                    ORDER BY m.accepted_at, m.seq LIMIT most FOR UPDATE SKIP LOCKED;
            ELSIF pass = 1 THEN
                -- What waits for a build that knows it, as this one does. It keeps its due time: if this node dies, it
                -- waits again.
                OPEN ready FOR SELECT m.seq, octet_length(m.body) FROM message m
                    WHERE m.queue = p_queue[nth] AND m.consumer = p_consumer[nth] AND m.owner IS NULL
                    AND m.due IS NOT NULL AND m.wait = 3 AND is_known_1(p_node, m)
                    ORDER BY m.accepted_at, m.seq LIMIT most + 1 FOR UPDATE SKIP LOCKED;
            ELSE
                OPEN ready FOR SELECT m.seq, octet_length(m.body) FROM message m
                    WHERE m.queue = p_queue[nth] AND m.consumer = p_consumer[nth] AND m.owner IS NULL
                    AND m.due IS NULL AND m.wait <> 4
                    ORDER BY m.accepted_at, m.seq LIMIT most - cardinality(seqs) + 1 FOR UPDATE SKIP LOCKED;
            END IF;
            LOOP
                FETCH ready INTO found_seq, bytes;
                EXIT WHEN NOT FOUND;
                IF cardinality(seqs) = most OR spent AND bytes > "left" THEN
                    rest := true;
                    EXIT;
                END IF;
                spent := true;
                "left" := greatest("left" - bytes, 0);
                seqs := seqs || found_seq;
            END LOOP;
            CLOSE ready;
        END LOOP;
        all_seqs := all_seqs || seqs;
        claim := nth;
        more := rest;
        RETURN NEXT;
        RETURN QUERY UPDATE message m SET owner = p_node WHERE m.seq = ANY (seqs)
            RETURNING nth, NULL::boolean, m.seq, m.accepted_at, m.attempts, m.crashes, m.wait, m.suspect, m.queue,
                m.consumer, m.history, m.head, m.body;
    END LOOP;
    UPDATE lane SET flight = p_flight, claimed = all_seqs WHERE node = p_node AND lane = -1;
END $$;

-- When the oldest ready message that concerns each consumer was accepted, claimed or not.
CREATE FUNCTION oldest_1(p_queue text[], p_consumer text[]) RETURNS timestamptz[]
LANGUAGE plpgsql SET enable_seqscan = on AS $$
DECLARE
    oldest timestamptz[];
BEGIN
    WITH held AS MATERIALIZED (
        SELECT m.queue, m.consumer, min(m.accepted_at) AS at FROM message m
        WHERE m.owner IS NOT NULL AND m.wait = 0 GROUP BY m.queue, m.consumer
    ) SELECT array_agg(least(
        (SELECT min(h.at) FROM held h WHERE h.queue = u.queue AND h.consumer IN (u.consumer, '')),
        (SELECT m.accepted_at FROM message m WHERE m.queue = u.queue AND m.consumer = u.consumer
            AND m.owner IS NULL AND m.due IS NULL AND m.wait <> 4 AND m.wait = 0 ORDER BY m.accepted_at, m.seq LIMIT 1),
        (SELECT m.accepted_at FROM message m WHERE m.queue = u.queue AND m.consumer = ''
            AND m.owner IS NULL AND m.due IS NULL AND m.wait <> 4 AND m.wait = 0 ORDER BY m.accepted_at, m.seq LIMIT 1)
    ) ORDER BY u.nth) INTO oldest
    FROM unnest(p_queue, p_consumer) WITH ORDINALITY AS u (queue, consumer, nth);
    RETURN oldest;
END $$;
