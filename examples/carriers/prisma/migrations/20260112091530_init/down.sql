-- Brings back: the empty schema from before the first table.
-- Cannot bring back: every carrier and every contact.

DROP TABLE "contacts";

DROP TABLE "carriers";
