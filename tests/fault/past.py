"""keep_changes: the changes, replayed over an old copy, give the next one, cell
by cell; ordersync_as_of gives each old copy back; and whatever becomes of a
run, its changes are there exactly where its rows are."""
import itertools
import json
import os
import random
import re
import signal
import sqlite3
import threading
import time

from box import Box
from harness import (LONG, ROOT, expect, expect_match, instructions, long_test,
                     main, test)
from victim import Victim, build, measure

REFRESH = "SELECT ordersync_refresh('kept')"
COLUMNS = ("id int", "kind nvarchar(20)", "qty bigint", "price float",
           "note nvarchar(200)", "bytes varbinary(20)", "day date",
           "amount decimal(38,9)", "plain float")
NAMES = [c.split()[0] for c in COLUMNS]
TARGETS = ["id", "kind", "qty", "price", "no\"te", "bytes", "day", "amount",
           "pl ain"]
TYPES = ("INT", "TEXT", "INTEGER", "REAL", "", "BLOB", "TEXT", "", "NUMERIC")


class Text(bytes):
    """A text's bytes: not those of a blob."""

    def __eq__(self, other):
        return type(other) is Text and bytes(self) == bytes(other)
    __hash__ = bytes.__hash__

    def __repr__(self):
        return "text:" + bytes(self).hex()


def from_json(value):
    if isinstance(value, str):
        return Text(value.encode())
    if isinstance(value, dict):
        (what, digits), = value.items()
        return {"blob": bytes, "text": Text}[what](bytes.fromhex(digits))
    return value


def exact(row):
    """What tells 5 from 5.0, and a text from a blob."""
    return tuple((type(v).__name__, repr(v)) for v in row)


def as_set(rows):
    return sorted(exact(row) for row in rows)


class Kept(Box):
    """With a second sync, "kept", in mode diff, whose changes are kept."""

    def __init__(self, name, key="id", rows=60, seed=1, **more):
        super().__init__(name, rows=20, **more)
        self.random = random.Random(seed)
        self.number = 10000
        self.server.query("CREATE TABLE vwKept(%s)" % ",".join(
            c.replace(" ", ' "', 1) + '"' for c in COLUMNS))
        for number in range(rows):
            self.insert(number)
        self.sql("CREATE TABLE kept(%s, mine)" % ",".join(
            '"%s" %s' % (name.replace('"', '""'), decl)
            for name, decl in zip(TARGETS, TYPES)))
        self.sql("INSERT INTO ordersync_syncs(name, source, target, mode, key,"
                 " retries, keep_changes) VALUES('kept', 'dbo.vwKept', 'kept',"
                 " 'diff', ?, 0, 1)", key)
        for i, name in enumerate(NAMES):
            self.sql("INSERT INTO ordersync_columns(sync, position, "
                     "source_column, target_column) VALUES('kept', ?, ?, ?)",
                     i + 1, name, TARGETS[i])
        self.program = self.host()
        expect(self.program.ok(REFRESH).value == rows, "the first refresh")

    def value(self, name):
        r = self.random
        if r.random() < 0.15:
            return None
        return {"kind": lambda: r.choice("abc") * r.randint(1, 2),
                "qty": lambda: r.choice((0, -1, 2 ** 63 - 1, -2 ** 63,
                                         r.randint(-9, 2 ** 40))),
                "price": lambda: r.choice((0.0, 1.0, 0.1, r.random(), 1e300,
                                           -5e-324, 1 / 3, 1e16, 123456.0)),
                "plain": lambda: r.choice((1.0, r.random() * 10 ** r.randint(
                    -20, 20), 1e22)),
                "note": lambda: r.choice((
                    "", "ü\"\\/%d\n\t\x01\x7f" % r.getrandbits(20), "🚚" * 3,
                    "nul\0inside", "{\"blob\":\"00\"}", "null", "5",
                    "x" * 150)),
                "bytes": lambda: r.randbytes(r.randint(0, 20)),
                "day": lambda: "20%02d-01-02" % r.randint(10, 40),
                "amount": lambda: r.choice((
                    "12345678901234567890123456789.123456789", "0.5", "7",
                    "-0.000000001"))}[name]()

    def insert(self, number):
        self.server.run("INSERT INTO vwKept VALUES(?,?,?,?,?,?,?,?,?)", number,
                        *[self.value(name) for name in NAMES[1:]])

    def change_at_random(self):
        r = self.random
        rowids = [row for (row,) in
                  self.server.run("SELECT rowid FROM vwKept")]
        r.shuffle(rowids)
        n_deleted, n_updated = r.choice(((0, 0), (0, 1), (1, 0), (2, 3), (5, 9),
                                         (3, len(rowids) - 5)))
        for row in rowids[:n_deleted]:
            self.server.run("DELETE FROM vwKept WHERE rowid = ?", row)
        for row in rowids[n_deleted:n_deleted + n_updated]:
            for name in r.sample(NAMES[1:], r.randint(1, 3)):
                self.server.run("UPDATE vwKept SET %s = ? WHERE rowid = ?" %
                                name, self.value(name), row)
        for _ in range(r.choice((0, 0, 1, 5))):
            # A number that was deleted comes again now and then.
            self.number += r.choice((1, 1, 0))
            self.server.run("DELETE FROM vwKept WHERE id = ?", self.number)
            self.insert(self.number)

    def raw(self, sql, *args):
        db = sqlite3.connect(self.db_path, timeout=20, isolation_level=None)
        db.text_factory = Text
        try:
            return db.execute(sql, args).fetchall()
        finally:
            db.close()

    def copy(self):
        return self.raw("SELECT %s FROM kept" % ",".join(
            '"%s"' % t.replace('"', '""') for t in TARGETS))

    def kept(self, after=0):
        return self.sql("SELECT run, key, kind, changed FROM ordersync_changes"
                        " WHERE sync = 'kept' AND run > ? ORDER BY id", after)

    def as_of(self, at):
        answer = self.program.ok(
            "SELECT key, row FROM ordersync_as_of('kept', ?)", at)
        rows = [json.loads(row) for _, row in answer.rows]
        expect(all(list(row) == TARGETS for row in rows), "other columns")
        return [tuple(from_json(v) for v in row.values()) for row in rows]

    def close(self):
        self.program.close()
        super().close()


