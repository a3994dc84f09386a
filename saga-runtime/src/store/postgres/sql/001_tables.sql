-- The tables. Whatever is bytes here is text or data of the application, which may hold what `text` refuses.

-- The store's one clock.
CREATE FUNCTION saga_now() RETURNS timestamptz LANGUAGE sql VOLATILE AS 'SELECT clock_timestamp()';

-- Message rows are numbered by the processes, out of blocks of 65,536: what is born need not be reported back.
CREATE SEQUENCE message_block;
CREATE SEQUENCE node_number AS integer CYCLE;

CREATE TABLE node (
    n integer PRIMARY KEY, id uuid NOT NULL, lease_until timestamptz NOT NULL
) WITH (fillfactor = 50);

-- What each node takes and opens: it is given nothing else of what waits for a build that knows it. `reader` of a message
-- is the saga that a reply is for, while it is not assigned to it yet.
CREATE TABLE known_message (
    node integer REFERENCES node ON DELETE CASCADE, queue text COLLATE "C", name text COLLATE "C",
    consumer text COLLATE "C", version integer NOT NULL, PRIMARY KEY (node, queue, name, consumer)
);
CREATE TABLE known_state (
    node integer REFERENCES node ON DELETE CASCADE, saga text COLLATE "C", state text COLLATE "C",
    version integer NOT NULL, PRIMARY KEY (node, saga, state)
);

-- The last flight of each lane: what became of it is read here when its connection broke. `epoch` shuts out a flight
-- that was given up but reaches the server after all. Lane -1 is the one that claims.
CREATE TABLE lane (
    node integer, lane integer, epoch integer NOT NULL DEFAULT 0, flight bigint NOT NULL DEFAULT 0,
    lost integer[], why integer[], claimed bigint[], PRIMARY KEY (node, lane)
) WITH (fillfactor = 10, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000);

-- A row is claimed (it has an owner), free (neither owner nor due), or waiting (it has a due). One that is born claimed
-- and then deleted, the common case, is in no index but the primary key (and later `message_held`).
CREATE TABLE message (
    seq bigint PRIMARY KEY, accepted_at timestamptz NOT NULL, due timestamptz, owner integer, attempts integer NOT NULL,
    crashes integer NOT NULL DEFAULT 0, wait smallint NOT NULL, suspect boolean NOT NULL DEFAULT false,
    queue text COLLATE "C" NOT NULL, consumer text COLLATE "C" NOT NULL, name text COLLATE "C" NOT NULL,
    version integer NOT NULL, reader text COLLATE "C", awaited_saga text COLLATE "C", awaited_key bytea, history bytea,
    head bytea NOT NULL, body bytea NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX message_free ON message (queue, consumer, accepted_at, seq)
    WHERE owner IS NULL AND due IS NULL AND wait <> 4;
CREATE INDEX message_relay ON message (accepted_at, seq) WHERE owner IS NULL AND due IS NULL AND wait = 4;
CREATE INDEX message_due ON message (due) WHERE owner IS NULL AND due IS NOT NULL;
CREATE INDEX message_absent ON message (awaited_saga, awaited_key) WHERE wait = 2 AND awaited_key IS NOT NULL;
CREATE INDEX message_unknown ON message (queue, consumer, accepted_at, seq)
    WHERE owner IS NULL AND due IS NOT NULL AND wait = 3;

-- Live instances only: it stays small and hot.
CREATE TABLE instance (
    saga text COLLATE "C", key bytea, incarnation bigint NOT NULL, version bigint NOT NULL, due timestamptz,
    created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL, saga_version integer NOT NULL,
    content_type smallint NOT NULL, state text COLLATE "C" NOT NULL, parked text, book bytea NOT NULL,
    data bytea NOT NULL, PRIMARY KEY (saga, key)
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 10000, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX instance_due ON instance (due) WHERE due IS NOT NULL;

CREATE TABLE finished (
    saga text COLLATE "C", key bytea, incarnation bigint NOT NULL, created_at timestamptz NOT NULL,
    finished_at timestamptz NOT NULL, book bytea NOT NULL, PRIMARY KEY (saga, key)
);
CREATE INDEX finished_at ON finished (finished_at);

CREATE TABLE inbox (id uuid, consumer text COLLATE "C", at timestamptz NOT NULL, PRIMARY KEY (id, consumer));
CREATE INDEX inbox_at ON inbox (at);

CREATE TABLE dead_letter (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text COLLATE "C", queue text COLLATE "C" NOT NULL,
    reason text NOT NULL, letter bytea NOT NULL
);

CREATE TABLE subscription (event text COLLATE "C", queue text COLLATE "C", PRIMARY KEY (event, queue));
