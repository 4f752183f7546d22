"""Mode diff, merge and append on odd tables: random types, affinities and
collations, keys that are NULL or come twice, UNIQUE values that change places,
triggers, generated columns, partial indexes. After each run the table holds, cell
by cell, what mode replace puts into one of the same columns; and the changes give
every earlier state back."""
import json
import os
import random
import sqlite3

from box import Box
from harness import LONG, expect, main, test

# The source's columns: name, type, and what may be in it.
BIG = "12345678901234567890123456789.123456789"
TEXTS = ("", "a", "A", "a ", "b", "7", "007", "7.0", "1e3", " 7", "7 ", "0x1F",
         "ü", "Ü", "nul\0inside", "x" * 300, "9223372036854775808", "-0", "+5",
         "Infinity", "null", "5.", ".5", "\ufeff", "x\uffff", "\U0001F600")
VALUES = {
    "name": ("nvarchar(400)", TEXTS),
    "code": ("nvarchar(400)", TEXTS),
    "amount": ("decimal(38,9)", (BIG, "-0.000000001", "7", "7.5", "0", "1000")),
    "qty": ("bigint", (0, -1, 7, 2 ** 53 + 1, 2 ** 63 - 1, -2 ** 63)),
    "price": ("float", (0.0, -0.0, 7.0, 0.1, 1e300, 5e-324, 9.3e18, 1 / 3)),
    "bytes": ("varbinary(40)", (b"", b"\0", b"7", b"a", bytes(40))),
    "flag": ("bit", (0, 1)),
    "day": ("datetime2(7)", ("2025-03-01 10:00:00.0000000",
                             "0001-01-01 00:00:00.0000000",
                             "9999-12-31 23:59:59.9999999")),
}
NAMES = ["id", "tag", *VALUES, "w"]
DECLS = ("INTEGER", "TEXT", "REAL", "NUMERIC", "BLOB", "", "ANY",
         "TEXT COLLATE NOCASE", "TEXT COLLATE RTRIM", "VARCHAR(9)", "INT",
         "DECIMAL(38,9)", "FLOATING POINT", "STRING", "BOOLEAN")
STRICT = ("ANY", "ANY COLLATE NOCASE")


