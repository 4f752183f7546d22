"""pymssql (DB-Library) as a judge: every type, parameters, errors, cancel."""
import datetime
import decimal
import os
import struct
import uuid

import pymssql

WORK = os.environ["JUDGE_DIR"]


def check(name, good, why=""):
    print(f"ok {name}" if good else f"not ok {name}: {why}", flush=True)


def connect(section, **more):
    port = os.environ["JUDGE_" + section.upper()]
    args = dict(server=section, user="reader", password="secret", database="Sales", charset="UTF-8", port=port)
    args.update(more)
    return pymssql.connect(**args)


def expected():
    rows = {}
    with open(os.path.join(WORK, "expected.tsv"), encoding="utf-8") as f:
        for line in f:
            row, column, value = line.rstrip("\n").split("\t", 2)
            rows.setdefault(row, {})[column] = value
    return rows


FIXED = {"c_char": 5, "c_nchar": 5}


def offset_bytes(text):
    """Older pymssql hands datetimeoffset out as FreeTDS's DBDATETIMEALL: ticks and days of UTC, the offset."""
    stamp, offset = text.rsplit(" ", 1)
    stamp, _, fraction = stamp.partition(".")
    minutes = int(offset[:3]) * 60 + int(offset[0] + offset[4:])
    days = datetime.date.fromisoformat(stamp[:10]).toordinal() - datetime.date(1900, 1, 1).toordinal()
    h, m, sec = map(int, stamp[11:].split(":"))
    ticks = ((days * 1440 + h * 60 + m - minutes) * 60 + sec) * 10**7 + int(fraction.ljust(7, "0") or 0)
    days, ticks = divmod(ticks, 864 * 10**9)
    precision = len(fraction)
    return struct.pack("<Qih", ticks, days, minutes) + struct.pack("<H", 0xE000 | precision)


def same(column, want, got):
    if want == "null":
        return got is None
    if got is None:
        return False
    kind, text = want.split(":", 1)
    if column.startswith("c_dto") and isinstance(got, datetime.datetime):
        stamp, offset = text.rsplit(" ", 1)
        stamp, _, fraction = stamp.partition(".")
        return got.isoformat(" ", "microseconds") == f"{stamp}.{fraction[:6]:0<6}{offset}"
    if column.startswith("c_dto"):
        return got == offset_bytes(text)
    if kind == "hex":
        data = bytes.fromhex(text)
        if column == "c_binary":
            data = data.ljust(4, b"\0")
        return got == data
    if column in FIXED:
        return got == text.ljust(FIXED[column])
    if isinstance(got, bool):
        return got == (text == "1")
    if isinstance(got, float):
        if column == "c_real":
            return struct.pack("f", got) == struct.pack("f", float(text))
        return abs(got - float(text)) <= 1e-15 * abs(got)  # SQLite prints 16 digits
    if isinstance(got, decimal.Decimal) or column in ("c_money", "c_smallmoney"):
        return decimal.Decimal(got) == decimal.Decimal(text)
    if isinstance(got, int):
        return got == int(text)
    if isinstance(got, uuid.UUID):
        return str(got).upper() == text
    if isinstance(got, datetime.datetime):
        # DB-Library's converted form keeps milliseconds
        return got.isoformat(" ", "milliseconds")[:23].startswith(text[:23].split(" +")[0].split(" -")[0][:23])
    if isinstance(got, datetime.date):
        return got.isoformat() == text
    if isinstance(got, datetime.time):
        return text.startswith(got.isoformat("milliseconds")[: len(text)])
    return got == text


def types(section):
    want = expected()
    with connect(section) as c:
        cur = c.cursor(as_dict=True)
        cur.execute("SELECT * FROM every_type WHERE [row] <> 'max'")
        rows = cur.fetchall()
        # pymssql itself fails on 23:59:59.9999999: those two as text
        names = ", ".join(
            f"CAST({c} AS nvarchar(40)) AS {c}" if c in ("c_time7", "c_dt2_7") else c for c in want["max"]
        )
        cur.execute(f"SELECT [row], {names} FROM every_type WHERE [row] = 'max'")
        seen = 0
        for row in rows + cur.fetchall():
            seen += 1
            for column, text in want[row["row"]].items():
                got = row[column]
                if not same(column, text, got):
                    check(f"{section} {row['row']} {column}", False, f"wanted {text[:60]!r}, got {got!r:.80}")
                else:
                    check(f"{section} {row['row']} {column}", True)
        check(f"{section} rows", seen == len(want), seen)


def error_number(call):
    try:
        call()
    except pymssql.Error as e:
        arg = e.args[0]
        return arg[0] if isinstance(arg, tuple) else arg
    return None


def query(c, sql, params=None):
    cur = c.cursor()
    cur.execute(sql, params)
    return cur.fetchall()


types("plain")
types("tls")
types("login")
check("wrong password", error_number(lambda: connect("plain", password="nonsense")) in (18456, 20002))
with connect("plain") as c:
    check("missing view", error_number(lambda: query(c, "SELECT * FROM dbo.vwNowhere")) == 208)
    check("missing column", error_number(lambda: query(c, "SELECT nope FROM many")) == 207)
    check("syntax", error_number(lambda: query(c, "SELECT n FROM many WHERE n = = 1")) == 102)
    check("conversion", error_number(lambda: query(c, "SELECT CAST(t AS int) FROM many")) == 245)
    check("usable after errors", query(c, "SELECT COUNT(*) FROM many") == [(50000,)])
    check("parameters", query(c, "SELECT n FROM many WHERE n = %d AND t LIKE %s", (77, "A row%")) == [(77,)])
    check("quoting", query(c, "SELECT %s", ("it's",)) == [("it's",)])
    check("unicode parameter", query(c, "SELECT [row] FROM every_type WHERE c_nvarchar = %s", ("łódź 東京 😀",)) == [("unicode",)])
    cur = c.cursor()
    cur.execute("SELECT n FROM many ORDER BY n")
    first = cur.fetchone()
    cur.close()  # cancels the rest
    check("cancel, then go on", first == (1,) and query(c, "SELECT 5")[0][0] == 5)
    cur = c.cursor()
    cur.execute("SELECT 1 AS a; SELECT 2 AS b")
    one = cur.fetchall()
    check("two results", one == [(1,)] and cur.nextset() and cur.fetchall() == [(2,)])
    cur.execute("CREATE TABLE judge_pymssql (id int NOT NULL, name nvarchar(20), amount decimal(10,2))")
    cur.executemany("INSERT INTO judge_pymssql VALUES (%d, %s, %s)", [(1, "a", "1.50"), (2, "ß", None)])
    check("inserts and counts", cur.rowcount in (1, 2, -1))
    check("reads them", query(c, "SELECT * FROM judge_pymssql ORDER BY id") == [(1, "a", decimal.Decimal("1.50")), (2, "ß", None)])
    cur.execute("UPDATE judge_pymssql SET amount = amount * 2 WHERE id = 1")
    cur.execute("DELETE FROM judge_pymssql WHERE id = 2")
    check("updates", query(c, "SELECT id, amount FROM judge_pymssql") == [(1, decimal.Decimal("3.00"))])
    c.rollback()
    check("rolls back", error_number(lambda: query(c, "SELECT * FROM judge_pymssql")) == 208)