def replay(copy, changes, keys):
    """The copy after these changes, in order; fails where one does not fit."""
    rows = {}  # lists of them, by key

    def with_key(row):
        return rows.setdefault(exact(row[n] for n in keys), [])
    for row in (dict(zip(TARGETS, row)) for row in copy):
        with_key(row).append(row)
    for _, key, kind, changed in changes:
        key = {n: from_json(v) for n, v in json.loads(key).items()}
        changed = {n: tuple(map(from_json, v))
                   for n, v in json.loads(changed).items()}
        expect(list(key) == keys, "another key: %r" % key)
        expect(changed, "a change of nothing")
        old = dict(key, **{n: v[0] for n, v in changed.items()})
        new = {n: v[1] for n, v in changed.items()}
        if kind == "inserted":
            expect(list(changed) == TARGETS, "not every column")
            expect(all(v[0] is None for v in changed.values()), "an old cell")
            with_key(new).append(new)
            continue
        found = [row for row in with_key(old) if exact(row[n] for n in old) ==
                 exact(old.values())]
        expect(found, "no row was as %s says: %r" % (kind, old))
        with_key(old).remove(found[0])
        if kind == "deleted":
            expect(list(changed) == TARGETS, "not every column")
        else:
            expect(kind == "updated", kind)
            row = dict(found[0], **new)
            with_key(row).append(row)
    return [tuple(row.values()) for some in rows.values() for row in some]


