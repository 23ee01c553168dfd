-- slipway: down of 20261128170325_add_carrier_version
-- slipway: checksum 12525a4d11b3340f8f7e354ae5f1a261270ac336b21de54d9a395bf991012876
-- slipway: grade lossless

ALTER TABLE "public"."carriers" DROP COLUMN "version";
