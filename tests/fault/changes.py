"""Mode diff: what the source has is what the table has, whatever changed on
either side and whoever writes meanwhile, and nothing is written but that."""
import json
import os
import random
import sqlite3
import subprocess

from box import Box
from harness import (HERE, LONG, PYTHON, SO, expect, instructions, long_test,
                     main, test)

REFRESH = "SELECT ordersync_refresh('wide')"
COLUMNS = ("id int", "kind nvarchar(20)", "qty bigint", "price float",
           "note nvarchar(200)", "bytes varbinary(20)", "day date")
NAMES = [c.split()[0] for c in COLUMNS]
FRAME = 24 + 4096


class WideBox(Box):
    """With a second sync, "wide", in mode diff: a table of several types, with
    two indexes, a column of the user's own, and triggers that count."""

    def __init__(self, name, key, rows, seed=1, **more):
        super().__init__(name, rows=20, **more)
        self.random = random.Random(seed)
        self.server.query("CREATE TABLE vwWide(%s)" % ",".join(
            c.replace(" ", ' "', 1) + '"' for c in COLUMNS))
        for number in range(rows):
            self.insert(number)
        self.sql("CREATE TABLE wide(id INT, kind TEXT, qty REAL, price "
                 "NUMERIC, note, bytes BLOB, day TEXT, mine)")
        self.sql("CREATE INDEX wide_kind ON wide(kind)")
        self.sql("CREATE INDEX wide_note ON wide(note)")
        self.sql("INSERT INTO ordersync_syncs(name, source, target, mode, key,"
                 " retries) VALUES('wide', 'dbo.vwWide', 'wide', 'diff', ?, 0)",
                 key)
        for i, name in enumerate(NAMES):
            self.sql("INSERT INTO ordersync_columns(sync, position, "
                     "source_column, target_column) VALUES('wide', ?, ?, ?)",
                     i + 1, name, name)
        self.program = self.host()
        expect(self.program.ok(REFRESH).value == rows, "the first refresh")
        self.sql("UPDATE wide SET mine = id")
        self.sql("CREATE TABLE written(kind, id)")
        for verb, row in (("insert", "new"), ("update", "new"),
                          ("delete", "old")):
            self.sql("CREATE TRIGGER count_%s AFTER %s ON wide BEGIN INSERT "
                     "INTO written VALUES('%s', %s.rowid); END" %
                     (verb, verb, verb, row))

    def value(self, name):
        r = self.random
        if r.random() < 0.1:
            return None
        return {"kind": lambda: r.choice("abc") * r.randint(1, 3),
                "qty": lambda: r.randint(-3, 2 ** 40),
                "price": lambda: r.choice((0.0, 1.0, 0.1, r.random(), 1e300)),
                "note": lambda: "ü%d" % r.getrandbits(60) * r.randint(1, 9),
                "bytes": lambda: r.randbytes(r.randint(1, 20)),
                "day": lambda: "20%02d-01-02" % r.randint(10, 40)}[name]()

    def insert(self, number):
        self.server.run("INSERT INTO vwWide VALUES(?,?,?,?,?,?,?)", number,
                        *[self.value(name) for name in NAMES[1:]])

    def source(self, sql="SELECT * FROM vwWide"):
        return self.server.run(sql)

    def expect_the_sources(self):
        def sort(rows):
            # In the local table 5 is 5.0 where the column is REAL.
            return sorted(repr([float(v) if isinstance(v, (int, float))
                                else v for v in row]) for row in rows)
        wanted = sort(self.source())
        found = sort(self.sql("SELECT %s FROM wide" % ",".join(NAMES)))
        expect(found == wanted, "not the source's rows: %r" % list(
            set(found) ^ set(wanted))[:4])
        expect(self.sql("PRAGMA integrity_check") == [("ok",)], "damaged")

    def counts(self):
        """What the log says was inserted, updated, deleted; and that the
        triggers saw just that."""
        run = self.sql("SELECT rows_inserted, rows_updated, rows_deleted FROM "
                       "ordersync_runs ORDER BY id DESC LIMIT 1")[0]
        seen = tuple(self.sql("SELECT count(*) FROM written WHERE kind = ?",
                              kind)[0][0]
                     for kind in ("insert", "update", "delete"))
        expect(run == seen, "logged %r, written %r" % (run, seen))
        self.sql("DELETE FROM written")
        return run

    def change_at_random(self):
        """Returns how many rows were inserted, updated, deleted."""
        r = self.random
        rowids = [row for (row,) in self.source("SELECT rowid FROM vwWide")]
        r.shuffle(rowids)
        n_deleted, n_updated = r.choice(((0, 0), (0, 1), (1, 0), (2, 3),
                                         (9, 20), (3, len(rowids) - 5)))
        for row in rowids[:n_deleted]:
            self.server.run("DELETE FROM vwWide WHERE rowid = ?", row)
        updated = 0
        for row in rowids[n_deleted:n_deleted + n_updated]:
            name = r.choice(NAMES[1:])
            old = self.source("SELECT %s FROM vwWide WHERE rowid = %d" %
                              (name, row))[0][0]
            new = self.value(name)
            updated += old != new
            self.server.run("UPDATE vwWide SET %s = ? WHERE rowid = ?" % name,
                            new, row)
        n_inserted = r.choice((0, 0, 1, 7))
        for _ in range(n_inserted):
            self.number += 1
            self.insert(self.number)
        if r.random() < 0.3:  # in another order
            self.server.query("CREATE TABLE w AS SELECT * FROM vwWide ORDER BY"
                              " random(); DELETE FROM vwWide; INSERT INTO "
                              "vwWide SELECT * FROM w; DROP TABLE w")
        return n_inserted, updated, n_deleted

    def history(self, rounds, ids_stay):
        self.number = 10000
        for _ in range(rounds):
            wanted = self.change_at_random()
            before = dict(self.sql("SELECT id, rowid FROM wide"))
            expect(self.program.refresh is not None and
                   self.program.ok(REFRESH).value == len(self.source()),
                   "the number of rows")
            self.expect_the_sources()
            counts = self.counts()
            if ids_stay:
                expect(counts == wanted, "%r, not %r" % (counts, wanted))
            else:
                expect(sum(counts) <= sum(wanted) + wanted[1],
                       "%r written for %r" % (counts, wanted))
            after = dict(self.sql("SELECT id, rowid FROM wide"))
            moved = [i for i in after if i in before and before[i] != after[i]]
            expect(not moved or not ids_stay, "row ids changed: %r" % moved)
            expect(self.sql("SELECT count(*) FROM wide WHERE mine <> id")
                   == [(0,)] or not ids_stay, "another row's own column")

    def meddle(self, sql, first, times):
        out = subprocess.run([PYTHON, os.path.join(HERE, "meddler.py"), SO,
                              self.db_path, REFRESH, sql, str(first), str(times)],
                             env=self.env, cwd=self.folder, check=True,
                             stdout=subprocess.PIPE, timeout=120).stdout
        return json.loads(out)

    def close(self):
        self.program.close()
        super().close()