def history(name, key, rounds, seed, **more):
    with Kept(name, key, seed=seed, **more) as b:
        keys = [k.strip() for k in key.split(",")]
        past = [(b.last_run(), b.copy())]
        first = replay([], b.kept(), keys)
        expect(as_set(first) == as_set(past[0][1]), "the first copy")
        for _ in range(rounds):
            b.change_at_random()
            b.program.ok(REFRESH)
            run, copy = b.last_run(), b.copy()
            changes = b.kept(past[-1][0].id)
            expect(all(c[0] == run.id for c in changes), "another run's")
            counts = b.sql("SELECT rows_inserted, rows_updated, rows_deleted "
                           "FROM ordersync_runs WHERE id = ?", run.id)[0]
            expect(counts == tuple([c[2] for c in changes].count(kind) for kind
                                   in ("inserted", "updated", "deleted")),
                   "%r were logged" % (counts,))
            new = replay(past[-1][1], changes, keys)
            expect(as_set(new) == as_set(copy), "replayed, %r differ" % list(
                set(as_set(new)) ^ set(as_set(copy)))[:4])
            past.append((run, copy))
        for run, copy in past:
            for at in (run.id, run.finished_at):
                old = b.as_of(at)
                expect(as_set(old) == as_set(copy), "as of %s, %r differ" % (
                    at, list(set(as_set(old)) ^ set(as_set(copy)))[:4]))
        expect(len(b.kept()) > 60, "nothing changed")
        by_key = b.sql(
            "SELECT c.id, h.id, h.finished_at = r.finished_at FROM "
            "ordersync_changes c LEFT JOIN ordersync_history h ON h.key = c.key "
            "AND h.sync = c.sync AND h.id = c.id LEFT JOIN ordersync_runs r ON "
            "r.id = c.run WHERE c.sync = 'kept'")
        expect(by_key and all(c == h and same for c, h, same in by_key),
               "the history is another: %r" % by_key[:9])


# ---- replayed ---------------------------------------------------------------

ROUNDS = 40 if LONG else 12


@test
def a_history_of_a_key():
    history("past-key", "id", ROUNDS, 1)


@test
def a_history_of_another_seed():
    history("past-key-2", "id", ROUNDS, 2, journal="delete")


@test
def a_history_of_two_columns():
    history("past-two", "id, kind", ROUNDS, 3)


@test
def a_history_of_a_key_that_comes_twice():
    history("past-twice", "kind", ROUNDS, 4)


@test
def doubles_read_back_as_they_were():
    """By whoever reads a number to the nearest double. SQLite's own reading, of
    some versions (3.46), misses the last bit of one in thousands."""
    with Kept("past-doubles", rows=5) as b:
        b.server.query(
            "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c "
            "WHERE n < 2000) INSERT INTO vwKept(id, price) SELECT 1000 + n, "
            "random() * 1e-18 * (1 + n % 7) FROM c")
        b.program.ok(REFRESH)
        found = b.sql("SELECT price, changed, changed ->> '$.price[1]' FROM "
                      "ordersync_changes JOIN kept ON kept.id = key ->> '$.id' "
                      "WHERE typeof(price) = 'real' AND kept.id > 1000")
        expect(len(found) == 2000, "%d rows" % len(found))
        for price, changed, by_sqlite in found:
            expect(json.loads(changed)["price"][1] == price, changed)
            expect(abs(by_sqlite - price) <= abs(price) * 2.3e-16,
                   "SQLite reads %r of %s" % (by_sqlite, changed))


def undoing(key, rows):
    """Instructions, when all rows have changed since; they may have one key."""
    with Kept("past-many-%s-%d" % (key, rows), key, rows=1) as b:
        b.server.query(
            "DELETE FROM vwKept; WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL "
            "SELECT n + 1 FROM c WHERE n < %d) INSERT INTO vwKept(id, qty) "
            "SELECT n, n FROM c" % rows)
        b.program.ok(REFRESH)
        run, copy = b.last_run().id, b.copy()
        b.server.query("UPDATE vwKept SET qty = qty + 1")
        b.program.ok(REFRESH)
        expect(as_set(b.as_of(run)) == as_set(copy), "another table")
        return instructions(b, "SELECT count(*) FROM ordersync_as_of('kept', "
                            "%d)" % run)


