-- Restores: the empty schema from before the first table.
-- Cannot restore: every carrier and every contact.

DROP TABLE "contacts";

DROP TABLE "carriers";