# ---- random histories -------------------------------------------------------

@test
def a_history_with_a_key():
    with WideBox("history-key", "id", 120, seed=4711) as b:
        b.history(60 if LONG else 15, ids_stay=True)


@test
def a_history_without_a_key():
    with WideBox("history-none", None, 120, seed=4712) as b:
        b.history(60 if LONG else 15, ids_stay=False)


@test
def a_history_with_a_key_that_is_none():
    with WideBox("history-bad-key", "kind", 120, seed=4713) as b:
        b.history(60 if LONG else 15, ids_stay=False)


@test
def without_a_key_a_row_is_known_by_what_stayed():
    with WideBox("likeness", None, 120) as b:
        ids = b.sql("SELECT id, rowid FROM wide ORDER BY id")
        b.server.query("UPDATE vwWide SET note = 'x' || id, qty = -id WHERE "
                       "id % 3 = 0")
        expect(b.program.ok(REFRESH).value == 120, "the number of rows")
        b.expect_the_sources()
        expect(b.counts() == (0, 40, 0), "not updated")
        expect(b.sql("SELECT id, rowid FROM wide ORDER BY id") == ids,
               "row ids changed")


@test
def without_a_key_what_has_little_in_common_is_another_row():
    with WideBox("unlike", None, 120) as b:
        b.server.query("INSERT INTO vwWide SELECT -1, kind, -1, -1.5, 'new', "
                       "x'00', day FROM vwWide WHERE id = 5; DELETE FROM "
                       "vwWide WHERE id = 5")
        expect(b.program.ok(REFRESH).value == 120, "the number of rows")
        b.expect_the_sources()
        expect(b.counts() == (1, 0, 1), "taken for the same row")


# ---- what is written --------------------------------------------------------

def pages(b, change):
    """How many pages a refresh adds to the WAL."""
    b.server.query(change)
    db = sqlite3.connect(b.db_path, isolation_level=None, timeout=20)
    busy = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    expect(busy == 0, "the WAL is in use")
    answer = b.program.ok(REFRESH)
    size = os.path.getsize(b.db_path + "-wal")
    db.close()
    expect(answer.value == len(b.source()), "the number of rows")
    b.expect_the_sources()
    return (size - 32) // FRAME


def nothing_changed(key):
    with WideBox("nothing-%s" % key, key, 400) as b:
        before = b.sql("SELECT max(id) FROM ordersync_run_details")
        found = [pages(b, "") for _ in range(5)]
        # Now and then the log's table needs a new page.
        expect(sorted(found)[2] == 2 and max(found) <= 6,
               "pages written: %r" % found)
        expect(b.sql("SELECT max(id) FROM ordersync_run_details") == before,
               "details of nothing")
        expect(b.counts() == (0, 0, 0), "rows written")
        expect(b.last_run().status == "success" and b.last_run().rows == 400,
               "not logged")


