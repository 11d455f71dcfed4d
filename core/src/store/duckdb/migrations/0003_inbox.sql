-- How far the inbox of each source is consumed; moves in the transaction of the rows.
CREATE TABLE inbox_state (
    source VARCHAR NOT NULL,
    position UBIGINT NOT NULL
);

-- Events of the last days, so that a repeated delivery is known as one.
CREATE TABLE inbox_event (
    source VARCHAR NOT NULL,
    digest VARCHAR NOT NULL,
    received_at TIMESTAMP NOT NULL
);

-- Webhooks that were not understood.
CREATE TABLE dead_letter (
    source VARCHAR NOT NULL,
    position UBIGINT NOT NULL,
    event_id VARCHAR NOT NULL,
    received_at TIMESTAMP NOT NULL,
    headers VARCHAR NOT NULL,
    body BLOB NOT NULL,
    reason VARCHAR NOT NULL,
    detail VARCHAR NOT NULL
);
