-- What was foreseen of a bucket, by question and how far ahead; the first that was said stays.
CREATE TABLE forecast (
    -- A hash of what was asked: nothing of it can be read.
    question VARCHAR NOT NULL,
    bucket_start TIMESTAMP NOT NULL,
    ahead UTINYINT NOT NULL,
    made_at TIMESTAMP NOT NULL,
    value DOUBLE NOT NULL,
    likely_low DOUBLE NOT NULL,
    likely_high DOUBLE NOT NULL,
    possible_low DOUBLE,
    possible_high DOUBLE
);