def undoing_wide(key, width):
    """Instructions, when all cells of 40 rows have changed since."""
    with Box("past-wide-%s-%d" % (key, width), rows=1) as b:
        names = ["c%d" % i for i in range(width)]
        b.server.query(
            "CREATE TABLE vwWide(id int, one int, %s); WITH RECURSIVE c(n) AS "
            "(SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 40) INSERT "
            "INTO vwWide SELECT n, 1%s FROM c" % (
                ",".join(n + " int" for n in names), ",n" * width))
        host = b.host()
        host.ok("SELECT ordersync_add('wide', 'dbo.vwWide', '{\"mode\":"
                "\"diff\", \"key\":\"%s\", \"keep_changes\":1}')" % key)
        host.ok("SELECT ordersync_refresh('wide')")
        run = b.last_run().id
        b.server.query("UPDATE vwWide SET " + ",".join(
            "%s = %s + 1" % (n, n) for n in names))
        host.ok("SELECT ordersync_refresh('wide')")
        expect(b.sql("SELECT count(*) FROM ordersync_changes WHERE run > ?",
                     run)[0][0] == 40, "other changes")
        host.close()
        return instructions(b, "SELECT count(*) FROM ordersync_as_of('wide', "
                            "%d)" % run)


def is_about_linear(measured, keys, few, most):
    """Four times as much costs at most so many times the instructions."""
    for key in keys:
        once, more = measured(key, few), measured(key, 4 * few)
        print("     instructions by %s: %d, %d" % (key, once, more))
        expect(more < most * once, "%d, and %d" % (once, more))


@long_test
def undoing_four_times_as_much_is_four_times_the_work():
    is_about_linear(undoing, ("id", "kind"), 100, 6)


@long_test
def undoing_rows_four_times_as_wide_is_four_times_the_work():
    is_about_linear(undoing_wide, ("id", "one"), 25, 5)


# ---- one with the rows ------------------------------------------------------

@test
def a_dry_run_records_nothing():
    with Kept("past-dry") as b:
        before = b.kept()
        b.server.query("DELETE FROM vwKept WHERE id < 9")
        b.program.ok("SELECT ordersync_refresh('kept', '{\"dry_run\":true}')")
        expect(b.kept() == before, "a dry run recorded")
        expect(len(b.copy()) == 60, "a dry run wrote")


@test
def what_is_rolled_back_was_never_recorded():
    with Kept("past-rollback") as b:
        before, old = b.kept(), b.copy()
        b.server.query("DELETE FROM vwKept WHERE id < 9; UPDATE vwKept SET "
                       "note = 'new' WHERE id < 20")
        b.program.ok("BEGIN")
        b.program.ok(REFRESH)
        b.program.ok("ROLLBACK")
        expect(b.kept() == before, "recorded")
        b.sql("CREATE TRIGGER no BEFORE UPDATE ON kept WHEN old.id = 15 BEGIN "
              "SELECT raise(ABORT, 'no'); END")
        expect_match("no", b.program.sql(REFRESH).error, "the error")
        expect(b.kept() == before, "recorded")
        b.sql("DROP TRIGGER no")
        b.program.ok("BEGIN")
        b.program.ok(REFRESH)
        b.program.ok("COMMIT")
        run = b.last_run()
        changes = b.kept(before[-1][0])
        expect(len(changes) == 20 and {c[0] for c in changes} == {run.id},
               "%d changes of %r" % (len(changes), {c[0] for c in changes}))
        expect(as_set(replay(old, changes, ["id"])) == as_set(b.copy()),
               "replayed, another table")


@test
def a_cancelled_run_records_nothing_or_all():
    with Kept("past-cancel", rows=1500) as b:
        b.program.ok(REFRESH)
        done = cancelled = 0
        took = 0.2
        for i in range(40 if LONG else 16):
            old, last = b.copy(), (b.kept() or [(0,)])[-1][0]
            b.server.query("UPDATE vwKept SET note = 'n%d' WHERE id %% 3 = %d; "
                           "DELETE FROM vwKept WHERE id = %d" % (i, i % 3, i))
            answer = b.program.sql(
                REFRESH, interrupt_ms=2000 * took * b.random.random())
            if answer.error:
                expect_match("interrupt", answer.error, "the error")
                took *= 1.2
            # SQLite also ends a statement by an interrupt that comes after the
            # run's COMMIT: the log tells.
            if answer.error and b.last_run().status == "cancelled":
                cancelled += 1
                expect(b.kept(last) == [] and as_set(b.copy()) == as_set(old),
                       "a cancelled run left something")
            else:
                done += 1
                took = answer.seconds or took
                expect(as_set(replay(old, b.kept(last), ["id"])) ==
                       as_set(b.copy()), "replayed, another table")
            if done > 3 and cancelled > 3:
                break
        expect(done and cancelled, "%d done, %d cancelled" % (done, cancelled))


