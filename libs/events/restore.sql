-- On which PostgreSQL the service last held its store against its own topic. Another system identifier or
-- timeline, or no row (an operator's `restore`, a new database): nothing is recorded before it has done so again.

CREATE TABLE mark (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    system_id bigint NOT NULL,
    timeline bigint NOT NULL
);
