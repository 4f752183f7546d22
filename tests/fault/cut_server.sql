-- A column of every SQL Server type; values at the ends, NULLs, unicode, and
-- long ones that the server sends in chunks. Decimals are "text", so that SQLite
-- keeps every digit of the fixture.
CREATE TABLE "vwCut"(
  id int NOT NULL,
  c_bit bit, c_tinyint tinyint, c_smallint smallint, c_int int, c_bigint bigint,
  c_real real, c_float float, c_decimal "decimal(38,4) text",
  c_numeric "numeric(9,2) text", c_money "money text",
  c_smallmoney "smallmoney text",
  c_date date, c_time0 time(0), c_time7 time(7), c_datetime datetime,
  c_smalldatetime smalldatetime, c_datetime2 datetime2(7),
  c_offset datetimeoffset(7),
  c_char char(5), c_varchar varchar(20), c_varchar_max "varchar(max)",
  c_nchar nchar(5), c_nvarchar nvarchar(20), c_nvarchar_max "nvarchar(max)",
  c_text text, c_ntext ntext, c_xml xml, c_binary binary(4),
  c_varbinary varbinary(8), c_varbinary_max "varbinary(max)", c_image image,
  c_guid uniqueidentifier, c_variant sql_variant, c_udt hierarchyid,
  c_rowversion rowversion
);
INSERT INTO "vwCut" VALUES(
  1, 0, 0, -32768, -2147483648, -9223372036854775808, -0.5, -1.5e300,
  '-1234567890123456789012345678901234.5678', '-1234567.89',
  '-922337203685477.5808', '-214748.3648', '0001-01-01', '00:00:00',
  '00:00:00.0000000', '1753-01-01 00:00:00.000', '1900-01-01 00:00:00',
  '0001-01-01 00:00:00.0000000', '0001-01-02 00:00:00.0000000+14:00',
  'a', '', '', 'ä', '', '', '', '', '<a/>', x'00', x'', x'', x'',
  '00000000-0000-0000-0000-000000000000', 'int:7', x'',
  x'0000000000000000');
INSERT INTO "vwCut" VALUES(
  2, 1, 255, 32767, 2147483647, 9223372036854775807, 1.25, 1.5e-300,
  '9.0001', '0.01', '922337203685477.5807', '214748.3647', '9999-12-31',
  '23:59:59', '23:59:59.9999999', '9999-12-31 23:59:59.997',
  '2079-06-06 23:59:00', '9999-12-31 23:59:59.9999999',
  '2025-03-01 12:00:00.1234567-05:30', 'abcde', 'ÄÖÜß€', 'ÄÖÜß€', 'ÄÖÜßé',
  '東京 🚚', '東京 🚚', 'long text', '長いテキスト', '<a b="c">é</a>',
  x'FFFFFFFF', x'0102030405060708', x'DEADBEEF', x'CAFE',
  'FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF', 'nvarchar:vier', x'5AC0',
  x'00000000000007D1');
INSERT INTO "vwCut"(id, c_varchar_max, c_nvarchar_max, c_varbinary_max, c_text,
  c_rowversion)
VALUES(3, printf('%.700c', 'v'), printf('%.300c', 'n'), zeroblob(300),
  printf('%.90c', 't'), x'00000000000007D2');
INSERT INTO "vwCut"(id, c_rowversion) VALUES(4, x'FFFFFFFFFFFFFFFF');
