-- What a follower keeps beside what it projects, in the same transactions.

CREATE TABLE positions (
    -- The next offset to read, a partition. Moved by compare-and-set: of two replicas only one applies.
    topic text NOT NULL,
    partition integer NOT NULL,
    next_offset bigint NOT NULL,
    topic_id uuid, -- of the topic that the offset counts in; null: of the first one that is met
    PRIMARY KEY (topic, partition)
);

CREATE TABLE followed (
    -- The last sequence applied, a source and alliance.
    source text NOT NULL,
    alliance_id uuid NOT NULL,
    sequence bigint NOT NULL,
    lost boolean NOT NULL DEFAULT false, -- of the topic something is gone, and the source has not sent it again
    PRIMARY KEY (source, alliance_id)
);

CREATE TABLE seen (
    -- SHA-256 of every event applied: the same number with other bytes is a fork, not a duplicate.
    source text NOT NULL,
    alliance_id uuid NOT NULL,
    sequence bigint NOT NULL,
    digest bytea NOT NULL,
    PRIMARY KEY (source, alliance_id, sequence)
);

CREATE TABLE frozen (
    -- An alliance that stands still here, and why.
    alliance_id uuid PRIMARY KEY,
    source text NOT NULL,
    sequence bigint NOT NULL,
    code text NOT NULL,
    detail text NOT NULL,
    frozen_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE held (
    -- Where reading goes on once it is resumed: the first record not applied, a partition.
    alliance_id uuid NOT NULL REFERENCES frozen ON DELETE CASCADE,
    topic text NOT NULL,
    partition integer NOT NULL,
    first_offset bigint NOT NULL,
    PRIMARY KEY (alliance_id, topic, partition)
);
