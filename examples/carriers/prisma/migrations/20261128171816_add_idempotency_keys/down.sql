-- slipway: down of 20261128171816_add_idempotency_keys
-- slipway: checksum cdf566ec7bbceafac3cf54aca9edb8bd092ba5aeded8d31799a2da58eeadd220
-- slipway: grade lossless

DROP TABLE "public"."idempotency_keys";
