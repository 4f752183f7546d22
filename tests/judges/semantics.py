"""What T-SQL means: expressions and predicates with the answers SQL Server gives, asked through pymssql."""
import datetime
import json
import os

import pymssql

# (expression or condition, answer as nvarchar; None is NULL, an int an error's number)
EXPRESSIONS = [
    ("'a ' + 'b'", "a b"),
    ("N'x' + NULL", None),
    ("1 + 1", "2"),
    ("7 / 2", "3"),
    ("7 / 2.0", "3.500000"),
    ("-7 % 3", "-1"),
    ("1.10 * 2", "2.20"),
    ("1.0 / 3", "0.333333"),
    ("2147483647 + 1", 8115),
    ("1 / 0", 8134),
    ("'5' + 1", "6"),
    ("'x' + 1", 245),
    ("LEN('ab  ')", "2"),
    ("LEN(N'😀')", "2"),
    ("DATALENGTH('ab  ')", "4"),
    ("DATALENGTH(N'ab')", "4"),
    ("LTRIM('  a ') + '|'", "a |"),
    ("TRIM('  a ') + '|'", "a|"),
    ("UPPER(N'straße é')", "STRAßE É"),
    ("LEFT('abc', 2)", "ab"),
    ("RIGHT('abc', 2)", "bc"),
    ("SUBSTRING('abcdef', 2, 3)", "bcd"),
    ("REPLACE('aXbX', 'x', '-')", "a-b-"),
    ("CHARINDEX('b', 'abc')", "2"),
    ("ISNULL(NULL, 'z')", "z"),
    ("COALESCE(NULL, NULL, 3)", "3"),
    ("NULLIF(1, 1)", None),
    ("NULLIF('a', 'A')", None),
    ("IIF(1 = 1, 'y', 'n')", "y"),
    ("CASE WHEN 1 = 2 THEN 'a' END", None),
    ("CASE 2 WHEN 1 THEN 'one' WHEN 2 THEN 'two' ELSE 'many' END", "two"),
    ("CAST(1.5 AS int)", "1"),
    ("CAST(1.999 AS decimal(9,2))", "2.00"),
    ("CAST('12.345' AS decimal(9,2))", "12.35"),
    ("CAST('abc' AS int)", 245),
    ("CAST('abc' AS decimal(9,2))", 8114),
    ("CAST('abc' AS float)", 8114),
    ("CAST('abc' AS date)", 241),
    ("CAST('abc' AS uniqueidentifier)", 8169),
    ("CAST('2024-02-30' AS date)", 241),
    ("CAST('99999999999' AS int)", 248),
    ("CAST(300 AS tinyint)", 220),
    ("CAST(1000 AS decimal(3,0))", 8115),
    ("TRY_CAST('abc' AS int)", None),
    ("CAST('true' AS bit)", "1"),
    ("CAST(CAST('2024-02-29 12:34:56.998' AS datetime) AS datetime2(3))", "2024-02-29 12:34:56.997"),
    ("CAST('2024-02-29 12:34:56.9999999' AS datetime2(3))", "2024-02-29 12:34:57.000"),
    ("CONVERT(varchar(30), CAST('2024-02-29 12:34:56.123' AS datetime), 121)", "2024-02-29 12:34:56.123"),
    ("CONVERT(varchar(30), CAST('2024-02-29 12:34:56.123' AS datetime), 126)", "2024-02-29T12:34:56.123"),
    ("CONVERT(varchar(30), CAST('2024-02-29' AS date), 112)", "20240229"),
    ("CONVERT(varchar(30), CAST('2024-02-29' AS datetime))", "Feb 29 2024 12:00AM"),
    ("CONVERT(varchar(40), CAST('2024-02-29 12:00:00 +05:30' AS datetimeoffset(0)), 127)", "2024-02-29T06:30:00Z"),
    ("CONVERT(varchar(20), 0x0AFF, 1)", "0x0AFF"),
    ("CONVERT(varchar(20), 0x0AFF, 2)", "0AFF"),
    ("CONVERT(varchar(20), CAST(1234.5678 AS money))", "1234.57"),
    ("CONVERT(varchar(20), CAST(1234.5678 AS money), 1)", "1,234.57"),
    ("CONVERT(varchar(20), CAST(1234.5678 AS money), 2)", "1234.5678"),
    ("CAST(CAST(0.1 AS float) AS varchar(30))", "0.1"),
    ("CAST(CAST(1234567 AS float) AS varchar(30))", "1.23457e+006"),
    ("CONVERT(varchar(30), CAST(1234567.25 AS float), 3)", "1234567.25"),
    ("CONVERT(varchar(64), HASHBYTES('MD5', 'abc'), 2)", "900150983CD24FB0D6963F7D28E17F72"),
    ("DB_NAME()", "Sales"),
    ("SUSER_SNAME()", "reader"),
    ("SQL_VARIANT_PROPERTY(CAST(1.50 AS sql_variant), 'BaseType')", "numeric"),
    ("OBJECT_ID('dbo.nowhere')", None),
    ("DB_ID(NULL)", None),
    ("OBJECT_ID('dbo.many', 'V')", None),
    ("HAS_PERMS_BY_NAME('dbo.many', 'OBJECT', 'SELECT')", "1"),
    ("(SELECT MAX(n) FROM many)", "50000"),
    ("(SELECT SUM(CAST(n AS bigint)) FROM many)", "1250025000"),
    ("CAST(N'Łódź' AS varchar(10))", "Lódz"),
    ("CAST(N'Łódź' COLLATE Polish_CI_AS AS varchar(10))", "Łódź"),
    ("CAST(N'Привет' COLLATE Cyrillic_General_CI_AS AS varchar(3))", "При"),
    ("CAST(N'Привет' AS varchar(10))", "??????"),
    ("CAST(N'中文' COLLATE Chinese_PRC_CI_AS AS varchar(3))", "中"),
    ("DATALENGTH(CAST(N'中文' COLLATE Chinese_PRC_CI_AS AS varchar(10)))", "4"),
    ("CONVERT(varchar(20), CAST(CAST(N'Ж' COLLATE Cyrillic_General_CI_AS AS varchar(9)) AS varbinary(9)), 2)", "C6"),
    ("CONVERT(varchar(9), CAST(CAST(N'€' COLLATE Chinese_PRC_CI_AS AS varchar(9)) AS varbinary(9)), 2)", "80"),
    ("UNICODE(CAST(0x81 AS varchar(1)))", "129"),
    ("DATALENGTH((SELECT jap FROM pages))", "10"),
    ("SQL_VARIANT_PROPERTY(CAST('a' COLLATE polish_ci_as AS sql_variant), 'Collation')", "Polish_CI_AS"),
    ("nosuch(1)", 195),
    ("@nosuch", 137),
    ("(2 + )", 102),
]
CONDITIONS = [
    ("'a' = 'A'", True),
    ("N'É' = N'é'", True),
    ("N'e' = N'é'", False),
    ("'a' = 'a   '", True),
    ("N' ' = N''", True),
    ("'a' IN ('b', 'A ')", True),
    # "LIKE": blanks at the end of what is not Unicode do not count
    ("'a ' LIKE 'a'", True),
    ("'a ' LIKE 'a '", True),
    ("'a' LIKE 'a '", False),
    ("N'a ' LIKE N'a'", False),
    ("N'a ' LIKE 'a'", False),
    ("'a]c' LIKE 'a]c'", True),
    ("'[' LIKE '[[]'", True),
    ("'a^c' LIKE 'a[^^]c'", False),
    ("'a_c' LIKE 'a!_c' ESCAPE '!'", True),
    ("'abc' LIKE 'a!_c' ESCAPE '!'", False),
    ("'a]c' LIKE 'a[x!]]c' ESCAPE '!'", True),
    ("'a-c' LIKE 'a[x!-z]c' ESCAPE '!'", True),
    ("'ayc' LIKE 'a[x!-z]c' ESCAPE '!'", False),
    ("'a^c' LIKE 'a[!^x]c' ESCAPE '!'", True),
    ("'a!' LIKE 'a!' ESCAPE '!'", False),
    ("'a!' LIKE 'a!!' ESCAPE '!'", True),
    ("'[' LIKE '['", False),
    ("'a[b' LIKE 'a[b'", False),
    ("'abab' LIKE '%ab'", True),
    ("'ab' LIKE 'a%b%'", True),
    ("'a' LIKE 'a' ESCAPE 'xx'", 506),
    ("'a' LIKE 'a' ESCAPE ''", 506),
    ("N'😀' LIKE N'_'", False),
    ("N'😀' LIKE N'__'", True),
    ("N'😀' LIKE N'_' COLLATE Latin1_General_100_CI_AS_SC", True),
    # collations by their names
    ("N'É' = N'e' COLLATE Latin1_General_CI_AI", True),
    ("N'É' = N'e' COLLATE Latin1_General_CS_AI", False),
    ("N'É' LIKE N'%e%' COLLATE Latin1_General_CI_AI", True),
    ("N'ł' = N'L' COLLATE Latin1_General_CI_AI", True),
    ("N'Ή' = N'η' COLLATE Greek_CI_AI", True),
    ("N'Ή' = N'η' COLLATE Greek_CI_AS", False),
    ("N'Д' = N'д' COLLATE Cyrillic_General_CI_AS", True),
    ("N'Д' = N'д' COLLATE Cyrillic_General_CS_AS", False),
    ("'a ' = 'a' COLLATE Latin1_General_BIN2", True),
    ("'A' LIKE 'a' COLLATE Latin1_General_BIN2", False),
    ("'a' = 'a' COLLATE Nowhere_CI_AS", 448),
    ("'a' = 'a' COLLATE Latin1_General_XX", 448),
    ("(SELECT cyr FROM pages) = (SELECT pol FROM pages)", 468),
    ("(SELECT ai FROM pages) = 'ea'", True),
    ("(SELECT bin FROM pages) = 'AA'", False),
    ("'abc' LIKE 'A%'", True),
    ("'abc' LIKE 'a_c'", True),
    ("'a-c' LIKE 'a[-x]c'", True),
    ("'abc' LIKE '[^b]bc'", True),
    ("'50%' LIKE '50!%' ESCAPE '!'", True),
    ("'a' = 'A' COLLATE Latin1_General_BIN2", False),
    ("'a' = 'A' COLLATE Latin1_General_100_CS_AS", False),
    ("NULL = NULL", None),
    ("NOT (1 = NULL)", None),
    ("1 IN (2, NULL)", None),
    ("1 NOT IN (2, NULL)", None),
    ("1 = 1 OR 1 = NULL", True),
    ("1 = 2 AND 1 = NULL", False),
    ("2 BETWEEN 1 AND 3", True),
    ("2 BETWEEN 3 AND 1", False),
    ("10 > '9'", True),
    ("'10' > '9'", False),
    ("CAST(1.50 AS decimal(9,2)) = 1.5", True),
    ("CAST(0.1 AS float) = 0.1", True),
    ("CAST('2024-02-29' AS date) = '20240229'", True),
    ("CAST('2024-02-29' AS date) = 'Feb 29 2024'", True),
    ("CAST('2024-02-29' AS date) < '2024-03-01T00:00:00'", True),
    ("CAST('2024-01-01 12:00 +02:00' AS datetimeoffset) = CAST('2024-01-01 10:00 +00:00' AS datetimeoffset)", True),
    ("CAST('2024-01-01 00:00:00.003' AS datetime) = CAST('2024-01-01 00:00:00.003' AS datetime2(3))", False),
    ("CAST('6F9619FF-8B86-D011-B42D-00C04FC964FF' AS uniqueidentifier) = '6f9619ff-8b86-d011-b42d-00c04fc964ff'", True),
    ("CAST('01000000-0000-0000-0000-000000000000' AS uniqueidentifier) < CAST('00000000-0000-0000-0000-000000000001' AS uniqueidentifier)", True),
    ("CAST(1 AS bit) = 1", True),
    ("{ts '2024-02-29 12:34:56.997'} = CAST('20240229 12:34:56.997' AS datetime)", True),
    ("{d '2024-02-29'} = CAST('20240229' AS datetime)", True),
    ("{d '29.02.2024'} = CAST('20240229' AS datetime)", 241),
    ("0x01 = 0x0100", True),
    ("EXISTS (SELECT 1 FROM many WHERE n = 5)", True),
    ("5 IN (SELECT n FROM many)", True),
    ("EXISTS (SELECT 1 FROM many AS m WHERE m.n = 0)", False),
    ("1 = 'x'", 245),
    ("CAST('2024-01-01' AS date) = 'x'", 241),
    ("CAST('2024-01-01' AS date) = 5", 206),
]
QUERIES = [
    ("SELECT TOP (2) n FROM many ORDER BY n DESC", [(50000,), (49999,)]),
    ("SELECT n FROM many ORDER BY n OFFSET 3 ROWS FETCH NEXT 2 ROWS ONLY", [(4,), (5,)]),
    ("SELECT DISTINCT UPPER(LEFT(t, 1)) AS x FROM many", [("A",)]),
    ("SELECT n % 2 AS parity, COUNT(*) AS c FROM many GROUP BY n % 2 ORDER BY parity", [(0, 25000), (1, 25000)]),
    ("SELECT q.n FROM (SELECT TOP 3 n FROM many ORDER BY n) AS q WHERE q.n > 1", [(2,), (3,)]),
    ("SELECT id FROM sales.vwOrders WHERE [order no] IN (N'A-2', 'zz')", [(2,)]),
    ("SELECT id FROM sales.vwOrders WITH (NOLOCK) WHERE amount IS NOT NULL ORDER BY amount", [(2,), (1,)]),
    ("SELECT id FROM sales.vwOrders ORDER BY amount", [(3,), (2,), (1,)]),
    ("SELECT o.id, m.n FROM sales.vwOrders AS o LEFT JOIN many AS m ON m.n = o.id * 25000 ORDER BY o.id", [(1, 25000), (2, 50000), (3, None)]),
    # Joins and subqueries whose rows are found by a key: NULL meets nothing, each row comes once, the rest of the condition holds too
    ("SELECT a.x, b.y FROM (VALUES (1), (NULL), (2)) AS a(x) LEFT JOIN (VALUES (1, 'p'), (NULL, 'n'), (1, 'q')) AS b(x, y) ON b.x = a.x", [(1, "p"), (1, "q"), (None, None), (2, None)]),
    ("SELECT a.x, b.y FROM (VALUES (1), (2)) AS a(x) JOIN (VALUES (1, 3), (1, 4), (2, 4)) AS b(x, y) ON b.y > 3 AND a.x = b.x", [(1, 4), (2, 4)]),
    ("SELECT a.x, b.x FROM (VALUES (1), (2)) AS a(x) JOIN (VALUES (1), (2)) AS b(x) ON b.x = b.x AND b.x + a.x = 3", [(1, 2), (2, 1)]),
    ("SELECT x, (SELECT COUNT(*) FROM (VALUES (1), (1), (NULL)) AS w(y) WHERE w.y = v.x) FROM (VALUES (1), (2), (NULL)) AS v(x)", [(1, 2), (2, 0), (None, 0)]),
    ("SELECT x FROM (VALUES (1), (2), (3)) AS v(x) WHERE x NOT IN (SELECT y FROM (VALUES (1, 1), (2, 2), (2, NULL), (3, 4)) AS w(z, y) WHERE w.z = v.x)", [(3,)]),
    ("SELECT x FROM (VALUES (1), (2), (3)) AS v(x) WHERE EXISTS (SELECT 1 FROM (VALUES (1, 0), (2, 1), (2, 1)) AS w(z, y) WHERE y = 1 AND z = v.x)", [(2,)]),
    ("SELECT x, (SELECT a.y + b.y FROM (VALUES (1, 10), (2, 20)) AS a(z, y) JOIN (VALUES (1, 5), (2, 6)) AS b(z, y) ON b.z = a.z WHERE a.z = v.x) FROM (VALUES (2), (1)) AS v(x)", [(2, 26), (1, 15)]),
    ("SELECT x, (SELECT b.y FROM (VALUES (1)) AS a(z) JOIN (VALUES (1, 5), (1, 6)) AS b(z, y) ON b.z = a.z AND b.y = v.y WHERE a.z = v.x) FROM (VALUES (1, 5), (1, 6)) AS v(x, y)", [(1, 5), (1, 6)]),
    ("SELECT c.name, (SELECT k.key_ordinal FROM sys.indexes AS i JOIN sys.index_columns AS k ON k.object_id = i.object_id AND k.index_id = i.index_id WHERE i.is_primary_key = 1 AND i.object_id = c.object_id AND k.column_id = c.column_id) FROM sys.objects AS o JOIN sys.columns AS c ON c.object_id = o.object_id WHERE o.name = 'paired'", [("a", 2), ("b", None), ("c", 1)]),
    ("SELECT COUNT(*) FROM sys.objects AS o JOIN sys.schemas AS s ON s.schema_id = o.schema_id WHERE o.object_id <> COALESCE(OBJECT_ID(QUOTENAME(s.name) + '.' + QUOTENAME(o.name)), 0) OR o.type <> 'SN' AND (OBJECT_NAME(o.object_id) <> o.name OR OBJECT_SCHEMA_NAME(o.object_id) <> s.name)", [(0,)]),
    ("CREATE TABLE fresh (a int); SELECT COUNT(*) FROM sys.tables WHERE name = 'fresh'; DROP TABLE fresh", [(1,)]),
    ("SELECT 1 AS a UNION SELECT 1 UNION SELECT 2", [(1,), (2,)]),
    ("SELECT 1 AS a UNION ALL SELECT 1", [(1,), (1,)]),
    ("SELECT x, y FROM (VALUES (1, 'a'), (2, NULL)) AS v(x, y)", [(1, "a"), (2, None)]),
    ("SELECT COUNT(*) FROM INFORMATION_SCHEMA.COLUMNS WHERE TABLE_NAME = 'no_null'", [(11,)]),
    ("SELECT name, system_type_name FROM sys.dm_exec_describe_first_result_set(N'SELECT id, [order no], amount FROM sales.vwOrders', NULL, 0)", [("id", "int"), ("order no", "nvarchar(20)"), ("amount", "decimal(18,4)")]),
    ("SELECT error_number FROM sys.dm_exec_describe_first_result_set(N'SELECT * FROM dbo.vwNowhere', NULL, 0)", [(208,)]),
    ("DECLARE @a int = 2; SET @a += 3; SELECT @a AS a", [(5,)]),
    ("DECLARE @n nvarchar(50); SELECT @n = t FROM many WHERE n = 1; SELECT @n AS n", [("A row to fill packets with, number 1",)]),
    ("IF EXISTS (SELECT 1 FROM many) SELECT 'yes' AS a ELSE SELECT 'no' AS a", [("yes",)]),
    ("EXEC sp_executesql N'SELECT n FROM many WHERE n = @p OR t = @q', N'@p int, @q nvarchar(40)', @p = 3, @q = N'x'", [(3,)]),
    ("SELECT SUM(n) AS s FROM many WHERE n > 50000", [(None,)]),
    # "ORDER BY clause", "SELECT - INTO", derived tables in "FROM clause"
    ("SELECT n FROM (SELECT n FROM many ORDER BY n) AS q", 1033),
    ("SELECT 1 WHERE 1 IN (SELECT n FROM many ORDER BY n)", 1033),
    ("SELECT n FROM (SELECT n FROM many ORDER BY n OFFSET 49999 ROWS) AS q", [(50000,)]),
    ("SELECT TOP 1 n FROM many ORDER BY n OFFSET 1 ROWS", 10741),
    ("SELECT n FROM (SELECT n FROM many OPTION (MAXDOP 1)) AS q", 156),
    ("SELECT n FROM (SELECT n INTO #t FROM many) AS q", 156),
    ("SELECT n FROM (SELECT n FROM many FOR BROWSE) AS q", 156),
    ("SELECT 1 AS a FROM (SELECT n, t AS N FROM many) AS q", 8156),
    ("SELECT 1 AS a FROM (SELECT n + 1 FROM many) AS q", 8155),
    ("SELECT 1 AS a FROM (VALUES (1)) AS q", 8155),
    ("SELECT 1 AS a FROM (SELECT n, t FROM many) AS q(a)", 8158),
    ("SELECT 1 AS a FROM (SELECT n FROM many) AS q(a, b)", 8159),
    ("SELECT n FROM many ORDER BY n, 1", 169),
    ("SELECT COUNT(*) FROM variants WHERE v LIKE 'a%'", 8116),
    ("SELECT COUNT(*) FROM lean WHERE [all] LIKE 'a%'", 8116),
    ("SELECT 1e309 AS a", 168),
    ("SELECT 1 AS [" + "x" * 129 + "]", 103),
    ("SELECT LEN('a') AS [" + "x" * 128 + "]", [(1,)]),
    # names: trailing blanks do not count, four parts are a linked server
    ("SELECT [ends blank ] FROM odd", [(1,)]),
    ("SELECT [ends blank], [PLAIN  ] FROM odd", [(1, "p")]),
    ("SELECT COUNT(*) FROM LINK.Sales.dbo.many", 7202),
    ("SELECT COUNT(*) FROM LINK.Sales.sys.objects", 7202),
    ("SELECT COUNT(*) FROM LOOKALIKE.Sales.dbo.many", [(50000,)]),
    ("SELECT COUNT(*) FROM Sales..many", [(50000,)]),
    ("SELECT COUNT(*) FROM nowhere.dbo.many", 208),
    ("SELECT COUNT(*) FROM nowhere.sys.databases", 208),
    ("USE nowhere", 911),
    # "Backslash (Line Continuation)"
    ("SELECT 'C:\\\nx' AS a", [("C:x",)]),
    ("SELECT N'a\\\r\nb' AS a", [("ab",)]),
    ("SELECT 'a\\' + '\nb' AS a", [("a\\\nb",)]),
    ("SELECT 0x01\\\n02 AS a", [(b"\x01\x02",)]),
    ("SELECT 'a\\\rb' AS a", [("a\\\rb",)]),
    # a GRANT on columns, "Temporal tables: HIDDEN", "Use column sets"
    ("SELECT * FROM odd", 230),
    ("SELECT secret FROM odd", 230),
    ("SELECT * FROM lean", [(1, "<seldom>7</seldom>")]),
    ("SELECT seldom, rare, [from] FROM lean", [(7, None, datetime.datetime(2024, 1, 1))]),
    ("SELECT * FROM (SELECT [from] FROM lean) AS q", [(datetime.datetime(2024, 1, 1),)]),
    ("SELECT name, system_type_name, collation_name FROM sys.dm_exec_describe_first_result_set(N'SELECT plain, [from] FROM odd, lean', NULL, 0) ORDER BY column_ordinal", [("plain", "nvarchar(20)", "SQL_Latin1_General_CP1_CI_AS"), ("from", "datetime2(0)", None)]),
    ("SELECT HAS_PERMS_BY_NAME('odd', 'OBJECT', 'SELECT') AS a, HAS_PERMS_BY_NAME('odd', 'OBJECT', 'SELECT', 'plain', 'COLUMN') AS b", [(0, 1)]),
    ("SELECT cyr, pol, gre, tha, prc, jap, tur, utf FROM pages", [("Привет Ё", "Łódź", "Άλφα", "ไทย", "中文", "ひらカ    ", "İığ", "Łódź 😀")]),
    ("SELECT name, collation_name FROM sys.dm_exec_describe_first_result_set(N'SELECT cyr, ai FROM pages', NULL, 0)", [("cyr", "Cyrillic_General_CI_AS"), ("ai", "Latin1_General_CI_AI")]),
    ("SELECT snapshot_isolation_state, snapshot_isolation_state_desc, is_read_committed_snapshot_on FROM sys.databases WHERE name = DB_NAME()", [(0, "OFF", False)]),
    ("/* a /* nested */ comment */ SELECT 1 AS [a]]b] -- and the rest", [(1,)]),
]
# What SET changes: (settings, expression, answer as above), on a session without any of its own.
SETTINGS = [
    # "SET DATEFORMAT", "SET LANGUAGE": datetime reads yyyy-mm-dd by them, the newer types do not
    ("SET DATEFORMAT mdy", "CAST('2024-02-03' AS datetime)", "Feb  3 2024 12:00AM"),
    ("SET DATEFORMAT dmy", "CAST('2024-02-03' AS datetime)", "Mar  2 2024 12:00AM"),
    ("SET DATEFORMAT dmy", "CAST('2024-02-13' AS datetime)", 242),
    ("SET DATEFORMAT dmy", "CAST('2024-02-03T00:00:00' AS datetime)", "Feb  3 2024 12:00AM"),
    ("SET DATEFORMAT dmy", "CAST('20240203' AS datetime)", "Feb  3 2024 12:00AM"),
    ("SET DATEFORMAT dmy", "CAST('2024-02-03' AS date)", "2024-02-03"),
    ("SET DATEFORMAT dmy", "CAST('2024-02-03' AS datetime2(0))", "2024-02-03 00:00:00"),
    ("SET DATEFORMAT dmy", "{ts '2024-02-03 00:00:00'}", "Feb  3 2024 12:00AM"),
    ("SET DATEFORMAT dmy", "CAST('02/03/2024' AS date)", "2024-03-02"),
    ("SET DATEFORMAT mdy", "CAST('02/03/2024' AS date)", "2024-02-03"),
    ("SET DATEFORMAT mdy", "CAST('13/03/2024' AS date)", 241),
    ("SET DATEFORMAT mdy", "CAST('13/03/2024' AS datetime)", 242),
    ("SET DATEFORMAT ymd", "CAST('24-02-03' AS date)", "2024-02-03"),
    ("SET DATEFORMAT ydm", "CAST('24-02-03' AS datetime)", "Mar  2 2024 12:00AM"),
    ("SET DATEFORMAT ymd", "CONVERT(datetime, '2024-02-03', 121)", "Feb  3 2024 12:00AM"),
    ("SET DATEFORMAT dmy", "(SELECT COUNT(*) FROM keyed WHERE moment > '01/02/2023 00:00')", "1"),
    ("SET DATEFORMAT mdy", "(SELECT COUNT(*) FROM keyed WHERE moment > '13/02/2023 00:00')", 241),
    ("SET DATEFORMAT abc", "1", 2741),
    ("SET LANGUAGE Deutsch", "CAST('März 1 2024' AS date)", "2024-03-01"),
    ("SET LANGUAGE Deutsch", "CAST('March 1 2024' AS date)", 241),
    ("SET LANGUAGE German", "CAST('2024-02-03' AS datetime)", "Mrz  2 2024 12:00AM".replace("Mrz", "Mär")),
    ("SET LANGUAGE us_english", "CAST('March 1 2024' AS date)", "2024-03-01"),
    ("SET LANGUAGE German", "@@LANGUAGE", "Deutsch"),
    ("SET LANGUAGE Klingon", "1", 2740),
    # "SET QUOTED_IDENTIFIER"
    ("SET QUOTED_IDENTIFIER OFF", '"x"', "x"),
    ("SET QUOTED_IDENTIFIER ON", '"x"', 207),
    # "SET ANSI_NULLS"
    ("SET ANSI_NULLS OFF", "(SELECT COUNT(*) FROM sales.vwOrders WHERE amount = NULL)", "1"),
    ("SET ANSI_NULLS ON", "(SELECT COUNT(*) FROM sales.vwOrders WHERE amount = NULL)", "0"),
    ("SET ANSI_NULLS OFF", "(SELECT COUNT(*) FROM sales.vwOrders WHERE amount <> 1)", "3"),
    ("SET ANSI_NULLS ON", "(SELECT COUNT(*) FROM sales.vwOrders WHERE amount <> 1)", "2"),
    ("SET ANSI_NULLS OFF", "(SELECT COUNT(*) FROM sales.vwOrders WHERE amount = amount)", "2"),
    # "SET CONCAT_NULL_YIELDS_NULL"
    ("SET CONCAT_NULL_YIELDS_NULL OFF", "'a' + NULL", "a"),
    ("SET CONCAT_NULL_YIELDS_NULL ON", "'a' + NULL", None),
    # "SET ARITHABORT", "SET ANSI_WARNINGS"
    ("SET ARITHABORT OFF; SET ANSI_WARNINGS OFF", "1 / 0", None),
    ("SET ARITHABORT OFF; SET ANSI_WARNINGS OFF", "2147483647 + 1", None),
    ("SET ARITHABORT OFF; SET ANSI_WARNINGS OFF", "CAST(300 AS tinyint)", None),
    ("SET ARITHABORT OFF; SET ANSI_WARNINGS OFF", "CAST('x' AS int)", 245),
    ("SET ARITHABORT ON; SET ANSI_WARNINGS OFF", "1 / 0", 8134),
    ("SET ARITHABORT OFF; SET ANSI_WARNINGS ON", "1 / 0", 8134),
    # "SET TRANSACTION ISOLATION LEVEL", "SET LOCK_TIMEOUT"
    ("SET TRANSACTION ISOLATION LEVEL SNAPSHOT", "(SELECT COUNT(*) FROM many)", 3952),
    ("SET TRANSACTION ISOLATION LEVEL SNAPSHOT", "1", "1"),
    ("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE", "(SELECT transaction_isolation_level FROM sys.dm_exec_sessions WHERE session_id = @@SPID)", "4"),
    ("SET LOCK_TIMEOUT 1500", "@@LOCK_TIMEOUT", "1500"),
    ("SET ANSI_DEFAULTS OFF; SET QUOTED_IDENTIFIER ON; SET ANSI_NULLS ON", "@@OPTIONS & 4410", "288"),
    ("SET ANSI_PADDING ON; SET DATEFORMAT ydm", "(SELECT date_format FROM sys.dm_exec_sessions WHERE ansi_padding = 1)", "ydm"),
    ("SET DEADLOCK_PRIORITY LOW", "(SELECT deadlock_priority FROM sys.dm_exec_sessions)", "-5"),
    ("SET NOSUCH ON", "1", 195),
]
# A server set up otherwise: 2014, SNAPSHOT and RCSI allowed, Cyrillic, listening on ::1.
OTHER = [
    ("CONVERT(varchar(30), CAST(1234567.25 AS float), 3)", "1.23457e+006"),
    ("SERVERPROPERTY('ProductMajorVersion')", "12"),
    ("CAST(N'Привет' AS varchar(10))", "Привет"),
    ("DATABASEPROPERTYEX(DB_NAME(), 'Collation')", "Cyrillic_General_CI_AS"),
    ("(SELECT snapshot_isolation_state_desc FROM sys.databases WHERE name = DB_NAME())", "ON"),
    ("(SELECT is_read_committed_snapshot_on FROM sys.databases WHERE name = DB_NAME())", "1"),
    ("(SELECT COUNT(*) FROM many)", "50000"),
]
# What the log says SQL Server would do: an index that it seeks in, or None for a scan.
PLANS = [
    ("id = 1", "pk_keyed"),
    ("1 = id", "pk_keyed"),
    ("id = 1.5", None),
    ("id IN (1, 2)", "pk_keyed"),
    ("id NOT IN (1, 2)", None),
    ("id <> 1", None),
    ("id + 0 = 1", None),
    ("CAST(id AS bigint) = 1", None),
    ("id BETWEEN 1 AND 5", "pk_keyed"),
    ("id = 1 OR code = 'a'", "ix_code"),
    ("id = 1 OR free = N'a'", None),
    ("id = 1 AND free = N'a'", "pk_keyed"),
    ("id IS NULL", "pk_keyed"),
    ("id IS NOT NULL", None),
    ("NOT (id = 1)", None),
    ("id = (SELECT 1)", None),
    ("free = N'a'", None),
    ("code = 'a'", "ix_code"),
    ("code = N'a'", None),
    ("code IN ('a', N'b')", None),
    ("code = 1", None),
    ("wcode = N'a'", "ix_wcode"),
    ("ncode = N'a'", "ix_ncode"),
    ("ncode = 'a'", "ix_ncode"),
    ("code COLLATE Latin1_General_BIN2 = 'a'", None),
    ("code = 'a' COLLATE Latin1_General_BIN2", None),
    ("code LIKE 'a%'", "ix_code"),
    ("code LIKE N'a%'", None),
    ("code LIKE '%a'", None),
    ("code LIKE '[ab]%'", None),
    ("code LIKE '!%a%' ESCAPE '!'", "ix_code"),
    ("code NOT LIKE 'a%'", None),
    ("ncode LIKE N'a%' OR ncode LIKE N' %'", "ix_ncode"),
    ("ncode LIKE N'a%' OR ncode LIKE N'% a'", None),
    ("LTRIM(ncode) = N'a'", None),
    ("amount = 1.5", "ix_amount"),
    ("amount = 1", "ix_amount"),
    ("amount = CAST(1 AS float)", None),
    ("price = 1.5", None),
    ("price = CAST(1.5 AS money)", "ix_price"),
    ("price = 1", "ix_price"),
    ("day = '20240101'", "ix_day"),
    ("day = CAST('2024-01-01' AS datetime2(7))", None),
    ("moment >= CAST('2024-01-01' AS datetime2(7))", "ix_moment"),
    ("moment >= {ts '2024-01-01 00:00:00'}", "ix_moment"),
]