@test
def nothing_changed_with_a_key_writes_two_pages_of_the_log():
    nothing_changed("id")


@test
def nothing_changed_without_a_key_writes_two_pages_of_the_log():
    nothing_changed(None)


@test
def only_the_columns_that_changed_are_set():
    with WideBox("columns", "id", 120) as b:
        b.sql("CREATE TRIGGER others AFTER UPDATE OF id, kind, qty, note, "
              "bytes, day ON wide BEGIN SELECT raise(ABORT, 'others'); END")
        b.server.query("UPDATE vwWide SET price = price + 0.25 WHERE price < "
                       "1000")
        expect(b.program.ok(REFRESH).value == 120, "the number of rows")
        b.expect_the_sources()
        expect(b.counts()[1] > 50, "nothing was updated")


@test
def more_sets_of_columns_than_statements_are_kept():
    """Each row changes other columns: 127 sets."""
    with WideBox("sets", "id", 128) as b:
        b.server.query("".join(
            "UPDATE vwWide SET %s = %s WHERE (id >> %d) & 1;" % (
                name, "'neu ' || id" if name in ("kind", "note") else
                "'2001-01-01'" if name == "day" else "-99.5" if
                name == "price" else "x'1234567890'" if name == "bytes" else
                "-77", bit) for bit, name in enumerate(NAMES[1:])))
        expect(b.program.ok(REFRESH).value == 128, "the number of rows")
        b.expect_the_sources()
        inserted, updated, deleted = b.counts()
        expect(inserted == deleted == 0 and updated > 110, "not updated")


# ---- how much work it is ----------------------------------------------------

def fill(b, rows, sign):
    """In the opposite order when the sign changes."""
    b.server.query(
        "DELETE FROM vwWide; WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT "
        "n + 1 FROM c WHERE n < %d) INSERT INTO vwWide(id, kind, qty, note) "
        "SELECT n, NULL, n %% 7, 'row ' || n FROM c ORDER BY n * %d" %
        (rows, sign))


@long_test
def a_key_that_all_rows_share_is_no_more_work():
    """NULL, say: not as many comparisons as there are pairs of rows."""
    found = {}
    for key in ("id", "kind"):
        with WideBox("crowd-" + key, key, 9) as b:
            fill(b, 3000, 1)
            b.program.ok(REFRESH)
            b.sql("DELETE FROM written")
            b.program.close()
            fill(b, 3000, -1)
            moved = instructions(b, REFRESH)
            b.expect_the_sources()
            expect(b.counts() == (0, 0, 0), "written")
            b.server.query("UPDATE vwWide SET qty = qty + 10")
            found[key] = moved, instructions(b, REFRESH)
            b.expect_the_sources()
            expect(b.counts() == (0, 3000, 0), "not updated")
    print("     instructions: %r" % found)
    for by_id, by_kind in zip(found["id"], found["kind"]):
        expect(by_kind < 2 * by_id, "%r" % found)


# ---- somebody else writes ---------------------------------------------------

def meddled(name, sql, firsts, times, journal="wal"):
    @test
    def function():
        with WideBox("meddle-" + name, "id", 800, journal=journal) as b:
            b.program.close()
            b.profile(query_timeout=100)
            writes = 0
            for first in firsts:
                b.server.query("UPDATE vwWide SET note = 'new%d' WHERE id = 7"
                               % first)
                said = b.meddle(sql, first, times)
                expect(said["error"] is None, "it failed: %s" % said["error"])
                expect(said["value"] == 800, "it answered %r" % said["value"])
                expect(said["left"] == 0, "%d bytes are left" % said["left"])
                b.expect_the_sources()
                writes += said["writes"]
            expect(writes > 0, "nobody wrote")
    function.__name__ = "others_may_" + name


LATER = "UPDATE wide SET note = 'meddled', qty = 5 WHERE rowid = 1 + abs(" \
        "random() % 700)"
MOMENTS = range(0, 120, 4 if LONG else 12)
for journal in ("wal", "delete"):
    meddled("change_a_row_while_rows_are_compared_" + journal, LATER, MOMENTS,
            1, journal)
    meddled("change_rows_all_the_time_" + journal, LATER, [0], 10 ** 6,
            journal)
    meddled("delete_rows_all_the_time_" + journal,
            "DELETE FROM wide WHERE rowid = 1 + abs(random() % 700)", [0],
            10 ** 6, journal)
    meddled("write_another_table_all_the_time_" + journal,
            "UPDATE open_orders SET plant = plant + 1", [0], 10 ** 6, journal)
meddled("alter_the_table_while_rows_are_compared",
        "ALTER TABLE wide RENAME mine TO mine2; ALTER TABLE wide RENAME mine2 "
        "TO mine", MOMENTS, 1)

main()
