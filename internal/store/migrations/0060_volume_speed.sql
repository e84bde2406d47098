-- What a disk of type GPSSD2 is ordered to do per second: operations, and MiB. 0 for all other types.
ALTER TABLE volumes ADD COLUMN iops BIGINT NOT NULL DEFAULT 0;
ALTER TABLE volumes ADD COLUMN throughput BIGINT NOT NULL DEFAULT 0;
