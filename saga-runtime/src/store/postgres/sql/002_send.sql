-- Sends a message in a transaction of somebody else's: when that commits, it is there, and the processes are told. `false`
-- if its id is recorded already. It is a text so that any client can call it.
CREATE FUNCTION send_1(sending text) RETURNS boolean LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    said CONSTANT json := sending;
    moment CONSTANT timestamptz := saga_now();
    horizon CONSTANT timestamptz := moment - (said ->> 'retention')::bigint * interval '1 microsecond';
BEGIN
    IF said ->> 'consumer' IS NOT NULL THEN
        INSERT INTO inbox AS i (id, consumer, at) VALUES ((said ->> 'id')::uuid, said ->> 'consumer', moment)
        ON CONFLICT (id, consumer) DO UPDATE SET at = excluded.at WHERE i.at < horizon;
        IF NOT FOUND THEN
            RETURN false;
        END IF;
    END IF;
    -- A row is numbered by a block of its own: there are enough.
    INSERT INTO message (seq, accepted_at, attempts, wait, queue, consumer, name, version, head, body)
    SELECT nextval('message_block') << 16, moment, 0, (said ->> 'wait')::smallint, queue, '', said ->> 'name',
        (said ->> 'version')::integer, decode(said ->> 'head', 'hex'), decode(said ->> 'body', 'hex')
    FROM json_array_elements_text(said -> 'queues') AS queue;
    PERFORM pg_notify('saga_' || current_schema(), '');
    RETURN true;
END $$;
