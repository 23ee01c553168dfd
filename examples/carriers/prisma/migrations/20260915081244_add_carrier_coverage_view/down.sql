-- Restores: the schema without the view. All rows stay.

DROP VIEW "carrier_coverage";
