-- Restores: the schema without insurance policies and their kinds.
-- Cannot restore: every insurance policy.

DROP TABLE "insurance_policies";

DROP TYPE "insurance_kind";
