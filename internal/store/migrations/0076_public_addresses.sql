-- Public addresses of projects, each bound to a desktop or to none.
CREATE TABLE public_addresses (
    id            TEXT NOT NULL PRIMARY KEY,
    project_id    TEXT NOT NULL,
    address       TEXT NOT NULL,
    name          TEXT NOT NULL,
    type          TEXT NOT NULL, -- 5_bgp, 5_sbgp: as it was asked for
    charge_mode   TEXT NOT NULL, -- TRAFFIC, BANDWIDTH
    mbit          BIGINT NOT NULL, -- per second and direction
    enterprise_id TEXT NOT NULL,
    desktop_id    TEXT REFERENCES desktops (id) ON DELETE SET NULL, -- NULL: bound to none
    network       TEXT NOT NULL, -- the engine's, which forwards it; empty: none. It stays until the network's rules are compiled without the address.
    with_desktop  BOOLEAN NOT NULL, -- ordered with a desktop, and released with it
    created       TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX public_addresses_address ON public_addresses (address);
CREATE UNIQUE INDEX public_addresses_desktop_id ON public_addresses (desktop_id) WHERE desktop_id IS NOT NULL;
CREATE INDEX public_addresses_created ON public_addresses (project_id, created, id);
CREATE INDEX public_addresses_loose ON public_addresses (network) WHERE desktop_id IS NULL AND network <> '';
