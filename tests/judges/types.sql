-- Every type at its ends, as the fixture holds it. "row" names what is tried.
-- A quoted type keeps SQLite from rounding digits ("... text") and lets it
-- carry (max) and COLLATE.
CREATE TABLE every_type (
  "row" varchar(10) NOT NULL,
  c_bit bit, c_tinyint tinyint, c_smallint smallint, c_int int, c_bigint bigint,
  c_real real, c_float float,
  c_dec "decimal(38,10) text", c_dec0 "decimal(9,0) text", c_num "numeric(28,28) text",
  c_money "money text", c_smallmoney "smallmoney text",
  c_date date, c_time0 time(0), c_time7 time(7), c_datetime datetime,
  c_smalldatetime smalldatetime, c_dt2_0 datetime2(0), c_dt2_7 datetime2(7),
  c_dto0 datetimeoffset(0), c_dto7 datetimeoffset(7),
  c_char char(5), c_varchar varchar(60), c_nchar nchar(5), c_nvarchar nvarchar(60),
  c_vmax "varchar(max)", c_nmax "nvarchar(max)",
  c_utf8 "varchar(60) COLLATE Latin1_General_100_CI_AS_SC_UTF8",
  c_text text, c_ntext ntext, c_xml xml,
  c_binary binary(4), c_varbinary varbinary(20), c_bmax "varbinary(max)", c_image image,
  c_guid uniqueidentifier
);
INSERT INTO every_type VALUES ('min',
  0, 0, -32768, -2147483648, -9223372036854775808,
  -3.4028234663852886e38, -1.7976931348623157e308,
  '-9999999999999999999999999999.9999999999', '-999999999', '-0.9999999999999999999999999999',
  '-922337203685477.5808', '-214748.3648',
  '0001-01-01', '00:00:00', '00:00:00.0000000', '1753-01-01 00:00:00.000',
  '1900-01-01 00:00:00', '0001-01-01 00:00:00', '0001-01-01 00:00:00.0000000',
  '0001-01-01 00:00:00 +00:00', '0001-01-01 14:00:00.0000000 +14:00',
  'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', '<a/>',
  x'00000000', x'00', x'00', x'00', '00000000-0000-0000-0000-000000000000');
INSERT INTO every_type VALUES ('max',
  1, 255, 32767, 2147483647, 9223372036854775807,
  3.4028234663852886e38, 1.7976931348623157e308,
  '9999999999999999999999999999.9999999999', '999999999', '0.9999999999999999999999999999',
  '922337203685477.5807', '214748.3647',
  '9999-12-31', '23:59:59', '23:59:59.9999999', '9999-12-31 23:59:59.997',
  '2079-06-06 23:59:00', '9999-12-31 23:59:59', '9999-12-31 23:59:59.9999999',
  '9999-12-31 23:59:59 +00:00', '9999-12-31 09:59:59.9999999 -14:00',
  'zzzzz', replace(printf('%060d', 0), '0', 'z'), 'zzzzz', replace(printf('%060d', 0), '0', 'z'),
  replace(printf('%09000d', 0), '0', 'v'), replace(printf('%05000d', 0), '0', 'n'),
  replace(printf('%060d', 0), '0', 'u'), 'a text', 'an ntext', '<a b="c">d</a>',
  x'FFFFFFFF', x'FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF', x'FF00FE', x'FFFE',
  'FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF');
INSERT INTO every_type VALUES ('zero',
  0, 0, 0, 0, 0, 0.0, 0.0, '0.0000000000', '0', '0.0000000000000000000000000000',
  '0.0000', '0.0000',
  '1900-01-01', '00:00:00', '00:00:00.0000000', '1900-01-01 00:00:00.000',
  '1900-01-01 00:00:00', '1900-01-01 00:00:00', '1900-01-01 00:00:00.0000000',
  '1900-01-01 00:00:00 +00:00', '1900-01-01 00:00:00.0000000 +00:00',
  '0', '0', '0', '0', '0', '0', '0', '0', '0', '<z>0</z>',
  x'00000000', x'0000', x'0000', x'0000', '6F9619FF-8B86-D011-B42D-00C04FC964FF');
INSERT INTO every_type("row") VALUES ('null');
INSERT INTO every_type("row", c_char, c_varchar, c_nchar, c_nvarchar, c_vmax, c_nmax, c_utf8,
  c_text, c_ntext, c_xml, c_binary, c_varbinary, c_bmax, c_image)
  VALUES ('empty', '', '', '', '', '', '', '', '', '', '', x'', x'', x'', x'');
