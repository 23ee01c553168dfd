-- Brings back: the schema without insurance policies and their kinds.
-- Cannot bring back: every insurance policy.

DROP TABLE "insurance_policies";

DROP TYPE "insurance_kind";