def killed(journal):
    """Most of the kills are around the last write (a run makes some more or
    less of them than the one before), at the last three of the calls that a
    commit ends with, and when all is done."""
    with Kept("past-kill-" + journal, rows=200, journal=journal) as b:
        def alter(i):
            b.server.query("UPDATE vwKept SET note = 'n%d'; DELETE FROM vwKept"
                           " WHERE id = %d; INSERT INTO vwKept(id) VALUES(%d)"
                           % (i, i, 5000 + i))
        tally = {"old": 0, "new": 0}
        for i in range(90 if LONG else 15):
            alter(2 * i)
            counts, _ = measure(b, REFRESH)
            old, last = b.copy(), b.kept()[-1][0]
            alter(2 * i + 1)
            kind = ("write", "sync", "write", "fetch", "close")[i % 5]
            at = b.random.randint(1, counts[kind])
            if kind == "write":
                at = counts[kind] + i // 2 % 10 - 3
            how = b.random.choice(("before", "after", "half"))
            if kind in ("sync", "close"):
                at = counts[kind] - i // 5 % 3
                how = "after"
            victim = Victim(b, REFRESH, KILL_KIND=kind, KILL_AT=str(at),
                            KILL_HOW=how)
            code, out = victim.wait(60)
            expect(code in (0, -signal.SIGKILL), "exit code %d: %s" %
                   (code, out))
            copy, changes = b.copy(), b.kept(last)
            if as_set(copy) == as_set(old):
                expect(changes == [], "changes without rows")
                tally["old"] += code != 0
            else:
                tally["new"] += code != 0
                expect(as_set(replay(old, changes, ["id"])) == as_set(copy),
                       "replayed, another table")
            b.program.ok(REFRESH)
            expect(b.sql("PRAGMA integrity_check") == [("ok",)], "damaged")
        print("     killed, %s: %r" % (journal, tally))
        expect(all(tally.values()), "%r" % tally)
        for run, rows in b.sql("SELECT id, rows FROM ordersync_runs WHERE sync"
                               " = 'kept' AND status = 'success' ORDER BY "
                               "random() LIMIT 4"):
            expect(len(b.as_of(run)) == rows, "as of run %d" % run)


@test
def a_killed_run_leaves_both_or_none():
    killed("wal")


@test
def a_killed_run_leaves_both_or_none_in_a_journal():
    killed("delete")


# ---- with their run ---------------------------------------------------------

@test
def changes_go_with_their_run():
    with Kept("past-prune") as b:
        first = b.last_run().id
        b.server.query("UPDATE vwKept SET qty = 5 WHERE id = 1")
        b.program.ok(REFRESH)
        second = b.last_run().id
        b.server.query("UPDATE vwKept SET qty = 6 WHERE id = 1")
        b.program.ok(REFRESH)
        third = b.last_run().id
        # The newest one's number comes again.
        b.sql("DELETE FROM ordersync_runs WHERE id = ?", third)
        expect(b.kept(second) == [], "of a run that was deleted")
        b.server.query("UPDATE vwKept SET qty = 7 WHERE id = 1")
        b.program.ok(REFRESH)
        expect(b.last_run().id == third, "another number")
        expect([c[3] for c in b.kept(second)] == ['{"qty":[6,7]}'],
               "%r" % b.kept(second))
        b.sql("UPDATE ordersync_runs SET started_at = '2001-01-01 00:00:00.000'"
              " WHERE id <= ?", first)
        b.server.query("UPDATE vwKept SET qty = 8 WHERE id = 1")
        b.program.ok(REFRESH)
        expect(b.kept()[0][0] == second, "not pruned")
        answer = b.program.sql("SELECT * FROM ordersync_as_of('kept', ?)",
                               first)
        expect_match("do not go back to %d, only to run %d" % (first, second),
                     answer.error, "the error")
        b.program.ok("SELECT ordersync_rename('kept', 'renamed')")
        expect(b.sql("SELECT DISTINCT sync FROM ordersync_changes") ==
               [("renamed",)], "not renamed")
        expect(len(b.program.ok("SELECT * FROM ordersync_as_of('renamed', ?)",
                                second).rows) == 60, "as of a run")
        b.program.ok("SELECT ordersync_remove('renamed', "
                     "'{\"drop_runs\":true}')")
        expect(b.sql("SELECT count(*) FROM ordersync_changes") == [(0,)],
               "not removed")


