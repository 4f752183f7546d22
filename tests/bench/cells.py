"""Is every cell right? What the server holds, by its own SQLite file, against
what somebody has stored, cell by cell.

Right is what means the same, in whatever form SQLite's own functions can read:
12.500 for 12.5, a date with a midnight behind it, 'T' between date and time.
Not right: other digits, another instant, a date that is not ISO 8601, NULL for
'' or '' for NULL, blanks or characters that are gone.
"""
import collections
import decimal
import re
import sqlite3

WHOLE = ("int", "smallint", "tinyint", "bit", "bigint")
KEY = ("salesDoc", "itemNumber")
ISO = re.compile(r"(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d:\d\d)(\.\d+)?)?Z?$")


def truth(path, types):
    """The server's rows by their key, as values of Python."""
    db = sqlite3.connect(path)
    rows = {}
    for row in db.execute('SELECT * FROM "vwZSDOrder_Advanced"'):
        cells = {n: value if value is None else canonical(types[n], value)
                 for n, value in zip(types, row)}
        rows[cells[KEY[0]], cells[KEY[1]]] = list(cells.values())
    db.close()
    return rows


def canonical(kind, value):
    if kind.startswith("decimal"):
        scale = int(kind[:-1].split(",")[1])
        return decimal.Decimal(value).quantize(decimal.Decimal(1).scaleb(-scale))
    if kind.startswith("nchar"):
        return value.ljust(int(kind[6:-1]))
    return value


def number(value):
    try:
        return decimal.Decimal(repr(value) if isinstance(value, float)
                               else str(value).strip())
    except decimal.InvalidOperation:
        return None


def moment(text):
    """Date, time, milliseconds: datetime counts 1/300 s, and a driver may tell
    .006667 for what SQL Server shows as .007."""
    found = ISO.match(text) if isinstance(text, str) else None
    if not found:
        return None
    return (found[1], found[2] or "00:00:00",
            round(float(found[3] or 0) * 1000))


def wrong(kind, want, got):
    """None if the cell is right, else what happened to it."""
    if want is None or got is None:
        if want is got:
            return None
        if want is None:
            return "NULL became ''" if got == "" else "NULL became something"
        return "'' became NULL" if want == "" else "a value became NULL"
    if kind in WHOLE:
        value = {"t": 1, "f": 0}.get(got, got)
        return None if number(value) == want else "integers differ"
    if kind.startswith("decimal"):
        return None if number(got) == want else "decimals rounded"
    if kind.startswith("date"):
        have, need = moment(got), moment(want)
        if have == need:
            return None
        if not have:
            return "dates not ISO 8601"
        return ("fractions of a second lost" if have[:2] == need[:2]
                else "another date or time")
    if got == want:
        return None
    if isinstance(got, str) and got.strip() == want.strip():
        return "blanks around text changed"
    return "texts differ"


def compare(rows, types, table):
    """(cells that are not right, {why: cells}) of rows as sequences."""
    reasons = collections.Counter()
    kinds = list(types.values())
    keys = [list(types).index(name) for name in KEY]
    seen = set()
    for row in table:
        item = number(row[keys[1]])
        key = row[keys[0]], int(item) if item is not None else None
        want = rows.get(key)
        if want is None or key in seen or len(row) != len(kinds):
            reasons["rows nobody has"] += len(row)
            continue
        seen.add(key)
        for kind, a, b in zip(kinds, want, row):
            reasons[wrong(kind, a, b)] += 1
    reasons["missing rows"] += (len(rows) - len(seen)) * len(kinds)
    del reasons[None]
    reasons = {why: n for why, n in reasons.items() if n}
    return sum(reasons.values()), reasons


def stored(path, table, types):
    db = sqlite3.connect(path)
    try:
        return [row[:len(types)] for row in db.execute("SELECT * FROM " + table)]
    finally:
        db.close()


def copied(text):
    """The rows of PostgreSQL's COPY ... TO STDOUT."""
    escapes = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}

    def plain(cell):
        if cell == "\\N":
            return None
        return re.sub(r"\\(.)", lambda m: escapes.get(m[1], m[1]), cell)

    return [[plain(cell) for cell in line.split("\t")]
            for line in text.split("\n") if line]
