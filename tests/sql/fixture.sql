-- What the server of the .sql tests has beside the twelve orders.

-- Every type: smallest, largest, zero, NULL.
CREATE TABLE "vwTypes"(
  id int NOT NULL,
  c_bit bit, c_tinyint tinyint, c_smallint smallint, c_int int, c_bigint bigint,
  c_real real, c_float float,
  c_decimal38 "decimal(38,0) text", c_decimal "decimal(18,4) text", c_numeric "numeric(38,38) text",
  c_money "money text", c_smallmoney "smallmoney text",
  c_date date, c_time0 time(0), c_time7 time(7),
  c_datetime datetime, c_smalldatetime smalldatetime,
  c_datetime2_0 datetime2(0), c_datetime2_7 datetime2(7),
  c_offset0 datetimeoffset(0), c_offset7 datetimeoffset(7),
  c_char char(5), c_varchar varchar(20), c_varchar_max "varchar(max)",
  c_nchar nchar(5), c_nvarchar nvarchar(20), c_nvarchar_max "nvarchar(max)",
  c_text text, c_ntext ntext, c_xml xml,
  c_binary binary(4), c_varbinary varbinary(8), c_varbinary_max "varbinary(max)",
  c_image image, c_guid uniqueidentifier
);
INSERT INTO "vwTypes" VALUES(
  1, 0, 0, -32768, -2147483648, -9223372036854775808,
  -3.4028234e38, -1.7976931348623157e308,
  '-99999999999999999999999999999999999999', '-99999999999999.9999',
  '-0.99999999999999999999999999999999999999',
  '-922337203685477.5808', '-214748.3648',
  '0001-01-01', '00:00:00', '00:00:00.0000000',
  '1753-01-01 00:00:00.000', '1900-01-01 00:00:00',
  '0001-01-01 00:00:00', '0001-01-01 00:00:00.0000000',
  '0001-01-01 14:00:00+14:00', '0001-01-01 00:00:00.0000000+00:00',
  'a    ', '', '', 'ä    ', '', '', '', '', '<a/>',
  x'00000000', x'', x'', x'', '00000000-0000-0000-0000-000000000000');
INSERT INTO "vwTypes" VALUES(
  2, 1, 255, 32767, 2147483647, 9223372036854775807,
  3.4028234e38, 1.7976931348623157e308,
  '99999999999999999999999999999999999999', '99999999999999.9999',
  '0.99999999999999999999999999999999999999',
  '922337203685477.5807', '214748.3647',
  '9999-12-31', '23:59:59', '23:59:59.9999999',
  '9999-12-31 23:59:59.997', '2079-06-06 23:59:00',
  '9999-12-31 23:59:59', '9999-12-31 23:59:59.9999999',
  '9999-12-31 09:59:59-14:00', '9999-12-31 23:59:59.9999999+00:00',
  'abcde', 'ÄÖÜß€', 'ÄÖÜß€', 'ÄÖÜßé', '東京 🚚', '東京 🚚', 'long text', '長いテキスト',
  '<a b="c">é</a>',
  x'FFFFFFFF', x'0102030405060708', x'DEADBEEF', x'CAFE',
  'FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF');
INSERT INTO "vwTypes" VALUES(
  3, 0, 1, 0, 0, 0, 0.1, 0.1, '0', '1.5', '0', '12.34', '0',
  '2025-02-28', '12:34:56', '12:34:56.1234567',
  '2025-03-01 12:34:56.123', '2025-03-01 12:34:00',
  '2025-03-01 12:34:56', '2025-03-01 12:34:56.0000001',
  '2025-03-01 00:30:00+05:30', '2025-03-01 00:30:00.1234567-08:00',
  '  b  ', ' x ', ' x ', '     ', '   ', '   ', ' ', ' ', '',
  x'01000000', x'00', x'00', x'00', '6F9619FF-8B86-D011-B42D-00C04FC964FF');
INSERT INTO "vwTypes"(id) VALUES(4);

-- Text as SAP's views have it, to be converted by kind.
CREATE TABLE "vwKinds"(id int, v nvarchar(40));
INSERT INTO "vwKinds" VALUES
  (1, '12'), (2, ' 12 '), (3, '12.000'), (4, '12 pcs'), (5, ''), (6, '   '),
  (7, '2025-03-01'), (8, '20250301'), (9, '2025-02-30'), (10, ' padded '),
  (11, NULL), (12, '9223372036854775808'), (13, '2025-03-01T10:11:12'),
  (14, 'yes'), (15, '{6f9619ff-8b86-d011-b42d-00c04fc964ff}'), (16, '1.50');

CREATE TABLE "vwEmpty"(a int, b nvarchar(10));
CREATE TABLE "sales.vwOther"("Order Id" int NOT NULL, "a]b" nvarchar(10), "it's" date);
INSERT INTO "sales.vwOther" VALUES(7, 'x', '2025-01-01'), (8, NULL, NULL);
