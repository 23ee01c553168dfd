-- MC numbers were typed as MC-123456, MC123456, mc 123456 or 123456. From now on: the digits.
UPDATE "carriers"
SET "mc_number" = NULLIF(regexp_replace("mc_number", '[^0-9]', '', 'g'), '')
WHERE "mc_number" ~ '[^0-9]' OR "mc_number" = '';
