-- Records: per kind the current live rows, and beside them every other version.
-- The columns between `source` and `bucket_time` are the kind's, in schema order (a test compares).
-- There is no primary key: deleting and inserting one key in a transaction would fail, and the
-- commit already decides which rows exist.

CREATE TABLE response (
    "key" UBIGINT NOT NULL,
    "source" VARCHAR NOT NULL,
    "id" VARCHAR NOT NULL,
    "updated_at" TIMESTAMP NOT NULL,
    "revision" UBIGINT,
    "deleted" BOOLEAN NOT NULL,
    "attributes" VARCHAR,
    "survey" VARCHAR,
    "survey_name" VARCHAR,
    "question" VARCHAR,
    "question_text" VARCHAR,
    "metric" VARCHAR,
    "score" DOUBLE,
    "scale_min" DOUBLE,
    "scale_max" DOUBLE,
    "direction" VARCHAR,
    "response" VARCHAR,
    "responded_at" TIMESTAMP,
    "status" VARCHAR,
    "mode" VARCHAR,
    "is_test" BOOLEAN,
    "anonymous" BOOLEAN,
    "customer" VARCHAR,
    "agent" VARCHAR,
    "ticket" VARCHAR,
    "channel" VARCHAR,
    "language" VARCHAR,
    "comment" VARCHAR,
    "bucket_time" TIMESTAMP,
    "digest" UBIGINT NOT NULL,
    "known_at" TIMESTAMP NOT NULL,
    "person" UBIGINT,
    "served_by" UBIGINT
);

CREATE TABLE response_history (
    "key" UBIGINT NOT NULL,
    "source" VARCHAR NOT NULL,
    "id" VARCHAR NOT NULL,
    "updated_at" TIMESTAMP NOT NULL,
    "revision" UBIGINT,
    "deleted" BOOLEAN NOT NULL,
    "attributes" VARCHAR,
    "survey" VARCHAR,
    "survey_name" VARCHAR,
    "question" VARCHAR,
    "question_text" VARCHAR,
    "metric" VARCHAR,
    "score" DOUBLE,
    "scale_min" DOUBLE,
    "scale_max" DOUBLE,
    "direction" VARCHAR,
    "response" VARCHAR,
    "responded_at" TIMESTAMP,
    "status" VARCHAR,
    "mode" VARCHAR,
    "is_test" BOOLEAN,
    "anonymous" BOOLEAN,
    "customer" VARCHAR,
    "agent" VARCHAR,
    "ticket" VARCHAR,
    "channel" VARCHAR,
    "language" VARCHAR,
    "comment" VARCHAR,
    "bucket_time" TIMESTAMP,
    "digest" UBIGINT NOT NULL,
    "known_at" TIMESTAMP NOT NULL,
    "person" UBIGINT,
    "served_by" UBIGINT
);

CREATE TABLE invitation (
    "key" UBIGINT NOT NULL,
    "source" VARCHAR NOT NULL,
    "id" VARCHAR NOT NULL,
    "updated_at" TIMESTAMP NOT NULL,
    "revision" UBIGINT,
    "deleted" BOOLEAN NOT NULL,
    "attributes" VARCHAR,
    "survey" VARCHAR,
    "sent_at" TIMESTAMP,
    "delivered" BOOLEAN,
    "opened_at" TIMESTAMP,
    "channel" VARCHAR,
    "customer" VARCHAR,
    "agent" VARCHAR,
    "ticket" VARCHAR,
    "response" VARCHAR,
    "bucket_time" TIMESTAMP,
    "digest" UBIGINT NOT NULL,
    "known_at" TIMESTAMP NOT NULL,
    "person" UBIGINT,
    "served_by" UBIGINT
);

