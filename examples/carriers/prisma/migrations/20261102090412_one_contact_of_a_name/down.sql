-- Restores: two contacts of a carrier may have the same name.

DROP INDEX "contacts_carrier_id_full_name_key";
