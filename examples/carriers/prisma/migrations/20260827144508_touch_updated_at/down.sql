-- Restores: tables whose updated_at only the application sets. All rows stay.

DROP TRIGGER "loads_touch_updated_at" ON "loads";

DROP TRIGGER "insurance_policies_touch_updated_at" ON "insurance_policies";

DROP TRIGGER "contacts_touch_updated_at" ON "contacts";

DROP TRIGGER "carriers_touch_updated_at" ON "carriers";

DROP FUNCTION "touch_updated_at"();
