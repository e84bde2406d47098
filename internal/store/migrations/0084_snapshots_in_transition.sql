-- Snapshots that are being taken or restored. There are only as many as work on snapshots has begun and not ended.
CREATE INDEX snapshots_in_transition ON snapshots (status, desktop_id) WHERE status IN ('creating', 'restoring');
