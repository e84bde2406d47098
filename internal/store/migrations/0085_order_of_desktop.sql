-- The order that a desktop was created for, as its client names it, or as the order that was placed is called.
ALTER TABLE desktops ADD COLUMN order_id TEXT NOT NULL DEFAULT '';
