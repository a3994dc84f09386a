-- Applies a flight of units. All statements of it see what the ones before them did; each is set-based and finds its
-- rows by index. Locks are taken in one order, instances, inbox, messages, each sorted, so that flights do not deadlock.
--
-- `lost` names the units whose gates did not hold, `why` says for each: 1 conflict, 2 duplicate, 3 claim lost.
-- SG001: this lane is no more, or belongs to somebody else. SG002: a gate broke after something was written for its
-- unit; `careful` looks at all gates first.
CREATE FUNCTION commit_1(
    p_node integer, p_lane integer, p_epoch integer, p_flight bigint, p_retention bigint, careful boolean,
    start_unit integer[], start_saga text[], start_key bytea[], start_incarnation bigint[], start_version bigint[],
    start_due timestamptz[], start_created timestamptz[], start_updated timestamptz[], start_saga_version integer[],
    start_content smallint[], start_state text[], start_parked text[], start_book bytea[], start_data bytea[],
    step_unit integer[], step_saga text[], step_key bytea[], step_expect bigint[], step_incarnation bigint[],
    step_version bigint[], step_due timestamptz[], step_created timestamptz[], step_updated timestamptz[],
    step_saga_version integer[], step_content smallint[], step_state text[], step_parked text[], step_book bytea[],
    step_data bytea[],
    end_unit integer[], end_saga text[], end_key bytea[], end_expect bigint[], end_incarnation bigint[],
    end_created timestamptz[], end_at timestamptz[], end_book bytea[],
    look_unit integer[], look_saga text[], look_key bytea[], look_expect bigint[],
    inbox_unit integer[], inbox_id uuid[], inbox_consumer text[],
    gone_unit integer[], gone_seq bigint[],
    park_unit integer[], park_seq bigint[], park_wait smallint[], park_due timestamptz[], park_attempts integer[],
    park_crashes integer[], park_history bytea[], park_saga text[], park_key bytea[], park_keep boolean[],
    out_unit integer[], out_seq bigint[], out_claimed boolean[], out_wait smallint[], out_due timestamptz[],
    out_attempts integer[], out_queue text[], out_consumer text[], out_name text[], out_version integer[],
    out_reader text[], out_saga text[], out_key bytea[], out_history bytea[], out_head bytea[], out_body bytea[],
    dead_unit integer[], dead_name text[], dead_queue text[], dead_reason text[], dead_letters bytea[],
    OUT lost integer[], OUT why integer[], OUT released bigint
) LANGUAGE plpgsql AS $$
DECLARE
    moment CONSTANT timestamptz := saga_now();
    horizon CONSTANT timestamptz := moment - p_retention * interval '1 microsecond';
    held integer[];
    gone bigint[] := gone_seq;
    changed bigint;
    wanted bigint;