@test
def now_is_after_every_run_whatever_the_clock_said():
    with Kept("past-ahead") as b:
        b.server.query("UPDATE vwKept SET qty = 5 WHERE id = 1")
        b.program.ok(REFRESH)
        before = b.sql("SELECT datetime('now', '-1 hour')")[0][0]
        b.sql("UPDATE ordersync_runs SET started_at = datetime('now', '-1 day'"
              "), finished_at = datetime('now', '-1 day')")
        b.sql("UPDATE ordersync_runs SET started_at = datetime('now', '+1 day'"
              "), finished_at = datetime('now', '+1 day') WHERE id = ?",
              b.last_run().id)
        expect(as_set(b.as_of("now")) == as_set(b.copy()), "as of now")
        expect(as_set(b.as_of("2999-01-01")) == as_set(b.copy()), "later")
        expect(as_set(b.as_of(before)) != as_set(b.copy()), "an hour ago")


@test
def a_run_without_changes_is_as_far_as_they_go():
    with Kept("past-gap") as b:
        first, copy = b.last_run().id, b.copy()
        b.server.query("UPDATE vwKept SET qty = 5 WHERE id = 1")
        b.program.ok("SELECT ordersync_refresh('kept', "
                     "'{\"keep_changes\":false}')")
        gap, gap_copy = b.last_run(), b.copy()
        b.server.query("UPDATE vwKept SET qty = 6 WHERE id = 2")
        b.program.ok(REFRESH)
        expect(as_set(b.as_of(gap.id)) == as_set(gap_copy), "as of the gap")
        for at in (first, "2020-01-01", "2020-01-01T00:00:00Z"):
            answer = b.program.sql("SELECT * FROM ordersync_as_of('kept', ?)",
                                   at)
            expect_match("do not go back to %s, only to run %d, which finished "
                         "at %s" % (at, gap.id, gap.finished_at), answer.error,
                         "the error")
        expect(as_set(copy) != as_set(gap_copy), "nothing changed")


@test
def others_may_write_too():
    """Cells: what a change names is right. Rows: an error, not other rows."""
    with Kept("past-others") as b:
        first, copy = b.last_run().id, b.copy()
        b.server.query("UPDATE vwKept SET qty = 77 WHERE id = 1")
        b.program.ok(REFRESH)
        second = b.last_run().id
        b.sql("UPDATE kept SET qty = 78 WHERE id = 1")
        b.program.ok(REFRESH)
        b.sql("UPDATE kept SET qty = 79 WHERE id = 1")
        expect(as_set(b.as_of(first)) == as_set(copy), "as of the first run")
        b.program.ok(REFRESH)
        b.sql("DELETE FROM kept WHERE id = 2")
        for at in (first, second):
            answer = b.program.sql("SELECT * FROM ordersync_as_of('kept', ?)",
                                   at)
            expect_match("left 1 rows more than undoing .* gives", answer.error,
                         "the error")
        b.sql("DELETE FROM kept WHERE id = 1")
        answer = b.program.sql("SELECT * FROM ordersync_as_of('kept', ?)",
                               first)
        expect_match('the row {"id":1}, which run .* updated, is not there',
                     answer.error, "the error")