CREATE TABLE invitation_history (
    "key" UBIGINT NOT NULL,
    "source" VARCHAR NOT NULL,
    "id" VARCHAR NOT NULL,
    "updated_at" TIMESTAMP NOT NULL,
    "revision" UBIGINT,
    "deleted" BOOLEAN NOT NULL,
    "attributes" VARCHAR,
    "survey" VARCHAR,
    "sent_at" TIMESTAMP,
    "delivered" BOOLEAN,
    "opened_at" TIMESTAMP,
    "channel" VARCHAR,
    "customer" VARCHAR,
    "agent" VARCHAR,
    "ticket" VARCHAR,
    "response" VARCHAR,
    "bucket_time" TIMESTAMP,
    "digest" UBIGINT NOT NULL,
    "known_at" TIMESTAMP NOT NULL,
    "person" UBIGINT,
    "served_by" UBIGINT
);

CREATE TABLE ticket (
    "key" UBIGINT NOT NULL,
    "source" VARCHAR NOT NULL,
    "id" VARCHAR NOT NULL,
    "updated_at" TIMESTAMP NOT NULL,
    "revision" UBIGINT,
    "deleted" BOOLEAN NOT NULL,
    "attributes" VARCHAR,
    "created_at" TIMESTAMP,
    "first_reply_at" TIMESTAMP,
    "first_solved_at" TIMESTAMP,
    "solved_at" TIMESTAMP,
    "closed_at" TIMESTAMP,
    "reopens" UBIGINT,
    "replies" UBIGINT,
    "status" VARCHAR,
    "priority" VARCHAR,
    "channel" VARCHAR,
    "category" VARCHAR,
    "tags" VARCHAR[],
    "agent" VARCHAR,
    "team" VARCHAR,
    "customer" VARCHAR,
    "handled_by" VARCHAR,
    "handed_off_at" TIMESTAMP,
    "sla_due_at" TIMESTAMP,
    "sla_met" BOOLEAN,
    "business_first_reply_s" DOUBLE,
    "business_resolution_s" DOUBLE,
    "bucket_time" TIMESTAMP,
    "digest" UBIGINT NOT NULL,
    "known_at" TIMESTAMP NOT NULL,
    "person" UBIGINT,
    "served_by" UBIGINT
);

CREATE TABLE ticket_history (
    "key" UBIGINT NOT NULL,
    "source" VARCHAR NOT NULL,
    "id" VARCHAR NOT NULL,
    "updated_at" TIMESTAMP NOT NULL,
    "revision" UBIGINT,
    "deleted" BOOLEAN NOT NULL,
    "attributes" VARCHAR,
    "created_at" TIMESTAMP,
    "first_reply_at" TIMESTAMP,
    "first_solved_at" TIMESTAMP,
    "solved_at" TIMESTAMP,
    "closed_at" TIMESTAMP,
    "reopens" UBIGINT,
    "replies" UBIGINT,
    "status" VARCHAR,
    "priority" VARCHAR,
    "channel" VARCHAR,
    "category" VARCHAR,
    "tags" VARCHAR[],
    "agent" VARCHAR,
    "team" VARCHAR,
    "customer" VARCHAR,
    "handled_by" VARCHAR,
    "handed_off_at" TIMESTAMP,
    "sla_due_at" TIMESTAMP,
    "sla_met" BOOLEAN,
    "business_first_reply_s" DOUBLE,
    "business_resolution_s" DOUBLE,
    "bucket_time" TIMESTAMP,
    "digest" UBIGINT NOT NULL,
    "known_at" TIMESTAMP NOT NULL,
    "person" UBIGINT,
    "served_by" UBIGINT
);

CREATE TABLE customer (
    "key" UBIGINT NOT NULL,
    "source" VARCHAR NOT NULL,
    "id" VARCHAR NOT NULL,
    "updated_at" TIMESTAMP NOT NULL,
    "revision" UBIGINT,
    "deleted" BOOLEAN NOT NULL,
    "attributes" VARCHAR,
    "aliases" VARCHAR[],
    "account" VARCHAR,
    "name" VARCHAR,
    "segment" VARCHAR,
    "industry" VARCHAR,
    "region" VARCHAR,
    "plan" VARCHAR,
    "owner" VARCHAR,
    "first_seen_at" TIMESTAMP,
    "bucket_time" TIMESTAMP,
    "digest" UBIGINT NOT NULL,
    "known_at" TIMESTAMP NOT NULL,
    "person" UBIGINT,
    "served_by" UBIGINT
);

