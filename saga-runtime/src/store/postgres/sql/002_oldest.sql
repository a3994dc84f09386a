-- What is claimed is found without a look at all that waits: for the oldest message of a consumer, and for what a dead node
-- had. A row that is born claimed costs one entry more.
CREATE INDEX message_held ON message (owner) WHERE owner IS NOT NULL;

-- When the oldest ready message that concerns each consumer was accepted, claimed or not.
CREATE OR REPLACE FUNCTION oldest_1(p_queue text[], p_consumer text[]) RETURNS timestamptz[]
LANGUAGE plpgsql AS $$
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