@test
def what_json_cannot_hold_is_in_hex():
    with Kept("past-hex") as b:
        b.sql("INSERT INTO kept(id, kind, \"no\"\"te\", bytes, price, qty) "
              "VALUES(-1, CAST(x'61ff00' AS TEXT), x'00ff', 'a' || char(0), "
              "9e999, -9e999)")
        old, last = b.copy(), b.last_run().id
        b.program.ok(REFRESH)
        (_, key, kind, changed), = b.kept(last)
        expect(kind == "deleted" and key == '{"id":-1}', "%s %s" % (kind, key))
        for text in ('"kind":[{"text":"61ff00"},null]',
                     '"no\\"te":[{"blob":"00ff"},null]',
                     '"bytes":[{"text":"6100"},null]', '"price":[9e999,null]',
                     '"qty":[-9e999,null]', '"day":[null,null]'):
            expect(text in changed, "no %s in %s" % (text, changed))
        expect(as_set(replay(old, b.kept(last), ["id"])) == as_set(b.copy()),
               "replayed, another table")


@test
def an_attached_table_has_its_changes_in_main():
    with Kept("past-attached") as b:
        other = os.path.join(b.folder, "other.db")
        b.program.ok("ATTACH '%s' AS other" % other)
        b.program.ok("CREATE TABLE other.t AS SELECT * FROM main.kept")
        b.sql("UPDATE ordersync_syncs SET target = 'other.t' WHERE name = "
              "'kept'")
        last = b.last_run().id
        b.server.query("UPDATE vwKept SET qty = 7 WHERE id = 3")
        b.program.ok(REFRESH)
        expect(len(b.kept(last)) == 1, "%r" % b.kept(last))
        expect(len(b.as_of(last)) == 60, "as of the run before")


def attach(b, host):
    host.ok("ATTACH '%s' AS other" % os.path.join(b.folder, "other.db"))


def together(main_journal, other_journal):
    """Each run sets all rows to its own number, as fast as can be; whoever asks
    for one gets that, or is told to ask again."""
    runs = 250 if LONG else 21
    name = "past-together-%s-%s" % (main_journal, other_journal)
    with Kept(name, rows=20, journal=main_journal) as b, b.host() as reader:
        for host in (b.program, reader):
            attach(b, host)
        b.program.ok("PRAGMA other.journal_mode = " + other_journal)
        reader.ok("PRAGMA busy_timeout = 5000")
        b.program.ok("CREATE TABLE other.t AS SELECT * FROM main.kept")
        b.sql("UPDATE ordersync_syncs SET target = 'other.t' WHERE name = "
              "'kept'")
        qty, failed, stop = {}, [], threading.Event()

        def refresh():
            try:
                for number in itertools.count(1):
                    b.server.query("UPDATE vwKept SET qty = %d" % number)
                    b.program.ok(REFRESH)
                    qty[b.last_run().id] = number
                    if stop.is_set():
                        return
            except Exception as error:
                failed.append(error)
        thread = threading.Thread(target=refresh)
        thread.start()
        tally = {"right": 0, "again": 0}
        while len(qty) < runs and not failed:
            if not qty:
                time.sleep(0.01)
                continue
            run = max(qty)  # others may have ended since
            answer = reader.sql(
                "SELECT row ->> 'qty', count(*) FROM ordersync_as_of('kept', ?)"
                " GROUP BY 1", run)
            if answer.error:
                expect_match("refreshed while.*ask again|database is locked",
                             answer.error, "the error")
                tally["again"] += 1
            else:
                expect([tuple(r) for r in answer.rows] == [(qty[run], 20)],
                       "as of run %d, which wrote %d: %r" %
                       (run, qty[run], answer.rows))
                tally["right"] += 1
        stop.set()
        thread.join()
        expect(not failed, "%r" % failed)
        print("     %d runs, asked: %r" % (len(qty), tally))
        expect(tally["right"] > 3 * tally["again"],
               "%d runs, asked: %r" % (len(qty), tally))


for journals in (("wal", "delete"), ("delete", "wal"), ("wal", "wal"),
                 ("delete", "delete")):
    def attached(of=journals):
        together(*of)
    attached.__name__ = "an_attached_table_is_as_its_run_left_it_%s_%s" % journals
    test(attached)


