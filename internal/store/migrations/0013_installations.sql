-- The one row that names this installation. Its machines carry the id, so that two installations on one engine, or a database
-- that is not the machines' own, are told apart.
CREATE TABLE installations (
    singleton BIGINT NOT NULL PRIMARY KEY CHECK (singleton = 1),
    id        TEXT NOT NULL,
    created   TIMESTAMPTZ NOT NULL
);

-- Addresses of subnets that the engine has in use for what is no desktop of this database. They are not given out.
CREATE TABLE reserved_addresses (
    subnet_id      TEXT NOT NULL REFERENCES subnets (id) ON DELETE CASCADE,
    address_number BIGINT NOT NULL,
    holder         TEXT NOT NULL, -- the engine's name for what has it
    PRIMARY KEY (subnet_id, address_number)
);
