-- Written by hand: the schema language has no CHECK constraints.
ALTER TABLE "carriers" ADD CONSTRAINT "carriers_mc_number_check" CHECK ("mc_number" ~ '^[0-9]{1,8}$');

ALTER TABLE "insurance_policies" ADD CONSTRAINT "insurance_policies_term_check" CHECK ("expires_on" > "effective_on");

ALTER TABLE "loads" ADD CONSTRAINT "loads_rate_check" CHECK ("rate" >= 0),
ADD CONSTRAINT "loads_dates_check" CHECK ("delivery_at" >= "pickup_at");