class OddBox(Box):
    """With the syncs "odd", in the mode that is tested, and "plain", which
    replaces the rows of a table of the same columns."""

    def __init__(self, name, seed, mode):
        self.encoding = "UTF-16" if seed % 3 == 0 else "UTF-8"
        super().__init__(name, rows=1, encrypt="off", ca_file=None)
        self.random = r = random.Random(seed)
        self.mode = mode
        self.w, self.next_id, self.tags = 0, 1, {None}
        self.server.query("CREATE TABLE vwOdd(id int NOT NULL, tag nvarchar(40)"
                          " NOT NULL, %s, w bigint NOT "
                          "NULL)" % ", ".join('"%s" "%s"' % (n, t) for n, (t, _)
                                              in VALUES.items()))
        self.change([self.insertion() for _ in range(r.choice((0, 3, 40)))])
        self.make_tables()
        self.program = self.host()
        for sql in self.ddl:
            self.program.ok(sql)

    def make(self, journal):
        db = sqlite3.connect(self.db_path)
        db.execute("PRAGMA encoding = '%s'" % self.encoding)
        db.execute("CREATE TABLE made(it)")
        db.execute("DROP TABLE made")
        db.close()
        super().make(journal)

    def make_tables(self):
        """The two tables' columns are the same, the odd one has more to it."""
        r = self.random
        strict = r.random() < 0.2
        decls = {n: r.choice(STRICT if strict else DECLS) for n in NAMES}
        kind = r.choice(("none", "own", "id", "text"))
        decls["id"] = "INTEGER PRIMARY KEY" if kind == "id" else "INTEGER"
        decls["w"] = "INTEGER"
        if r.random() < 0.5:  # several tags are one to the index
            decls["tag"] = "ANY COLLATE NOCASE" if strict else r.choice(
                ("TEXT COLLATE NOCASE", "TEXT COLLATE RTRIM"))
        more = ["mine TEXT DEFAULT 'm'", "updated_at TEXT", "created_at TEXT"]
        more = r.sample(more, r.randint(0, 3))
        if kind == "own":
            more.append("own INTEGER PRIMARY KEY")
        more += r.sample(["g AS (typeof(qty)) VIRTUAL" if not strict else
                          "g TEXT AS (typeof(qty)) VIRTUAL",
                          "s TEXT AS (coalesce(hex(name), '')) STORED"],
                         r.randint(0, 2))
        columns = ['"%s" %s' % c for c in decls.items()]
        end = ") STRICT" if strict else ")"
        unique = r.choice(("", "", ", UNIQUE(id)", ", UNIQUE(id) ON CONFLICT "
                           "REPLACE", ", UNIQUE(id) ON CONFLICT IGNORE"))
        self.ddl = ["CREATE TABLE plain(%s%s" % (", ".join(columns), end),
                    "CREATE TABLE odd(%s%s%s" %
                    (", ".join(columns + more), unique, end),
                    "CREATE INDEX odd_id ON odd(id)",
                    "CREATE INDEX odd_tag ON odd(tag)",
                    "CREATE TABLE audit(what, old, new)"]
        self.ddl += r.sample([
            "CREATE INDEX odd_part ON odd(name) WHERE qty > 0",
            "CREATE INDEX odd_expr ON odd(upper(name), code DESC)",
            "CREATE UNIQUE INDEX odd_u ON odd(id, w)",
            "CREATE TRIGGER odd_u1 AFTER UPDATE OF name, qty ON odd BEGIN "
            "INSERT INTO audit VALUES('u', old.name, new.name); END",
            "CREATE TRIGGER odd_i BEFORE INSERT ON odd BEGIN INSERT INTO audit "
            "VALUES('i', NULL, new.id); END",
            "CREATE TRIGGER odd_d AFTER DELETE ON odd BEGIN INSERT INTO audit "
            "VALUES('d', old.id, NULL); END"], r.randint(0, 6))
        keys = ("id", "tag", "ID , tag")
        self.key = r.choice(keys if self.mode != "diff" else keys + (
            None, None, "code", "flag", "id,code", "name, flag", "bytes", "price", "amount"))
        # Else rows may come twice, as they are.
        self.is_unique = kind == "id" or "UNIQUE" in " ".join(self.ddl)
        self.keeps = self.key is not None and r.random() < 0.6
        for sync, mode in (("plain", "replace"), ("odd", self.mode)):
            self.ddl.append(
                "INSERT INTO ordersync_syncs(name, source, target, mode, key, "
                "watermark, retries, keep_changes) VALUES('%s', 'dbo.vwOdd', "
                "'%s', '%s', %s, 'w', 0, %d)" % (
                    sync, sync, mode,
                    "'%s'" % self.key if sync == "odd" and self.key else "NULL",
                    sync == "odd" and self.keeps))
            order = NAMES[:]
            r.shuffle(order)
            for i, name in enumerate(order):
                self.ddl.append(
                    "INSERT INTO ordersync_columns(sync, position, source_column"
                    ", target_column) VALUES('%s', %d, '%s', '%s')" %
                    (sync, i + 1, name, name.upper() if r.random() < 0.1
                     else name))

    # ---- the source ---------------------------------------------------------

    def change(self, statements):
        with self.server.tables() as db:
            for sql, args in statements:
                db.execute(sql, args)

    def tick(self):
        self.w += self.random.choice((1, 1, 3))
        return self.w

    def value(self, name):
        return None if self.random.random() < 0.2 else \
            self.random.choice(VALUES[name][1])

    def tag(self):
        """No two are the same, but to NOCASE and RTRIM."""
        tag = None
        while tag in self.tags:
            tag = self.random.choice(("k%d", "K%d", "k%d ", "K%d  ")) % (
                self.random.randint(0, self.next_id // 2))
        self.tags.add(tag)
        return tag

    def insertion(self):
        self.next_id += 1
        return ("INSERT INTO vwOdd VALUES(?,?%s,?)" % (",?" * len(VALUES)),
                [self.next_id, self.tag(), *map(self.value, VALUES), self.tick()])

    def update(self, row):
        names = self.random.sample(list(VALUES), self.random.choice(
            (1, 1, 2, len(VALUES))))
        return ("UPDATE vwOdd SET %s, w = ? WHERE id = ?" % ", ".join(
            '"%s" = ?' % n for n in names),
            [*map(self.value, names), self.tick(), row])

    def change_at_random(self):
        r = self.random
        ids = [row for (row,) in self.server.run("SELECT id FROM vwOdd")]
        r.shuffle(ids)
        todo = [self.insertion() for _ in range(r.choice((0, 0, 1, 7)))]
        todo += [self.update(row) for row in
                 ids[:r.choice((0, 1, 1, 9, len(ids)))]]
        if self.mode == "diff":
            todo += [("DELETE FROM vwOdd WHERE id = ?", [row]) for row in
                     ids[:r.choice((0, 0, 1, 5, len(ids)))]]
            if r.random() < 0.3 and len(ids) > 1:  # ids change places
                n = r.randint(2, len(ids))
                todo += [("UPDATE vwOdd SET id = -id WHERE id = ?", [row])
                         for row in ids[-n:]]
                todo += [("UPDATE vwOdd SET id = ? WHERE id = ?", [to, -row])
                         for row, to in zip(ids[-n:], ids[-n + 1:] +
                                            ids[-n:-n + 1])]
            if r.random() < 0.3 and not self.is_unique:
                todo.append(("INSERT INTO vwOdd SELECT * FROM vwOdd ORDER BY "
                             "random() LIMIT 3", []))
            if r.random() < 0.2:
                todo += [("CREATE TABLE o AS SELECT * FROM vwOdd ORDER BY "
                          "random()", []), ("DELETE FROM vwOdd", []),
                         ("INSERT INTO vwOdd SELECT * FROM o", []),
                         ("DROP TABLE o", [])]
        r.shuffle(todo) if self.mode != "diff" else None
        self.change(todo)

    # ---- the tables ---------------------------------------------------------

    def cells(self, table):
        cells = ", ".join('typeof("%s"), hex(CAST("%s" AS BLOB)), quote("%s")' %
                          (n, n, n) for n in NAMES)
        return sorted(map(repr, self.sql("SELECT %s FROM %s" % (cells, table))))

    def refresh(self, sync, options):
        return self.program.sql("SELECT ordersync_refresh('%s', '%s')" %
                                (sync, json.dumps(options)))

    def as_of(self, run):
        return sorted(row for _, row in self.program.ok(
            "SELECT key, row FROM ordersync_as_of('odd', %d)" % run).rows)

    def step(self):
        """Returns whether it went well, of both."""
        options = {}
        if self.random.random() < 0.2:
            options["full"] = True
        if self.random.random() < 0.4 and not self.keeps:
            options["mode"] = self.random.choice(
                ("diff", "replace") if self.mode == "diff" else
                ("diff", "replace", "merge", "append"))
            options["key"] = self.random.choice(("id", "tag, id") + (
                (None,) if options["mode"] in ("diff", "replace") else ()))
        plain, odd = self.refresh("plain", {}), self.refresh("odd", options)
        expect(plain.error is None, "replace: %s" % plain.error)
        expect(odd.error is None, "%s: %s" % (self.mode, odd.error))
        wanted, found = self.cells("plain"), self.cells("odd")
        expect(found == wanted, "only in the odd table %r, only in the plain "
               "one %r" % (sorted(set(found) - set(wanted))[:2],
                           sorted(set(wanted) - set(found))[:2]))
        expect(odd.value == len(found), "it answered %r" % odd.value)
        expect(self.sql("PRAGMA integrity_check") == [("ok",)], "damaged")

    def close(self):
        self.program.close()
        super().close()


def history(seed, mode, rounds):
    with OddBox("odd-%s-%d" % (mode, seed), seed, mode) as b:
        try:
            past = []
            for i in range(rounds):
                if i:
                    b.change_at_random()
                b.step()
                if b.keeps:
                    run = b.last_run().id
                    past.append((run, b.as_of(run)))
            for run, rows in past:
                expect(b.as_of(run) == rows, "as of run %d" % run)
            again = b.refresh("odd", {})
            counts = b.sql("SELECT rows_inserted, rows_updated, rows_deleted "
                           "FROM ordersync_runs ORDER BY id DESC LIMIT 1")[0]
            expect(again.error is None and counts == (0, 0, 0),
                   "%r written though nothing changed" % (counts,))
        except AssertionError as error:
            raise AssertionError("seed %d, key %s: %s\n%s" % (
                seed, b.key, error, "\n".join(b.ddl[:11])))


def histories(mode):
    @test
    def function():
        first = int(os.environ.get("ODD_SEED", 1))
        for seed in range(first, first + (30 if LONG else 5)):
            history(seed, mode, 8)
    function.__name__ = "a_history_in_mode_" + mode


for each in ("diff", "merge", "append"):
    histories(each)

main()