def check(name, good, why=""):
    print(f"ok {name}" if good else f"not ok {name}: {why}", flush=True)


def asked(sql):
    """What the server's log says of this batch, whose response is here."""
    with open(os.path.join(os.environ["JUDGE_DIR"], "plain.log"), encoding="utf-8") as f:
        last = json.loads(f.readlines()[-1])
    return last if last.get("sql") == sql else {}


def ask(c, sql):
    cur = c.cursor()
    try:
        cur.execute(sql)
        return cur.fetchall()
    except pymssql.Error as e:
        arg = e.args[0]
        return arg[0] if isinstance(arg, tuple) else arg


with pymssql.connect(server="plain", port=os.environ["JUDGE_PLAIN"], user="reader", password="secret", database="Sales", charset="UTF-8", autocommit=True) as c:
    for text, want in EXPRESSIONS:
        got = ask(c, f"SELECT CAST({text} AS nvarchar(100)) AS v")
        got = got if isinstance(got, int) else got[0][0]
        check(text, got == want, f"wanted {want!r}, got {got!r}")
    for text, want in CONDITIONS:
        got = ask(c, f"SELECT CASE WHEN {text} THEN 1 WHEN NOT ({text}) THEN 0 END AS v")
        got = got if isinstance(got, int) else got[0][0]
        check(text, got == (int(want) if isinstance(want, bool) else want), f"wanted {want!r}, got {got!r}")
    for source in ("keyed", "(SELECT * FROM keyed) AS q"):
        for text, want in PLANS:
            sql = f"SELECT id FROM {source} WHERE {text}"
            ask(c, sql)
            got = asked(sql).get("plan")
            check(f"plan of {sql}", got == (f"seek [{want}]" if want else "scan"), f"wanted {want!r}, got {got!r}")
    top = "SELECT q.id FROM (SELECT TOP 1 id FROM keyed) AS q WHERE q.id = 1"
    ask(c, top)
    check("no seek through TOP", asked(top).get("plan") == "scan", asked(top))
    with pymssql.connect(server="plain", port=os.environ["JUDGE_PLAIN"], user="reader", password="secret", database="Sales", charset="UTF-8", autocommit=True, conn_properties="") as bare:
        for settings, text, want in SETTINGS:
            got = ask(bare, f"{settings}; SELECT CAST({text} AS nvarchar(100)) AS v")
            got = got if isinstance(got, int) else got[0][0]
            check(f"{settings}: {text}", got == want, f"wanted {want!r}, got {got!r}")
            ask(bare, "SET ANSI_DEFAULTS OFF; SET ARITHABORT OFF; SET CONCAT_NULL_YIELDS_NULL OFF; SET LANGUAGE us_english; SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
        check("ROWCOUNT", ask(bare, "SET ROWCOUNT 3; SELECT n FROM many") == [(1,), (2,), (3,)])
        ask(bare, "SET ROWCOUNT 0; SET TEXTSIZE 5")
        check("TEXTSIZE", ask(bare, "SELECT CAST('123456789' AS varchar(max)) AS a, CAST(N'123456789' AS nvarchar(max)) AS b, '123456789' AS c") == [("12345", "12", "123456789")])
    for text, want in QUERIES:
        got = ask(c, text)
        check(ascii(text)[1:70], got == want, f"wanted {want!r}, got {got!r}")
with pymssql.connect(server="other", port=os.environ["JUDGE_OTHER"], user="reader", password="secret", database="Sales", charset="UTF-8", autocommit=True) as c:
    ask(c, "SET TRANSACTION ISOLATION LEVEL SNAPSHOT")
    for text, want in OTHER:
        got = ask(c, f"SELECT CAST({text} AS nvarchar(100)) AS v")
        got = got if isinstance(got, int) else got[0][0]
        check(f"elsewhere: {text}", got == want, f"wanted {want!r}, got {got!r}")
