-- Persons who were erased, without saying who: a receipt, and keyed hashes of what they were called.
CREATE TABLE erasure (
    receipt VARCHAR NOT NULL,
    erased_at TIMESTAMP NOT NULL,
    -- Tells the key that made the marks from another one.
    key_check VARCHAR NOT NULL,
    -- Counts, as JSON.
    report VARCHAR NOT NULL,
    -- When the bytes were gone, too.
    finished_at TIMESTAMP,
    n_webhooks UBIGINT
);

CREATE TABLE erased_mark (
    receipt VARCHAR NOT NULL,
    mark VARCHAR NOT NULL
);
