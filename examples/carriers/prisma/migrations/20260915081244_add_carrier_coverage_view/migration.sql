-- What dispatch looks at before it books a load: who is insured today, and for how much.
CREATE VIEW "carrier_coverage" AS
SELECT
    c."id" AS "carrier_id",
    c."name",
    max(p."coverage_amount") FILTER (WHERE p."kind" = 'AUTO_LIABILITY') AS "auto_liability",
    max(p."coverage_amount") FILTER (WHERE p."kind" = 'CARGO') AS "cargo",
    min(p."expires_on") AS "next_expiry"
FROM "carriers" c
LEFT JOIN "insurance_policies" p
    ON p."carrier_id" = c."id" AND CURRENT_DATE BETWEEN p."effective_on" AND p."expires_on"
GROUP BY c."id", c."name";