CREATE TABLE customer_history (
    "key" UBIGINT NOT NULL,
    "source" VARCHAR NOT NULL,
    "id" VARCHAR NOT NULL,
    "updated_at" TIMESTAMP NOT NULL,
    "revision" UBIGINT,
    "deleted" BOOLEAN NOT NULL,
    "attributes" VARCHAR,
    "aliases" VARCHAR[],
    "account" VARCHAR,
    "name" VARCHAR,
    "segment" VARCHAR,
    "industry" VARCHAR,
    "region" VARCHAR,
    "plan" VARCHAR,
    "owner" VARCHAR,
    "first_seen_at" TIMESTAMP,
    "bucket_time" TIMESTAMP,
    "digest" UBIGINT NOT NULL,
    "known_at" TIMESTAMP NOT NULL,
    "person" UBIGINT,
    "served_by" UBIGINT
);

CREATE TABLE subscription (
    "key" UBIGINT NOT NULL,
    "source" VARCHAR NOT NULL,
    "id" VARCHAR NOT NULL,
    "updated_at" TIMESTAMP NOT NULL,
    "revision" UBIGINT,
    "deleted" BOOLEAN NOT NULL,
    "attributes" VARCHAR,
    "customer" VARCHAR,
    "subscription" VARCHAR,
    "started_at" TIMESTAMP,
    "ended_at" TIMESTAMP,
    "mrr" DECIMAL(18, 4),
    "currency" VARCHAR,
    "plan" VARCHAR,
    "bucket_time" TIMESTAMP,
    "digest" UBIGINT NOT NULL,
    "known_at" TIMESTAMP NOT NULL,
    "person" UBIGINT,
    "served_by" UBIGINT
);

CREATE TABLE subscription_history (
    "key" UBIGINT NOT NULL,
    "source" VARCHAR NOT NULL,
    "id" VARCHAR NOT NULL,
    "updated_at" TIMESTAMP NOT NULL,
    "revision" UBIGINT,
    "deleted" BOOLEAN NOT NULL,
    "attributes" VARCHAR,
    "customer" VARCHAR,
    "subscription" VARCHAR,
    "started_at" TIMESTAMP,
    "ended_at" TIMESTAMP,
    "mrr" DECIMAL(18, 4),
    "currency" VARCHAR,
    "plan" VARCHAR,
    "bucket_time" TIMESTAMP,
    "digest" UBIGINT NOT NULL,
    "known_at" TIMESTAMP NOT NULL,
    "person" UBIGINT,
    "served_by" UBIGINT
);

CREATE TABLE activity (
    "key" UBIGINT NOT NULL,
    "source" VARCHAR NOT NULL,
    "id" VARCHAR NOT NULL,
    "updated_at" TIMESTAMP NOT NULL,
    "revision" UBIGINT,
    "deleted" BOOLEAN NOT NULL,
    "attributes" VARCHAR,
    "customer" VARCHAR,
    "happened_at" TIMESTAMP,
    "name" VARCHAR,
    "value" DOUBLE,
    "bucket_time" TIMESTAMP,
    "digest" UBIGINT NOT NULL,
    "known_at" TIMESTAMP NOT NULL,
    "person" UBIGINT,
    "served_by" UBIGINT
);

CREATE TABLE activity_history (
    "key" UBIGINT NOT NULL,
    "source" VARCHAR NOT NULL,
    "id" VARCHAR NOT NULL,
    "updated_at" TIMESTAMP NOT NULL,
    "revision" UBIGINT,
    "deleted" BOOLEAN NOT NULL,
    "attributes" VARCHAR,
    "customer" VARCHAR,
    "happened_at" TIMESTAMP,
    "name" VARCHAR,
    "value" DOUBLE,
    "bucket_time" TIMESTAMP,
    "digest" UBIGINT NOT NULL,
    "known_at" TIMESTAMP NOT NULL,
    "person" UBIGINT,
    "served_by" UBIGINT
);