@test
def a_database_without_the_table_says_so():
    with Kept("past-old") as b:
        b.sql("DROP TABLE ordersync_changes")
        for sql in (REFRESH, "SELECT * FROM ordersync_as_of('kept', 1)"):
            expect_match(r"no table ordersync_changes.*ordersync_install\(\)",
                         b.program.sql(sql).error, "the error")
        b.program.ok("SELECT ordersync_install()")
        b.program.ok(REFRESH)


# ---- the README -------------------------------------------------------------

@test
def the_readmes_examples_answer():
    with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as f:
        part = re.search(r"^## What changed\?\n(.*?)^## ", f.read(),
                         re.M | re.S).group(1)
    blocks = re.findall(r"^```sql\n(.*?)^```", part, re.M | re.S)
    statements = [s.strip() for s in "".join(blocks).split(";\n") if s.strip()]
    expect(len(statements) >= 5, "%d examples" % len(statements))
    with Box("past-readme") as b, b.host() as host:
        host.ok(statements[0])  # the setting
        expect(b.sql("SELECT mode, keep_changes FROM ordersync_syncs") ==
               [("diff", 1)], "not set")
        before = b.sql("SELECT * FROM open_orders ORDER BY id")
        b.server.query(
            'UPDATE "vwZSDOrder_Advanced" SET "estShipDate" = \'2033-03-03\' WHERE'
            ' rowid = 2; DELETE FROM "vwZSDOrder_Advanced" WHERE rowid = 3')
        host.ok("SELECT ordersync_refresh()")
        run = b.last_run().id
        doc, item = b.sql("SELECT sales_doc, item_number FROM open_orders "
                          "WHERE est_ship_date = '2033-03-03'")[0]
        answers = []
        for sql in statements[1:]:
            sql = re.sub(r"\b812\b", str(run), sql)
            sql = sql.replace('"4500017"', '"%s"' % doc).replace(
                '"item_number":10', '"item_number":%d' % item)
            sql = re.sub(r"'2\d\d\d-\d\d-\d\d \d\d:\d\d(:\d\d)?'",
                         "'%s'" % b.sql("SELECT finished_at FROM ordersync_runs"
                                        " WHERE id = ?", run - 1)[0][0], sql)
            answers.append(host.ok(sql).rows)
            expect(answers[-1], "no rows: " + sql)
        expect([doc, item] == answers[0][0][:2] and "2033-03-03" in
               answers[0][0], "slipped: %r" % answers[0])
        expect(len(answers[1]) == 2, "of the run: %r" % answers[1])
        expect(len(before) == b.rows, "the first refresh")


build()


def part(mode):
    """Only what is above the mark is fetched; the changes are the run's."""
    with Kept("past-" + mode) as b:
        b.server.run("UPDATE vwKept SET qty = id")
        b.program.ok(REFRESH)
        b.sql("UPDATE ordersync_syncs SET mode = ?, watermark = 'qty' WHERE "
              "name = 'kept'", mode)
        b.sql("CREATE INDEX kept_by_key ON kept(id)")
        past, counter = [(b.last_run(), b.copy())], 1000
        for _ in range(10):
            for _ in range(b.random.choice((0, 1, 5, 20))):
                counter += 1
                if mode == "merge" and b.random.random() < 0.5:
                    b.server.run(
                        "UPDATE vwKept SET note = ?, qty = ? WHERE id = ?",
                        b.value("note"), counter, b.random.randrange(60))
                else:
                    b.insert(counter)
                    b.server.run("UPDATE vwKept SET qty = ? WHERE id = ?",
                                 counter, counter)
            b.program.ok(REFRESH)
            run, copy = b.last_run(), b.copy()
            new = replay(past[-1][1], b.kept(past[-1][0].id), ["id"])
            expect(as_set(new) == as_set(copy), "replayed, another table")
            past.append((run, copy))
        for run, copy in past:
            expect(as_set(b.as_of(run.id)) == as_set(copy), "as of %d" % run.id)


@test
def a_history_in_mode_merge():
    part("merge")


@test
def a_history_in_mode_append():
    part("append")


main()
