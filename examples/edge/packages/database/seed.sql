-- Clears the shop and fills it with three customers. Run it with `npm run db:seed:local` or `npm run db:seed:remote`.
-- Children first: the file says itself what it deletes, and does not leave it to ON DELETE CASCADE.
DELETE FROM "items";
DELETE FROM "orders";
DELETE FROM "customers";

INSERT INTO "customers" ("id", "email", "name", "phone", "created_at") VALUES
  (1, 'ada@example.com', 'Ada Lovelace', '+44 20 7946 0001', '2026-01-05T09:00:00.000+00:00'),
  (2, 'grace@example.com', 'Grace Hopper', '+1 202 555 0102', '2026-01-06T10:30:00.000+00:00'),
  (3, 'alan@example.com', 'Alan Turing', NULL, '2026-01-07T11:45:00.000+00:00');

INSERT INTO "orders" ("id", "customer_id", "status", "note", "created_at") VALUES
  ('0e9a4c52-6f0b-4d53-9d0e-2a1c7f6b1001', 1, 'shipped', NULL, '2026-02-01T08:00:00.000+00:00'),
  ('0e9a4c52-6f0b-4d53-9d0e-2a1c7f6b1002', 1, 'open', 'Ring twice', '2026-03-01T08:00:00.000+00:00'),
  ('0e9a4c52-6f0b-4d53-9d0e-2a1c7f6b1003', 2, 'paid', NULL, '2026-03-02T08:00:00.000+00:00'),
  ('0e9a4c52-6f0b-4d53-9d0e-2a1c7f6b1004', 3, 'open', NULL, '2026-03-03T08:00:00.000+00:00');

INSERT INTO "items" ("order_id", "product", "quantity", "price_cents") VALUES
  ('0e9a4c52-6f0b-4d53-9d0e-2a1c7f6b1001', 'Desk lamp', 1, 4900),
  ('0e9a4c52-6f0b-4d53-9d0e-2a1c7f6b1001', 'Light bulb', 4, 350),
  ('0e9a4c52-6f0b-4d53-9d0e-2a1c7f6b1002', 'Notebook', 3, 700),
  ('0e9a4c52-6f0b-4d53-9d0e-2a1c7f6b1003', 'Keyboard', 1, 12900),
  ('0e9a4c52-6f0b-4d53-9d0e-2a1c7f6b1003', 'Wrist rest', 1, 2400),
  ('0e9a4c52-6f0b-4d53-9d0e-2a1c7f6b1004', 'Chess set', 1, 5600);
