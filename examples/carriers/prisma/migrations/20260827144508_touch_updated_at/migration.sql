-- Rows are also changed by imports and by hand, where Prisma's @updatedAt does not reach.
CREATE FUNCTION "touch_updated_at"() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    NEW."updated_at" := CURRENT_TIMESTAMP;
    RETURN NEW;
END;
$$;

CREATE TRIGGER "carriers_touch_updated_at" BEFORE UPDATE ON "carriers"
FOR EACH ROW EXECUTE FUNCTION "touch_updated_at"();

CREATE TRIGGER "contacts_touch_updated_at" BEFORE UPDATE ON "contacts"
FOR EACH ROW EXECUTE FUNCTION "touch_updated_at"();

CREATE TRIGGER "insurance_policies_touch_updated_at" BEFORE UPDATE ON "insurance_policies"
FOR EACH ROW EXECUTE FUNCTION "touch_updated_at"();

CREATE TRIGGER "loads_touch_updated_at" BEFORE UPDATE ON "loads"
FOR EACH ROW EXECUTE FUNCTION "touch_updated_at"();
