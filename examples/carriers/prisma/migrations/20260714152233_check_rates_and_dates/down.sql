-- Restores: carriers, policies and loads without the checks. All rows stay.

ALTER TABLE "loads" DROP CONSTRAINT "loads_dates_check",
DROP CONSTRAINT "loads_rate_check";

ALTER TABLE "insurance_policies" DROP CONSTRAINT "insurance_policies_term_check";

ALTER TABLE "carriers" DROP CONSTRAINT "carriers_mc_number_check";