BEGIN
    lost := '{}';
    why := '{}';
    released := 0;
    UPDATE lane SET flight = p_flight, lost = NULL, why = NULL
    WHERE node = p_node AND lane.lane = p_lane AND epoch = p_epoch;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'this node was taken for dead, or its lane was taken over' USING ERRCODE = 'SG001';
    END IF;

    IF careful THEN
        SELECT coalesce(array_agg(DISTINCT u.unit), '{}') INTO lost
        FROM unnest(gone_unit || park_unit, gone_seq || park_seq) AS u (unit, seq)
        WHERE NOT EXISTS (SELECT FROM message m WHERE m.seq = u.seq AND m.owner = p_node);
        why := array_fill(3, ARRAY[cardinality(lost)]);
        SELECT coalesce(array_agg(u.unit), '{}') INTO held
        FROM unnest(start_unit, start_saga, start_key) AS u (unit, saga, key)
        WHERE EXISTS (SELECT FROM instance i WHERE i.saga = u.saga AND i.key = u.key) AND NOT u.unit = ANY (lost);
        lost := lost || held;
        why := why || array_fill(1, ARRAY[cardinality(held)]);
    END IF;

    IF cardinality(inbox_unit) > 0 THEN
        SELECT coalesce(array_agg(DISTINCT u.unit), '{}') INTO held
        FROM unnest(inbox_unit, inbox_id, inbox_consumer) AS u (unit, id, consumer)
        JOIN inbox i ON i.id = u.id AND i.consumer = u.consumer
        WHERE i.at >= horizon AND NOT u.unit = ANY (lost);
        lost := lost || held;
        why := why || array_fill(2, ARRAY[cardinality(held)]);
    END IF;

    IF cardinality(start_unit) > 0 THEN
        wanted := cardinality(start_unit);
        IF cardinality(lost) > 0 THEN
            SELECT count(*) INTO wanted FROM unnest(start_unit) AS u (unit) WHERE NOT u.unit = ANY (lost);
        END IF;
        INSERT INTO instance (saga, key, incarnation, version, due, created_at, updated_at, saga_version,
            content_type, state, parked, book, data)
        SELECT u.saga, u.key, u.incarnation, u.version, u.due, u.created, u.updated, u.saga_version, u.content,
            u.state, u.parked, u.book, u.data
        FROM unnest(start_unit, start_saga, start_key, start_incarnation, start_version, start_due, start_created,
            start_updated, start_saga_version, start_content, start_state, start_parked, start_book, start_data)
            AS u (unit, saga, key, incarnation, version, due, created, updated, saga_version, content, state, parked,
                book, data)
        WHERE NOT u.unit = ANY (lost)
        ON CONFLICT DO NOTHING;
        GET DIAGNOSTICS changed = ROW_COUNT;
        IF changed < wanted THEN
            RAISE EXCEPTION 'an instance is there already' USING ERRCODE = 'SG002';
        END IF;
        -- After the row is there: whoever ended the key's last life just now has committed its tombstone by now.
        SELECT array_agg(u.unit) INTO held
        FROM unnest(start_unit, start_saga, start_key) AS u (unit, saga, key)
        JOIN finished f ON f.saga = u.saga AND f.key = u.key
        WHERE f.finished_at >= horizon AND NOT u.unit = ANY (lost);
        IF held IS NOT NULL THEN
            DELETE FROM instance i USING unnest(start_unit, start_saga, start_key) AS u (unit, saga, key)
            WHERE i.saga = u.saga AND i.key = u.key AND u.unit = ANY (held);
            lost := lost || held;
            why := why || array_fill(1, ARRAY[cardinality(held)]);
        END IF;
        IF EXISTS (SELECT FROM message WHERE wait = 2 AND awaited_key IS NOT NULL) THEN
            UPDATE message m SET due = NULL, awaited_saga = NULL, awaited_key = NULL
            FROM unnest(start_unit, start_saga, start_key) AS u (unit, saga, key)
            WHERE m.wait = 2 AND m.awaited_key IS NOT NULL AND m.awaited_saga = u.saga AND m.awaited_key = u.key
            AND m.owner IS NULL AND NOT u.unit = ANY (lost);
            GET DIAGNOSTICS released = ROW_COUNT;
        END IF;
    END IF;

    IF cardinality(step_unit) > 0 THEN
        WITH stepped AS (
            UPDATE instance i SET incarnation = u.incarnation, version = u.version, due = u.due,
                created_at = u.created, updated_at = u.updated, saga_version = u.saga_version,
                content_type = u.content, state = u.state, parked = u.parked, book = u.book, data = u.data
            FROM unnest(step_unit, step_saga, step_key, step_expect, step_incarnation, step_version, step_due,
                step_created, step_updated, step_saga_version, step_content, step_state, step_parked, step_book,
                step_data) AS u (unit, saga, key, expect, incarnation, version, due, created, updated, saga_version,
                    content, state, parked, book, data)
            WHERE i.saga = u.saga AND i.key = u.key AND i.version = u.expect AND NOT u.unit = ANY (lost)
            RETURNING u.unit
        ) SELECT array_agg(unit) INTO held FROM stepped;
        IF cardinality(held) IS DISTINCT FROM cardinality(step_unit) THEN
            held := ARRAY(SELECT unnest(step_unit) EXCEPT SELECT unnest(held || lost));
            lost := lost || held;
            why := why || array_fill(1, ARRAY[cardinality(held)]);
        END IF;
    END IF;

    IF cardinality(end_unit) > 0 THEN
        WITH ended AS (
            DELETE FROM instance i
            USING unnest(end_unit, end_saga, end_key, end_expect) AS u (unit, saga, key, expect)
            WHERE i.saga = u.saga AND i.key = u.key AND i.version = u.expect AND NOT u.unit = ANY (lost)
            RETURNING u.unit
        ) SELECT array_agg(unit) INTO held FROM ended;
        IF cardinality(held) IS DISTINCT FROM cardinality(end_unit) THEN
            held := ARRAY(SELECT unnest(end_unit) EXCEPT SELECT unnest(held || lost));
            lost := lost || held;
            why := why || array_fill(1, ARRAY[cardinality(held)]);
        END IF;
        INSERT INTO finished AS f (saga, key, incarnation, created_at, finished_at, book)
        SELECT u.saga, u.key, u.incarnation, u.created, u.finished, u.book
        FROM unnest(end_unit, end_saga, end_key, end_incarnation, end_created, end_at, end_book)
            AS u (unit, saga, key, incarnation, created, finished, book)
        WHERE NOT u.unit = ANY (lost)
        ON CONFLICT (saga, key) DO UPDATE SET incarnation = excluded.incarnation, created_at = excluded.created_at,
            finished_at = excluded.finished_at, book = excluded.book;
    END IF;

    IF cardinality(look_unit) > 0 THEN
        WITH seen AS (
            SELECT u.unit FROM unnest(look_unit, look_saga, look_key, look_expect) AS u (unit, saga, key, expect)
            JOIN instance i ON i.saga = u.saga AND i.key = u.key AND i.version = u.expect
            FOR SHARE OF i
        ) SELECT array_agg(unit) INTO held FROM seen;
        held := held || ARRAY(
            SELECT u.unit FROM unnest(look_unit, look_saga, look_key, look_expect) AS u (unit, saga, key, expect)
            WHERE u.expect IS NULL
            AND NOT EXISTS (SELECT FROM instance i WHERE i.saga = u.saga AND i.key = u.key)
            AND NOT EXISTS (SELECT FROM finished f
                WHERE f.saga = u.saga AND f.key = u.key AND f.finished_at >= horizon));
        IF cardinality(held) < cardinality(look_unit) THEN
            held := ARRAY(SELECT unnest(look_unit) EXCEPT SELECT unnest(held || lost));
            lost := lost || held;
            why := why || array_fill(1, ARRAY[cardinality(held)]);
        END IF;
    END IF;

    IF cardinality(inbox_unit) > 0 THEN
        INSERT INTO inbox AS i (id, consumer, at)
        SELECT u.id, u.consumer, moment FROM unnest(inbox_unit, inbox_id, inbox_consumer) AS u (unit, id, consumer)
        WHERE NOT u.unit = ANY (lost)
        ON CONFLICT (id, consumer) DO UPDATE SET at = excluded.at WHERE i.at < horizon;
        GET DIAGNOSTICS changed = ROW_COUNT;
        SELECT count(*) INTO wanted FROM unnest(inbox_unit) AS u (unit) WHERE NOT u.unit = ANY (lost);
        IF changed < wanted THEN
            RAISE EXCEPTION 'an id is recorded already' USING ERRCODE = 'SG002';
        END IF;
    END IF;

    IF cardinality(gone) > 0 THEN
        IF cardinality(lost) > 0 THEN
            gone := ARRAY(SELECT u.seq FROM unnest(gone_unit, gone_seq) AS u (unit, seq)
                WHERE NOT u.unit = ANY (lost) ORDER BY u.seq);
        END IF;
        DELETE FROM message WHERE seq = ANY (gone) AND owner = p_node;
        GET DIAGNOSTICS changed = ROW_COUNT;
        IF changed < cardinality(gone) THEN
            RAISE EXCEPTION 'a message is no longer claimed' USING ERRCODE = 'SG002';
        END IF;
    END IF;

    IF cardinality(park_unit) > 0 THEN
        UPDATE message m SET attempts = u.attempts, crashes = u.crashes, history = u.history,
            owner = CASE WHEN u.keep THEN m.owner END,
            suspect = u.keep AND m.suspect,
            wait = CASE WHEN u.keep THEN m.wait ELSE u.wait END,
            due = CASE WHEN u.keep OR there.found THEN NULL ELSE u.due END,
            awaited_saga = CASE WHEN NOT u.keep AND NOT there.found THEN u.saga END,
            awaited_key = CASE WHEN NOT u.keep AND NOT there.found THEN u.key END
        FROM unnest(park_unit, park_seq, park_wait, park_due, park_attempts, park_crashes, park_history, park_saga,
            park_key, park_keep) AS u (unit, seq, wait, due, attempts, crashes, history, saga, key, keep),
            LATERAL (SELECT u.wait = 2 AND EXISTS (SELECT FROM instance i WHERE i.saga = u.saga AND i.key = u.key))
                AS there (found)
        WHERE m.seq = u.seq AND m.owner = p_node AND NOT u.unit = ANY (lost);
        GET DIAGNOSTICS changed = ROW_COUNT;
        SELECT count(*) INTO wanted FROM unnest(park_unit) AS u (unit) WHERE NOT u.unit = ANY (lost);
        IF changed < wanted THEN
            RAISE EXCEPTION 'a message is no longer claimed' USING ERRCODE = 'SG002';
        END IF;
    END IF;

    IF cardinality(out_unit) > 0 THEN
        INSERT INTO message (seq, accepted_at, due, owner, attempts, wait, queue, consumer, name, version,
            reader, awaited_saga, awaited_key, history, head, body)
        SELECT u.seq, moment,
            CASE WHEN u.wait <> 2 OR NOT EXISTS (SELECT FROM instance i WHERE i.saga = u.saga AND i.key = u.key)
                THEN u.due END,
            CASE WHEN u.claimed THEN p_node END, u.attempts, u.wait, u.queue, u.consumer, u.name, u.version, u.reader,
            u.saga, u.key, u.history, u.head, u.body
        FROM unnest(out_unit, out_seq, out_claimed, out_wait, out_due, out_attempts, out_queue, out_consumer,
            out_name, out_version, out_reader, out_saga, out_key, out_history, out_head, out_body)
            AS u (unit, seq, claimed, wait, due, attempts, queue, consumer, name, version, reader, saga, key, history,
                head, body)
        WHERE NOT u.unit = ANY (lost);
    END IF;

    IF cardinality(dead_unit) > 0 THEN
        INSERT INTO dead_letter (name, queue, reason, letter)
        SELECT u.name, u.queue, u.reason, u.letter
        FROM unnest(dead_unit, dead_name, dead_queue, dead_reason, dead_letters)
            AS u (unit, name, queue, reason, letter)
        WHERE NOT u.unit = ANY (lost);
    END IF;

    IF cardinality(lost) > 0 THEN
        UPDATE lane SET lost = commit_1.lost, why = commit_1.why WHERE node = p_node AND lane.lane = p_lane;
    END IF;
END $$;