CREATE TABLE agent (
    "key" UBIGINT NOT NULL,
    "source" VARCHAR NOT NULL,
    "id" VARCHAR NOT NULL,
    "updated_at" TIMESTAMP NOT NULL,
    "revision" UBIGINT,
    "deleted" BOOLEAN NOT NULL,
    "attributes" VARCHAR,
    "aliases" VARCHAR[],
    "name" VARCHAR,
    "team" VARCHAR,
    "active" BOOLEAN,
    "started_at" TIMESTAMP,
    "bucket_time" TIMESTAMP,
    "digest" UBIGINT NOT NULL,
    "known_at" TIMESTAMP NOT NULL,
    "person" UBIGINT,
    "served_by" UBIGINT
);

CREATE TABLE agent_history (
    "key" UBIGINT NOT NULL,
    "source" VARCHAR NOT NULL,
    "id" VARCHAR NOT NULL,
    "updated_at" TIMESTAMP NOT NULL,
    "revision" UBIGINT,
    "deleted" BOOLEAN NOT NULL,
    "attributes" VARCHAR,
    "aliases" VARCHAR[],
    "name" VARCHAR,
    "team" VARCHAR,
    "active" BOOLEAN,
    "started_at" TIMESTAMP,
    "bucket_time" TIMESTAMP,
    "digest" UBIGINT NOT NULL,
    "known_at" TIMESTAMP NOT NULL,
    "person" UBIGINT,
    "served_by" UBIGINT
);

CREATE TABLE review (
    "key" UBIGINT NOT NULL,
    "source" VARCHAR NOT NULL,
    "id" VARCHAR NOT NULL,
    "updated_at" TIMESTAMP NOT NULL,
    "revision" UBIGINT,
    "deleted" BOOLEAN NOT NULL,
    "attributes" VARCHAR,
    "review" VARCHAR,
    "agent" VARCHAR,
    "reviewer_kind" VARCHAR,
    "category" VARCHAR,
    "score" DOUBLE,
    "score_max" DOUBLE,
    "weight" DOUBLE,
    "critical" BOOLEAN,
    "reviewed_at" TIMESTAMP,
    "ticket" VARCHAR,
    "cause" VARCHAR,
    "comment" VARCHAR,
    "bucket_time" TIMESTAMP,
    "digest" UBIGINT NOT NULL,
    "known_at" TIMESTAMP NOT NULL,
    "person" UBIGINT,
    "served_by" UBIGINT
);

CREATE TABLE review_history (
    "key" UBIGINT NOT NULL,
    "source" VARCHAR NOT NULL,
    "id" VARCHAR NOT NULL,
    "updated_at" TIMESTAMP NOT NULL,
    "revision" UBIGINT,
    "deleted" BOOLEAN NOT NULL,
    "attributes" VARCHAR,
    "review" VARCHAR,
    "agent" VARCHAR,
    "reviewer_kind" VARCHAR,
    "category" VARCHAR,
    "score" DOUBLE,
    "score_max" DOUBLE,
    "weight" DOUBLE,
    "critical" BOOLEAN,
    "reviewed_at" TIMESTAMP,
    "ticket" VARCHAR,
    "cause" VARCHAR,
    "comment" VARCHAR,
    "bucket_time" TIMESTAMP,
    "digest" UBIGINT NOT NULL,
    "known_at" TIMESTAMP NOT NULL,
    "person" UBIGINT,
    "served_by" UBIGINT
);

CREATE TABLE training (
    "key" UBIGINT NOT NULL,
    "source" VARCHAR NOT NULL,
    "id" VARCHAR NOT NULL,
    "updated_at" TIMESTAMP NOT NULL,
    "revision" UBIGINT,
    "deleted" BOOLEAN NOT NULL,
    "attributes" VARCHAR,
    "agent" VARCHAR,
    "course" VARCHAR,
    "completed_at" TIMESTAMP,
    "result" VARCHAR,
    "bucket_time" TIMESTAMP,
    "digest" UBIGINT NOT NULL,
    "known_at" TIMESTAMP NOT NULL,
    "person" UBIGINT,
    "served_by" UBIGINT
);

