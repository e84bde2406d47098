-- How many programs and threads a desktop of a product may run at once; 0: by its size.
ALTER TABLE products ADD COLUMN processes BIGINT NOT NULL DEFAULT 0;
