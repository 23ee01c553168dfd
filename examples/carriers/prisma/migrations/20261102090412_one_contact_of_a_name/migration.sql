-- CreateIndex
CREATE UNIQUE INDEX "contacts_carrier_id_full_name_key" ON "contacts"("carrier_id", "full_name");
