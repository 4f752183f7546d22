-- What the tortured refreshes read: few columns, but of the kinds that take
-- different ways through memory, and more rows than a small hash table has
-- slots.
CREATE TABLE "vwTorture"(
  "orderNo" int NOT NULL,
  "custName" nvarchar(40),
  "orderQty" decimal(13,3),
  "orderDate" date,
  "changedAt" datetime2(7),
  "rowGuid" uniqueidentifier,
  "extra" sql_variant,
  "notes" "nvarchar(max)",
  "photo" "varbinary(max)"
);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20)
INSERT INTO "vwTorture" SELECT
  i,
  CASE i % 4 WHEN 0 THEN NULL WHEN 1 THEN ' Größe ' || i WHEN 2 THEN '東京 🚚'
    ELSE '   ' END,
  printf('%d.%03d', i * 7, i % 3),
  CASE WHEN i % 5 THEN date('2025-01-01', i || ' days') END,
  '2025-03-01 12:34:56.0000001',
  '6F9619FF-8B86-D011-B42D-00C04FC964FF',
  CASE i % 3 WHEN 0 THEN 'int:' || i WHEN 1 THEN 'nvarchar:vier'
    ELSE NULL END,
  CASE i % 2 WHEN 0 THEN printf('%.*c', 300, 'n') END,
  CASE i % 7 WHEN 0 THEN x'0011223344' END
FROM n;
-- For the catalog: a key, another database behind a synonym, a name to quote.
CREATE TABLE "sales.Order ] Lines"("lineNo" int NOT NULL, "orderNo" int NOT NULL,
  "day" date, PRIMARY KEY("orderNo", "lineNo"));
CREATE TABLE "Archive.dbo.old"("a" int);
CREATE TABLE "sys.synonyms"(name, base_object_name);
INSERT INTO "sys.synonyms" VALUES('sales.old', '[Archive].[dbo].[old]'),
  ('lines', '[sales].[Order ]] Lines]');
