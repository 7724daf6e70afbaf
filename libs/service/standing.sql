-- What a service knows of each alliance from the members service's events: one document, rewritten when it changes.

CREATE TABLE standing (
    alliance_id uuid PRIMARY KEY,
    sequence bigint NOT NULL, -- of the members service: the last event that changed it
    document bytea NOT NULL
);