CREATE TABLE training_history (
    "key" UBIGINT NOT NULL,
    "source" VARCHAR NOT NULL,
    "id" VARCHAR NOT NULL,
    "updated_at" TIMESTAMP NOT NULL,
    "revision" UBIGINT,
    "deleted" BOOLEAN NOT NULL,
    "attributes" VARCHAR,
    "agent" VARCHAR,
    "course" VARCHAR,
    "completed_at" TIMESTAMP,
    "result" VARCHAR,
    "bucket_time" TIMESTAMP,
    "digest" UBIGINT NOT NULL,
    "known_at" TIMESTAMP NOT NULL,
    "person" UBIGINT,
    "served_by" UBIGINT
);

CREATE TABLE event (
    "key" UBIGINT NOT NULL,
    "source" VARCHAR NOT NULL,
    "id" VARCHAR NOT NULL,
    "updated_at" TIMESTAMP NOT NULL,
    "revision" UBIGINT,
    "deleted" BOOLEAN NOT NULL,
    "attributes" VARCHAR,
    "happened_at" TIMESTAMP,
    "ended_at" TIMESTAMP,
    "label" VARCHAR,
    "event_kind" VARCHAR,
    "url" VARCHAR,
    "bucket_time" TIMESTAMP,
    "digest" UBIGINT NOT NULL,
    "known_at" TIMESTAMP NOT NULL,
    "person" UBIGINT,
    "served_by" UBIGINT
);

CREATE TABLE event_history (
    "key" UBIGINT NOT NULL,
    "source" VARCHAR NOT NULL,
    "id" VARCHAR NOT NULL,
    "updated_at" TIMESTAMP NOT NULL,
    "revision" UBIGINT,
    "deleted" BOOLEAN NOT NULL,
    "attributes" VARCHAR,
    "happened_at" TIMESTAMP,
    "ended_at" TIMESTAMP,
    "label" VARCHAR,
    "event_kind" VARCHAR,
    "url" VARCHAR,
    "bucket_time" TIMESTAMP,
    "digest" UBIGINT NOT NULL,
    "known_at" TIMESTAMP NOT NULL,
    "person" UBIGINT,
    "served_by" UBIGINT
);

-- The last word on each source: its latest run (earlier ones are fenced), the last unit it
-- committed, and whether it ever read everything.
CREATE TABLE source_state (
    source VARCHAR NOT NULL,
    run_id UBIGINT NOT NULL,
    unit_idx BIGINT NOT NULL,
    has_full_read BOOLEAN NOT NULL,
    last_success TIMESTAMP
);

CREATE TABLE run (
    source VARCHAR NOT NULL,
    run_id UBIGINT NOT NULL,
    started_at TIMESTAMP NOT NULL,
    ended_at TIMESTAMP NOT NULL,
    n_rows UBIGINT NOT NULL,
    n_rejects UBIGINT NOT NULL,
    failure_reason VARCHAR,
    failure_message VARCHAR
);

CREATE TABLE checkpoint_log (
    source VARCHAR NOT NULL,
    stream VARCHAR NOT NULL,
    position UBIGINT NOT NULL,
    json VARCHAR NOT NULL,
    format UINTEGER NOT NULL,
    plugin_version VARCHAR NOT NULL,
    committed_at TIMESTAMP NOT NULL
);

CREATE TABLE reject_count (
    source VARCHAR NOT NULL,
    day DATE NOT NULL,
    reason VARCHAR NOT NULL,
    n UBIGINT NOT NULL
);

CREATE TABLE reject_sample (
    source VARCHAR NOT NULL,
    position UBIGINT NOT NULL,
    kind VARCHAR NOT NULL,
    reason VARCHAR NOT NULL,
    place VARCHAR NOT NULL,
    detail VARCHAR NOT NULL
);

-- One row: grows with every commit that can change an answer.
CREATE TABLE data_version (version UBIGINT NOT NULL);
INSERT INTO data_version VALUES (0);

-- Configured dimensions as they are stamped on the rows now.
CREATE TABLE dimension (
    name VARCHAR NOT NULL,
    origin VARCHAR NOT NULL
);
