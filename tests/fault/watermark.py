"""Modes append and merge, and probes: whatever changes at the source, and
whenever a run ends, the table has what the mark says, and in the end what the
source has."""
import random
import signal

from box import Box
from harness import LONG, Shell, expect, expect_match, main, test
from victim import Victim, build, measure

REFRESH = "SELECT ordersync_refresh('moves')"
FULL = "SELECT ordersync_refresh('moves', '{\"full\":true}')"
COLUMNS = "id, name, qty, changed"


class Clock:
    """The watermarks that the source gives out, in a type's own text."""

    def __init__(self, kind):
        self.kind = kind
        self.now = 1000

    def text(self, at=None):
        at = self.now if at is None else at
        if self.kind == "rowversion":
            return "x'%016X'" % at
        if self.kind == "bigint":
            return str(at)
        return "'2025-03-01 10:%02d:%02d.%03d'" % (at // 60000 % 60,
                                                   at // 1000 % 60, at % 1000)


class MovesBox(Box):
    """With a second sync, "moves", in mode merge."""

    def __init__(self, name, kind, rows=60, seed=1, overlap=0, full_every=None,
                 mode="merge", key="id", **more):
        super().__init__(name, rows=20, encrypt="off", ca_file=None, **more)
        self.random = random.Random(seed)
        self.clock = Clock(kind)
        self.server.query(
            'CREATE TABLE vwMoves(id int NOT NULL, name nvarchar(40), qty '
            'bigint, changed "%s"); CREATE INDEX by_changed ON vwMoves(changed)'
            % kind)
        self.next_id = 1
        self.change(*[self.insertion() for _ in range(rows)])
        self.sql("CREATE TABLE moves(id INTEGER, name TEXT, qty INTEGER, "
                 "changed)")
        self.sql("CREATE UNIQUE INDEX moves_by_id ON moves(id)")
        self.sql("INSERT INTO ordersync_syncs(name, source, target, mode, key,"
                 " watermark, overlap, full_every, retries) VALUES('moves', "
                 "'dbo.vwMoves', 'moves', ?, ?, 'changed', ?, ?, 0)",
                 mode, key, overlap, full_every)
        for i, column in enumerate(COLUMNS.split(", ")):
            self.sql("INSERT INTO ordersync_columns(sync, position, "
                     "source_column, target_column) VALUES('moves', ?, ?, ?)",
                     i + 1, column, column)
        self.program = self.host()
        expect(self.program.ok(REFRESH).value == rows, "the first refresh")

    def change(self, *statements):
        self.server.query("BEGIN; " + "; ".join(statements) + "; COMMIT")

    def tick(self):
        # Ties are as frequent as not, but for what is unique.
        unique = self.clock.kind == "rowversion"
        self.clock.now += 1 if unique else self.random.choice((0, 0, 1, 5))
        return self.clock.text()

    def insertion(self, at=None):
        self.next_id += 1
        return "INSERT INTO vwMoves VALUES(%d, 'n%d', %d, %s)" % (
            self.next_id - 1, self.random.getrandbits(20),
            self.random.randint(-5, 2 ** 40),
            self.tick() if at is None else at)

    def ids(self):
        return [i for (i,) in self.source("id")]

    def update(self, row, at=None):
        return "UPDATE vwMoves SET name = 'u%d', changed = %s WHERE id = %d" % (
            self.random.getrandbits(20), self.tick() if at is None else at, row)

    def source(self, columns=COLUMNS):
        return self.server.run("SELECT %s FROM vwMoves ORDER BY id" % columns)

    def table(self):
        return self.sql("SELECT %s FROM moves ORDER BY id" % COLUMNS)

    def expect_the_sources(self, gone=()):
        """gone: ids that the source no longer has, and the table may have."""
        found = [row for row in self.table() if row[0] not in gone]
        wanted = self.source()
        expect(found == wanted, "not the source's rows: %r" % list(
            set(found) ^ set(wanted))[:4])
        expect(self.sql("PRAGMA integrity_check") == [("ok",)], "damaged")

    def state(self):
        return self.sql("SELECT watermark, since_full, rows FROM "
                        "ordersync_state WHERE sync = 'moves'")[0]

    def mark(self):
        return self.state()[0].split(" ", 1)[1]

    def greatest(self):
        """Of the table, as the mark would be."""
        value = self.sql("SELECT max(changed) FROM moves")[0][0]
        return "0x%s" % value.hex().upper() if isinstance(value, bytes) else \
            str(value)

    def last(self):
        return self.sql("SELECT status, rows, rows_inserted, rows_updated, "
                        "rows_deleted, error FROM ordersync_runs ORDER BY id "
                        "DESC LIMIT 1")[0]

    def close(self):
        self.program.close()
        super().close()


# ---- random histories -------------------------------------------------------

def history(name, kind, **more):
    @test
    def function():
        lag = more.pop("lag", 0)
        every = more.get("full_every")
        with MovesBox("history-" + name, kind, seed=sum(map(ord, name)),
                      **more) as b:
            gone = set()
            for i in range(80 if LONG else 20):
                rows = b.ids()
                changes = [b.insertion() for _ in range(b.random.choice(
                    (0, 0, 1, 6)))]
                for row in b.random.sample(rows, b.random.choice((0, 1, 9))):
                    changes.append(b.update(row))
                if lag:  # committed late
                    late = b.clock.now - b.random.randint(0, lag)
                    changes.append(b.insertion(b.clock.text(late)))
                if every and rows and b.random.random() < 0.5:
                    row = b.random.choice(rows)
                    changes.append("DELETE FROM vwMoves WHERE id = %d" % row)
                    gone.add(row)
                b.random.shuffle(changes)
                b.change("SELECT 1", *changes)
                full = every and b.state()[1] + 1 >= every
                answer = b.program.ok(REFRESH).value
                if full:
                    gone = set()
                    expect(b.state()[1] == 0, "no full run: %r" % (b.state(),))
                b.expect_the_sources(gone)
                expect(answer == len(b.table()) == b.state()[2],
                       "it answered %r" % answer)
                expect(b.mark() == b.greatest(), "the mark is %s, not %s" %
                       (b.mark(), b.greatest()))
            b.program.ok(FULL)
            b.expect_the_sources()
    function.__name__ = "a_history_by_" + name


history("datetime2", "datetime2(3)")
history("datetime2_with_an_overlap", "datetime2(3)", overlap=0.05, lag=50)
history("datetime2_full_now_and_then", "datetime2(3)", full_every=4)
history("bigint", "bigint")
history("bigint_with_an_overlap_full_now_and_then", "bigint", overlap=20,
        lag=20, full_every=5)
history("rowversion", "rowversion")
history("append_with_a_key", "bigint", mode="append", overlap=7, lag=7)


# ---- while rows are read ----------------------------------------------------

@test
def a_row_that_changes_during_the_fetch_comes_with_the_next():
    with MovesBox("race", "datetime2(3)") as b:
        before = b.mark()
        # Between the question for the greatest mark and the rows: one row that
        # is read with its new mark, and one that is changed when it has been
        # read, as if by a slower reader, has a smaller one.
        b.clock.now += 1000
        new, older = b.clock.text(b.clock.now), b.clock.text(b.clock.now - 500)
        b.server.faults('when=batch match="SELECT [id]" times=1 do=sql:%s' %
                        b.update(3, new))
        b.program.ok(REFRESH)
        b.server.faults()
        expect(b.sql("SELECT changed FROM moves WHERE id = 3")[0][0] in new,
               "the row did not come")
        expect(b.mark() == before, "the mark is ahead of the question")
        b.change(b.update(5, older))
        b.program.ok(REFRESH)
        b.expect_the_sources()
        expect(b.mark() in new, "the mark stayed")


@test
def a_key_that_comes_twice_counts_once():
    with MovesBox("twice", "bigint") as b:
        b.clock.now += 1
        b.change("INSERT INTO vwMoves VALUES(7, 'moved', 1, %s)" %
                 b.clock.text(b.clock.now + 1),
                 "UPDATE vwMoves SET name = 'first', changed = %s WHERE id = 7 "
                 "AND name <> 'moved'" % b.clock.text(),
                 "INSERT INTO vwMoves VALUES(900, 'a', 1, %s)" % b.clock.text(),
                 "INSERT INTO vwMoves VALUES(900, 'b', 1, %s)" % b.clock.text())
        b.program.ok(REFRESH)
        expect(b.sql("SELECT count(*) FROM moves WHERE id IN (7, 900)") ==
               [(2,)], "both came")
        expect(b.last()[2:5] == (1, 1, 0), "logged %r" % (b.last(),))
        expect_match("have the key", b.sql(
            "SELECT group_concat(message) FROM ordersync_run_details d WHERE "
            "run_id = (SELECT max(id) FROM ordersync_runs) AND level = 'WARN'"
            )[0][0], "the warning")


# ---- mark and rows are one --------------------------------------------------

@test
def a_run_that_ends_early_leaves_the_mark():
    with MovesBox("early", "bigint", rows=400) as b:
        def same(what):
            expect((b.state(), b.table()) == old, what + " moved the mark")
        b.change(*[b.update(row) for row in b.ids()])
        old = b.state(), b.table()
        b.server.faults('when=batch match="SELECT [id]" after_rows=200 do=cut')
        expect(b.program.sql(REFRESH).error, "a cut stream was taken for an end")
        same("a cut stream")
        b.server.faults('when=batch match="SELECT [id]" after_rows=200 do=hang')
        b.profile(query_timeout=2)
        expect_match("query_timeout", b.program.sql(REFRESH).error, "the error")
        same("a deadline")
        b.profile(query_timeout=60)
        answer = b.program.sql(REFRESH, interrupt_ms=1000)
        expect_match("interrupt", answer.error, "the error")
        expect(b.last()[0] == "cancelled", "logged as %s" % b.last()[0])
        same("a cancel")
        b.server.faults()
        b.program.ok("SELECT ordersync_refresh('moves', '{\"dry_run\":true}')")
        expect(b.last()[:5] == ("success", 400, 0, 400, 0), "counted %r" %
               (b.last(),))
        same("a dry run")
        b.program.ok("BEGIN")
        b.program.ok(REFRESH)
        b.program.ok("ROLLBACK")
        same("a ROLLBACK")
        b.sql("CREATE TRIGGER no BEFORE UPDATE ON moves WHEN old.id = 399 BEGIN "
              "SELECT RAISE(FAIL, 'not this one'); END")
        expect_match("not this one", b.program.sql(REFRESH).error, "the error")
        same("a trigger")
        b.sql("DROP TRIGGER no")
        b.sql("CREATE TRIGGER no BEFORE UPDATE ON ordersync_state BEGIN SELECT "
              "RAISE(IGNORE); END")
        expect_match("ordersync_state changed nothing",
                     b.program.sql(REFRESH).error, "the error")
        same("a trigger of the state")
        b.sql("DROP TRIGGER no")
        b.program.ok("BEGIN")
        b.program.ok(REFRESH)
        b.program.ok("COMMIT")
        b.expect_the_sources()
        expect(b.mark() == b.greatest(), "the mark stayed")


def killed(journal, rounds):
    @test
    def function():
        with MovesBox("kill-" + journal, "bigint", rows=300,
                      journal=journal) as b:
            b.program.close()
            sql = "PRAGMA journal_mode = %s; %s" % (journal, REFRESH)
            counts, took = measure(b, sql)
            hit = {"old": 0, "new": 0}
            kinds = ["sync", "write", "time"]
            for i in range(rounds):
                kind = kinds[i % 3]
                b.change(*[b.update(row) for row in b.random.sample(b.ids(),
                                                                    200)],
                         b.insertion())
                old = b.mark()
                if kind == "time":
                    at = took * (0.5 + 2 * b.random.random())
                    code, out = Victim(b, sql).wait(at)
                else:
                    at = b.random.randint(1, counts[kind])
                    code, out = Victim(
                        b, sql, KILL_KIND=kind, KILL_AT=str(at),
                        KILL_HOW=b.random.choice(("before", "after", "half"))
                    ).wait(60)
                expect(code in (0, -signal.SIGKILL), "exit code %d: %s" %
                       (code, out))
                expect(b.sql("PRAGMA integrity_check") == [("ok",)], "damaged")
                expect(b.mark() == b.greatest(), "killed at %s %s: the mark is "
                       "%s, and the table has %s" % (kind, at, b.mark(),
                                                     b.greatest()))
                hit["old" if b.mark() == old else "new"] += 1
                after = Shell(b, REFRESH)
                expect(after.code == 0, "the next one: " + after.err)
                b.expect_the_sources()
            print("     %s: %r" % (journal, hit))
            # After the journal is gone no more call is made that could be hit,
            # and the time in which a kill finds that is short.
            expect(hit["old"] and (hit["new"] or journal == "delete"),
                   "one side only: %r" % hit)
    function.__name__ = "a_kill_leaves_mark_and_rows_together_" + journal


killed("wal", 80 if LONG else 14)
killed("delete", 80 if LONG else 14)


# ---- settings and state -----------------------------------------------------

@test
def what_changes_the_question_makes_a_full_run():
    with MovesBox("settings", "bigint") as b:
        b.sql("UPDATE moves SET name = 'local' WHERE id = 1")
        def mended(what):
            found = b.sql("SELECT name FROM moves WHERE id = 1")[0][0]
            b.sql("UPDATE moves SET name = 'local' WHERE id = 1")
            return found != "local"
        b.program.ok(REFRESH)
        expect(not mended("nothing"), "all rows were fetched")
        for change in ("filter = '1 = 1'", "filter = NULL", "overlap = 0",
                       "source = 'SELECT * FROM dbo.vwMoves'",
                       "source = 'dbo.vwMoves'", "mode = 'append'",
                       "mode = 'merge'", "key = 'id, name'", "key = 'id'"):
            b.sql("UPDATE ordersync_syncs SET %s WHERE name = 'moves'" % change)
            b.program.ok(REFRESH)
            expect(mended(change) == ("overlap" not in change), change)
            b.program.ok(REFRESH)
            expect(not mended(change), "again after " + change)
        # Another server's marks are none, nor are another database's.
        for change in {"server": "127.0.0.1"}, {"database": None}:
            b.profile(**change)
            b.program.ok(REFRESH)
            expect(mended(change), "another %r" % change)
            b.program.ok(REFRESH)
            expect(not mended(change), "again after %r" % change)
        b.profile(query_timeout=61)
        b.program.ok(REFRESH)
        expect(not mended("a timeout"), "all rows after a timeout's change")
        # Another mode in between: the mark is not that table's any more.
        b.program.ok("SELECT ordersync_refresh('moves', '{\"mode\":\"diff\","
                     "\"filter\":\"id < 10\"}')")
        expect(b.sql("SELECT count(*) FROM ordersync_state") == [(0,)],
               "the mark is there")
        b.program.ok(REFRESH)
        b.expect_the_sources()


@test
def the_plan_is_a_seek():
    with MovesBox("seek", "datetime2(3)") as b:
        b.server.query("DROP TABLE vwMoves; CREATE TABLE vwMoves(id int NOT "
                       "NULL, name nvarchar(40), qty bigint, changed "
                       "datetime2(3) NOT NULL); CREATE INDEX by_changed ON "
                       "vwMoves(changed)")
        b.change(b.insertion())
        b.program.ok(REFRESH)
        b.program.ok(REFRESH)
        last = [line for line in b.server.log() if line.get("event") == "batch"
                and " WHERE " in line.get("sql", "")][-2:]
        expect([line["plan"].split()[0] for line in last] == ["seek"] * 2,
               "not sought: %r" % last)


@test
def tables_of_an_older_version_are_named():
    with MovesBox("older", "bigint") as b:
        b.sql("DROP TABLE ordersync_state")
        error = b.program.sql(REFRESH).error
        expect_match("no table ordersync_state.*ordersync_install", error,
                     "the error")
        expect(b.program.ok("SELECT ordersync_refresh()").value == 20,
               "a sync that needs none")
        b.program.ok("SELECT ordersync_install()")
        b.program.ok(REFRESH)
        b.expect_the_sources()


build()
main()