INSERT INTO every_type("row", c_char, c_varchar, c_nchar, c_nvarchar, c_vmax, c_nmax, c_utf8,
  c_text, c_ntext, c_xml, c_real, c_float, c_datetime, c_dto7, c_dec)
  VALUES ('unicode', 'é€', 'Grüße €', 'Ωж', 'Łódź 東京 😀', 'café', '𝔘𝔫𝔦', 'Łódź 東京 😀',
  'naïve', 'данные 😀', '<π>и</π>', 0.1, 0.1, '2024-02-29 12:34:56.997',
  '2024-02-29 12:34:56.1234567 +05:30', '12345678901234567890.1234567891');

-- The same without NULL: SQL Server sends these as fixed-length types.
CREATE TABLE no_null (id int NOT NULL, c_bit bit NOT NULL, c_tinyint tinyint NOT NULL,
  c_smallint smallint NOT NULL, c_bigint bigint NOT NULL, c_real real NOT NULL,
  c_float float NOT NULL, c_money money NOT NULL, c_smallmoney smallmoney NOT NULL,
  c_datetime datetime NOT NULL, c_smalldatetime smalldatetime NOT NULL);
INSERT INTO no_null VALUES (7, 1, 200, -300, 5000000000, 1.5, -2.25, 12.34, -0.5,
  '2024-02-29 12:34:56.997', '2024-02-29 12:34:00');

-- sql_variant: "type:value" names the inner type.
CREATE TABLE variants (id int NOT NULL, v "sql_variant text");
INSERT INTO variants VALUES (1, 'int:42'), (2, 'nvarchar(20):Zoë'), (3, 'decimal(9,2):12.30'),
  (4, 'datetime:2024-02-29 12:34:56.997'), (5, NULL), (6, 'bit:1'), (7, 'float:2.5'),
  (8, 'uniqueidentifier:6F9619FF-8B86-D011-B42D-00C04FC964FF'), (9, 'varbinary(4):0x0102');

CREATE TABLE "sales.vwOrders" (id int NOT NULL, "order no" nvarchar(20), amount "decimal(18,4) text");
INSERT INTO "sales.vwOrders" VALUES (1, 'A-1', '10.5000'), (2, 'a-2 ', '-3.2500'), (3, NULL, NULL);

CREATE TABLE many (n int NOT NULL, t nvarchar(200));
WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 50000)
INSERT INTO many SELECT i, 'A row to fill packets with, number ' || i FROM c;
CREATE TABLE changing(a int);
INSERT INTO changing VALUES (1);

-- Names and columns with habits of their own.
CREATE TABLE odd ("ends blank " int, "plain" nvarchar(20), "secret" nvarchar(20));
INSERT INTO odd VALUES (1, 'p', 's');
CREATE TABLE lean (id int, "from" "datetime2(0) NOT NULL HIDDEN",
  "seldom" "int SPARSE", "rare" "nvarchar(10) SPARSE", "all" "xml column_set");
INSERT INTO lean VALUES (1, '2024-01-01 00:00:00', 7, NULL, '<seldom>7</seldom>');
CREATE TABLE paired (a int NOT NULL, b int, c int NOT NULL, PRIMARY KEY (c, a));
CREATE TABLE keyed (id int NOT NULL, code varchar(20), wcode "varchar(20) COLLATE Latin1_General_CI_AS", ncode nvarchar(20),
  amount "decimal(9,2)", day date, moment "datetime2(3)", free nvarchar(20), price money);
INSERT INTO keyed VALUES (1, 'a', 'a', 'a', 1.5, '2024-01-01', '2024-01-01 00:00:00.000', 'a', 1.5);
CREATE INDEX ix_price ON keyed(price);
CREATE UNIQUE INDEX pk_keyed ON keyed(id);
CREATE INDEX ix_code ON keyed(code, free);
CREATE INDEX ix_wcode ON keyed(wcode);
CREATE INDEX ix_ncode ON keyed(ncode);
CREATE INDEX ix_amount ON keyed(amount);
CREATE INDEX ix_day ON keyed(day);
CREATE INDEX ix_moment ON keyed(moment);
CREATE TABLE pages (cyr "varchar(20) COLLATE Cyrillic_General_CI_AS", pol "varchar(20) COLLATE Polish_CI_AS",
  gre "varchar(20) COLLATE Greek_CI_AS", tha "varchar(20) COLLATE Thai_CI_AS", prc "varchar(20) COLLATE Chinese_PRC_CI_AS",
  jap "char(10) COLLATE Japanese_CI_AS", tur "varchar(max) COLLATE Turkish_CI_AS", utf "varchar(20) COLLATE Latin1_General_100_CI_AS_SC_UTF8",
  ai "varchar(20) COLLATE Latin1_General_CI_AI", bin "varchar(20) COLLATE Latin1_General_BIN2");
INSERT INTO pages VALUES ('Привет Ё', 'Łódź', 'Άλφα', 'ไทย', '中文', 'ひらカ', 'İığ', 'Łódź 😀', 'Éa', 'Aa');
