-- There is one default zone. A zone that was renamed left its former name as another one; the next start says which it is.
UPDATE zones SET is_default = FALSE WHERE is_default AND EXISTS (SELECT 1 FROM zones AS o WHERE o.is_default AND o.id < zones.id);
CREATE UNIQUE INDEX zones_is_default ON zones (is_default) WHERE is_default;
