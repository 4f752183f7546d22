"""The run log: one row a run that tells the truth, whatever becomes of the
caller's transaction, the log's tables, the file or the process; and nobody is
locked out for it longer than need be."""
import os
import shutil
import sqlite3
import time

from box import Box
from harness import Host, expect, expect_match, main, test

REFRESH = "SELECT ordersync_refresh()"
ROWS_BATCH = 'when=batch match=[soldTo] '
CUT = ROWS_BATCH + "after_rows=99 do=cut"
HOLD = ROWS_BATCH + "do=hold"  # until the faults are others
LOCKED = "database is locked"
LOGGING = 2  # seconds that a failed run may wait to log itself
LATE = 0.9  # how much later than that it may be, on two loaded cores


def one(function, journal="wal", suffix="", **more):
    def run():
        with Box((function.__name__ + suffix)[-60:], journal=journal) as b, \
                b.host() as host:
            b.stamp(2)
            function(b, host, **more)
    run.__name__ = function.__name__ + suffix
    return test(run)


def both_journals(function):
    for journal in ("wal", "delete"):
        one(function, journal, "__" + journal)
    return function


def with_and_without_keys(function):
    """Adds a test for foreign keys on and off."""
    for keys in (0, 1):
        def run(b, host, keys=keys):
            host.ok("PRAGMA foreign_keys = %d" % keys)
            function(b, host)
        run.__name__ = function.__name__
        one(run, suffix="__keys_%s" % ("on" if keys else "off"))
    return function


# ---- what others see --------------------------------------------------------

def start(b, host, sql=REFRESH, **more):
    """Asks for a refresh, and returns when it asks the server for the rows."""
    b.server.mark()
    host.start(sql, **more)
    b.server.wait_for_fetch()


class Other:
    """Another program's connection."""

    def __init__(self, path, **more):
        self.db = sqlite3.connect(path, timeout=20, isolation_level=None,
                                  check_same_thread=False, **more)

    def do(self, *statements):
        """Returns how long it took."""
        started = time.monotonic()
        for sql in statements:
            self.db.execute(sql).fetchall()
        return time.monotonic() - started

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.db.close()


def new_runs(b):
    """After the box's own."""
    return b.sql("SELECT id, status FROM ordersync_runs WHERE id > 1 "
                 "ORDER BY id")


def statuses(b):
    return [status for _, status in new_runs(b)]


def levels(b, run_id):
    return [level for (level,) in
            b.sql("SELECT DISTINCT level FROM ordersync_run_details WHERE "
                  "run_id = ? ORDER BY level", run_id)]


def expect_no_orphans(b):
    found = b.sql("SELECT * FROM ordersync_run_details WHERE run_id NOT IN "
                  "(SELECT id FROM ordersync_runs)")
    expect(not found, "details of no run: %r" % found)


def expect_own_details(b):
    """Each run's are from its own time."""
    expect_no_orphans(b)
    found = b.sql("SELECT r.id, r.started_at, d.* FROM ordersync_runs r JOIN "
                  "ordersync_run_details d ON d.run_id = r.id WHERE d.at NOT "
                  "BETWEEN r.started_at AND r.finished_at")
    expect(not found, "details of another run: %r" % found)


def expect_refused(b, host, text, sql=REFRESH):
    """Before the network."""
    b.server.mark()
    answer = host.sql(sql)
    expect(answer.error is not None, "it succeeded: %r" % answer.rows)
    expect_match(text, answer.error, "the error")
    expect(not b.server.log(), "the server was asked")


# ---- the caller's transaction -----------------------------------------------

@both_journals
def the_callers_transaction_is_not_overtaken(b, host):
    """Its snapshot would be too old once somebody has committed."""
    b.server.faults(HOLD)
    host.ok("BEGIN")
    host.ok("SELECT count(*) FROM open_orders")
    start(b, host)
    other = sqlite3.connect(b.db_path, timeout=0, isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        expect(False, "another connection could write during the fetch")
    except sqlite3.OperationalError as error:
        expect_match(LOCKED, str(error), "the other's error")
    other.close()
    b.server.faults()
    answer = host.answer()
    expect(answer.value == b.rows, "it failed: %s" % answer.error)
    expect(statuses(b) == [], "others see its row before COMMIT")
    host.ok("COMMIT")
    expect(statuses(b) == ["success"], "logged: %s" % statuses(b))
    expect(b.stamps() == [(2, b.rows)], "the new rows are not there")


@one
def an_old_snapshot_of_the_caller_is_refused_at_once(b, host):
    old = b.checksum()
    host.ok("BEGIN")
    host.ok("SELECT count(*) FROM open_orders")
    b.sql("CREATE TABLE theirs(x)")
    b.server.mark()
    answer = host.sql(REFRESH)
    expect_match("old snapshot.*roll it back", answer.error, "the error")
    expect(answer.seconds < LOGGING + LATE, "took %.1f s" % answer.seconds)
    expect(not b.server.logins(), "the server was asked")
    host.ok("ROLLBACK")
    b.expect_sound(old)
    b.expect_logged("local", "old snapshot", None, 0)
    b.works(host)
    expect_own_details(b)


@both_journals
def a_writer_in_the_way_of_the_callers_transaction_is_not_waited_for_long(
        b, host):
    old = b.checksum()
    host.ok("BEGIN")
    other = sqlite3.connect(b.db_path, timeout=20, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    answer = host.sql(REFRESH)
    expect_match(LOCKED + ".*roll back and try again", answer.error, "the error")
    expect(answer.seconds < 2 * LOGGING + 2 * LATE, "it took %.1f s" %
           answer.seconds)
    host.ok("ROLLBACK")
    other.execute("COMMIT")
    other.close()
    b.expect_sound(old)
    b.works(host)


def expect_one_failure(b, host, text, heal):
    """Everything was rolled back, the caller's transaction as well."""
    old = b.checksum()
    host.ok("BEGIN")
    host.ok("CREATE TABLE mine(x)")
    answer = host.refresh()
    expect_match(text, answer.error, "the error")
    expect(not answer.in_transaction, "the transaction is still open")
    b.expect_sound(old)
    b.expect_logged("local", text, None, 1)
    expect(statuses(b) == ["error"], "logged: %s" % statuses(b))
    failed = b.last_run().id
    expect("ERROR" in levels(b, failed), "its details are %s" %
           levels(b, failed))
    expect_own_details(b)
    host.ok(heal)
    b.works(host)
    expect(b.last_run().id > failed, "the run has the failed one's row")
    expect("ERROR" not in levels(b, b.last_run().id), "the next run has the "
           "failed one's details")
    expect_own_details(b)


@with_and_without_keys
def a_trigger_that_rolls_back_all_leaves_one_row(b, host):
    b.sql("CREATE TRIGGER t AFTER INSERT ON open_orders WHEN new.id % 7 = 0 "
          "BEGIN SELECT RAISE(ROLLBACK, 'no sevens'); END")
    expect_one_failure(b, host, "no sevens", "DROP TRIGGER t")


@with_and_without_keys
def a_full_disk_that_rolls_back_all_leaves_one_row(b, host):
    b.server.query("".join('INSERT INTO "vwZSDOrder_Advanced" SELECT * FROM '
                           '"vwZSDOrder_Advanced";' for _ in range(2)))
    b.rows *= 4
    host.ok("PRAGMA max_page_count = %d" %
            (b.sql("PRAGMA page_count")[0][0] + 20))
    expect_one_failure(b, host, "disk is full",
                       "PRAGMA max_page_count = 1000000")


# ---- inside other statements ------------------------------------------------

@one
def a_caller_that_reads_the_target_is_refused(b, host):
    old = b.checksum()
    reading = "reading \"open_orders\" and would see old rows and new"
    for sql in ("SELECT ordersync_refresh() FROM open_orders WHERE id = 1",
                "SELECT material, ordersync_refresh() FROM open_orders",
                "SELECT o.id, ordersync_refresh() FROM open_orders o, "
                "sqlite_schema"):
        host.ok("BEGIN")
        expect_refused(b, host, reading, sql)
        host.ok("ROLLBACK")
    host.ok("BEGIN")
    host.ask(dict(op="hold", sql="SELECT id FROM open_orders"))
    expect_refused(b, host, reading)
    b.expect_sound(old)
    expect(statuses(b) == [], "logged: %s" % statuses(b))
    with b.host() as another:  # that reads another table
        another.ok("BEGIN")
        another.ask(dict(op="hold", sql="SELECT * FROM ordersync_columns"))
        expect(another.ok("SELECT ordersync_refresh() FROM ordersync_syncs")
               .value == b.rows, "other rows")
        another.ok("COMMIT")
    expect(b.stamps() == [(2, b.rows)], "the new rows are not there")


# ---- the run's row ----------------------------------------------------------

@with_and_without_keys
def a_row_that_others_delete_is_written_anew(b, host):
    """As a job does that keeps the log short. The number of the row comes
    again, but no details that an older run of that number has left."""
    b.server.faults(HOLD)
    start(b, host)
    b.sql("DELETE FROM ordersync_runs")
    b.server.faults()
    answer = host.answer()
    expect(answer.value == b.rows, "it failed: %s" % answer.error)
    expect(b.stamps() == [(2, b.rows)], "the new rows are not there")
    found = b.sql("SELECT id, status FROM ordersync_runs")
    expect(found == [(1, "success")], "logged: %s" % found)
    expect(levels(b, b.last_run().id) == ["INFO"], "without details")
    expect_own_details(b)


@one
def a_run_that_could_not_log_its_end_is_not_said_to_have_died(b, host):
    old = b.checksum()
    b.server.faults(CUT, HOLD)
    with Other(b.db_path) as other:
        start(b, host)
        other.do("BEGIN IMMEDIATE")
        b.server.faults(CUT)
        answer = host.answer()
        other.do("ROLLBACK")
    expect_match("broke", answer.error, "the error")
    b.expect_sound(old)
    expect(statuses(b) == ["running"], "logged: %s" % statuses(b))
    b.server.faults()
    b.works(host)
    expect(statuses(b) == ["lost", "success"], "logged: %s" %
           statuses(b))
    error = b.sql("SELECT error FROM ordersync_runs WHERE id = 2")[0][0]
    expect_match("or could not write", error, "the run's error")


# ---- locks ------------------------------------------------------------------

@both_journals
def an_interrupt_ends_the_wait_for_the_lock(b, host):
    old = b.checksum()
    with Other(b.db_path) as other:
        other.do("BEGIN IMMEDIATE")
        answer = host.refresh(interrupt_ms=300)
        other.do("ROLLBACK")
    expect_match("interrupted", answer.error, "the error")
    expect(answer.seconds < 0.3 + 1 + LATE / 2, "took %.1f s" %
           answer.seconds)
    b.expect_sound(old)
    b.works(host)


@both_journals
def the_hosts_busy_timeout_counts_once(b, host):
    """... beyond the deadline: a second wait is what the log is worth."""
    b.profile(query_timeout=1)
    host.ok("PRAGMA busy_timeout = 5000")
    with Other(b.db_path) as other:
        other.do("BEGIN IMMEDIATE")
        answer = host.refresh()
        other.do("ROLLBACK")
    expect_match(LOCKED + ".*until the deadline", answer.error, "the error")
    expect(answer.seconds < 1 + 2 * 5 + LOGGING, "took %.1f s" %
           answer.seconds)
    b.works(host)


@one
def a_lock_on_an_unrelated_attached_database_is_nothing_to_us(b, host):
    path = os.path.join(b.folder, "unrelated.db")
    host.ok("ATTACH ? AS unrelated", path)
    host.ok("CREATE TABLE unrelated.x(y)")
    b.profile(query_timeout=3)
    with Other(path) as other:
        other.do("BEGIN IMMEDIATE")
        answer = host.refresh()
    expect(answer.value == b.rows, "it failed: %s" % answer.error)
    expect(answer.seconds < 2, "took %.1f s" % answer.seconds)
    expect(statuses(b) == ["success"], "logged: %s" % statuses(b))


@test
def a_reader_of_the_log_in_a_shared_cache_is_waited_for():
    with Box("shared-cache") as b:
        path = "file:%s?cache=shared" % b.db_path
        with b.host(path=path) as host:
            b.stamp(2)
            host.ask(dict(op="hold", path=path, seconds=1,
                          sql="SELECT * FROM ordersync_runs, open_orders"))
            started = time.monotonic()
            b.works(host)
            expect(time.monotonic() - started < 1 + 10, "it waited for longer")
        expect(statuses(b) == ["success"], "logged: %s" % statuses(b))


# ---- a target in another file -----------------------------------------------

class ApartBox(Box):
    """Its target is aux.open_orders, and main has none."""

    def make(self, journal):
        super().make(journal)
        path = os.path.join(self.folder, "aux.db")
        super().sql("VACUUM INTO ?", path)
        self.aux = path
        self.sql("PRAGMA aux.journal_mode = %s" % journal)
        self.sql("DROP TABLE main.open_orders")
        self.sql("UPDATE ordersync_syncs SET target = 'aux.open_orders'")

    aux = None

    def attach(self, uri=""):
        return "ATTACH 'file:%s%s' AS aux" % (self.aux, uri)

    def sql(self, sql, *args):
        if not self.aux:
            return super().sql(sql, *args)
        with Other("file:" + self.db_path, uri=True) as other:
            other.do(self.attach())
            return other.db.execute(sql, args).fetchall()

    def host(self, uri="", aux="", **more):
        """uri, aux: how the files are opened."""
        host = Host(self, path="file:%s%s" % (self.db_path, uri), **more)
        if self.aux:
            host.ok(self.attach(aux))
        return host


@test
def a_lock_on_the_log_of_an_attached_target_is_waited_for():
    with ApartBox("apart-locked") as b, b.host() as host:
        b.stamp(2)
        b.server.faults(HOLD)
        with Other(b.db_path) as other:
            start(b, host)
            other.do("BEGIN IMMEDIATE")
            b.server.faults()
            time.sleep(1.5)
            other.do("ROLLBACK")
            answer = host.answer()
        expect(answer.value == b.rows, "it failed: %s" % answer.error)
        expect(b.stamps() == [(2, b.rows)], "the new rows are not there")
        expect(statuses(b) == ["success"], "logged: %s" % statuses(b))
        expect_own_details(b)


@test
def an_attached_target_that_cannot_be_written_is_logged():
    with ApartBox("apart-read-only") as b:
        old = b.checksum()
        with b.host(aux="?mode=ro") as host:
            expect_refused(b, host, 'the database "aux" is open read-only')
            b.expect_logged("local", "open read-only", None, 0)
            host.ok("DETACH aux")
            expect_refused(b, host, 'there is no attached database "')
            b.expect_logged("local", "there is no attached database", None, 0)
            expect(statuses(b) == ["error"] * 2, "logged: %s" % statuses(b))
        b.expect_sound(old)
        with b.host() as host:
            b.works(host)


def expect_nothing_written(b, host):
    """Not even that a sync is unknown."""
    everything = [(name, b.checksum(name)) for name in
                  ("open_orders", "ordersync_runs", "ordersync_run_details")]
    for sql in (REFRESH, "SELECT ordersync_refresh('unknown')",
                "SELECT ordersync_refresh('open_orders', 'no json')"):
        answer = host.sql(sql)
        expect(answer.error, "%s: it succeeded" % sql)
    for name, checksum in everything:
        expect(b.checksum(name) == checksum, "%s was written" % name)


@test
def a_host_that_may_not_write_main_logs_nothing():
    with ApartBox("main-read-only") as b:
        with b.host(uri="?mode=ro") as host:
            expect_nothing_written(b, host)
        with b.host() as host:
            host.ok("PRAGMA query_only = 1")
            expect_nothing_written(b, host)
            host.ok("PRAGMA query_only = 0")
            b.works(host)


@one
def without_a_journal_it_is_refused(b, host):
    b.sql("PRAGMA journal_mode = delete")
    b.fails("local", 'journal_mode of "main" is off: what fails could not be '
            "undone.*journal_mode = wal", 1, attempts=0, connects=False,
            setup=["PRAGMA journal_mode = off"],
            heal=lambda host: host.ok("PRAGMA journal_mode = memory"))


@one
def an_authorizer_that_ignores_begin_is_noticed(b, host):
    old = b.checksum()
    host.ask(dict(op="ignore", actions=[sqlite3.SQLITE_TRANSACTION]))
    expect_match("BEGIN did nothing: an authorizer of this program ignores "
                 "transactions", host.refresh().error, "the error")
    b.expect_sound(old)
    b.expect_logged("local", "BEGIN did nothing", None, 0)
    host.ask(dict(op="ignore", actions=[]))
    b.works(host)


@one
def an_authorizer_that_ignores_commit_is_noticed(b, host):
    old = b.checksum()
    host.ask(dict(op="ignore", actions=[sqlite3.SQLITE_TRANSACTION],
                  arguments=["COMMIT"]))
    for _ in range(2):
        answer = host.refresh()
        expect_match("COMMIT did nothing", answer.error, "the error")
        expect(not answer.in_transaction, "a transaction is open")
    b.expect_sound(old)
    host.ask(dict(op="ignore", actions=[]))
    b.works(host)


@one
def a_row_that_an_authorizer_hides_is_an_error(b, host):
    b.sql("UPDATE ordersync_syncs SET mode = 'diff', "
          "key = 'sales_doc, item_number', keep_changes = 1")
    b.stamp(2)
    old = b.checksum()
    host.ask(dict(op="ignore", actions=[sqlite3.SQLITE_READ],
                  arguments=["open_orders", "id"]))
    expect_match("reading a row", host.refresh().error, "the error")
    b.expect_sound(old)
    host.ask(dict(op="ignore", actions=[]))
    b.works(host)


def ignoring(host, action, *arguments):
    host.ask(dict(op="ignore", actions=[action], arguments=list(arguments)))


@one
def a_column_that_an_authorizer_leaves_out_of_updates_is_an_error(b, host):
    b.sql("UPDATE ordersync_syncs SET mode = 'diff', "
          "key = 'sales_doc, item_number'")
    b.works(host)
    ignoring(host, sqlite3.SQLITE_UPDATE, "open_orders", "transit_time")
    b.server.query("UPDATE vwZSDOrder_Advanced SET fullName = 'x'")
    host.ok("SELECT ordersync_refresh()")
    expect(b.sql("SELECT DISTINCT full_name FROM open_orders") == [("x",)],
           "another column")
    b.stamp(3)
    old = b.checksum()
    expect_match('an authorizer of this program ignores the UPDATE of '
                 '"open_orders"."transit_time"', host.refresh().error,
                 "the error")
    b.expect_sound(old)
    host.ask(dict(op="ignore", actions=[]))
    b.works(host)


@one
def an_end_that_an_authorizer_leaves_out_of_the_log_is_an_error(b, host):
    for column in ("status", "finished_at", "rows"):
        old = b.checksum()
        ignoring(host, sqlite3.SQLITE_UPDATE, "ordersync_runs", column)
        expect_match("writing the run log changed nothing",
                     host.refresh().error, column)
        expect(b.checksum() == old, column)
        host.ask(dict(op="ignore", actions=[]))
    b.works(host)


@one
def a_setting_that_an_authorizer_ignores_is_an_error(b, host):
    ignoring(host, sqlite3.SQLITE_UPDATE, "ordersync_syncs", "filter")
    add = ("SELECT ordersync_add('x', 'dbo.vwZSDOrder_Advanced', '{\"filter\": \"1 = 1\","
           "\"max_shrink_percent\": 33.333333333333336, \"retries\": 2}')")
    expect_match("changing the configuration changed nothing",
                 host.sql(add).error, "the error")
    expect(b.sql("SELECT count(*) FROM ordersync_syncs WHERE name = 'x'") ==
           [(0,)], "it was added")
    ignoring(host, sqlite3.SQLITE_UPDATE, "ordersync_runs", "sync")
    expect_match("changing the configuration changed nothing",
                 host.sql("SELECT ordersync_rename('open_orders', 'y')").error,
                 "the error")
    host.ask(dict(op="ignore", actions=[]))
    host.ok(add)
    ignoring(host, sqlite3.SQLITE_DROP_TABLE, "x")
    expect_match("changing the configuration changed nothing",
                 host.sql("SELECT ordersync_remove('x', "
                          "'{\"drop_table\": true}')").error, "the error")
    host.ask(dict(op="ignore", actions=[]))
    b.works(host)


@one
def what_an_authorizer_keeps_from_being_made_is_named(b, host):
    b.sql("DROP TRIGGER ordersync_runs_rename")
    b.sql("DROP VIEW ordersync_history")
    b.sql("DROP VIEW ordersync_status")
    b.sql("DROP INDEX ordersync_changes_by_run")
    b.sql("ALTER TABLE ordersync_runs DROP COLUMN duration_ms")
    for action, name, kind in (
            (sqlite3.SQLITE_CREATE_TRIGGER, "ordersync_runs_rename", "trigger"),
            (sqlite3.SQLITE_CREATE_VIEW, "ordersync_history", "view"),
            (sqlite3.SQLITE_CREATE_INDEX, "ordersync_changes_by_run", "index"),
            (sqlite3.SQLITE_ALTER_TABLE, "duration_ms", "column")):
        ignoring(host, action, *([name] if kind != "column" else []))
        expect_match('the %s "%s" was not made: an authorizer of this program '
                     "ignores it" % (kind, name),
                     host.sql("SELECT ordersync_install()").error, kind)
    host.ask(dict(op="ignore", actions=[]))
    host.ok("SELECT ordersync_install()")
    b.works(host)


# ---- another file, another VFS ----------------------------------------------

MOVED = "was moved, replaced or deleted while it is open"


def gone(how):
    """Adds a test for each journal: the file is no longer at its place."""
    def add(function):
        for journal in ("wal", "delete"):
            def run(journal=journal):
                name = "%s-%s" % (how, journal)
                with Box(name, journal=journal) as b, b.host() as host:
                    b.stamp(2)
                    host.ok("SELECT count(*) FROM open_orders")
                    b.sql("PRAGMA wal_checkpoint(truncate)")
                    function(b, host)
            run.__name__ = "%s__%s" % (function.__name__, journal)
            test(run)
        return function
    return add


@gone("moved")
def a_file_that_was_moved_is_refused(b, host):
    old = b.checksum()
    os.rename(b.db_path, b.db_path + ".away")
    expect_refused(b, host, MOVED)
    expect(not os.path.exists(b.db_path), "a new file was made")
    os.rename(b.db_path + ".away", b.db_path)
    b.expect_sound(old)
    b.works(host)


@gone("replaced")
def a_file_that_was_replaced_is_refused(b, host):
    old = b.checksum()
    shutil.copyfile(b.db_path, b.db_path + ".copy")
    os.rename(b.db_path + ".copy", b.db_path)
    expect_refused(b, host, MOVED)
    host.close()
    b.expect_sound(old)
    expect(statuses(b) == [], "the other file's log: %s" % statuses(b))
    with b.host() as another:
        b.works(another)


@gone("replaced-late")
def a_file_that_is_replaced_during_the_fetch_is_not_written(b, host):
    old = b.checksum()
    shutil.copyfile(b.db_path, b.db_path + ".copy")
    b.server.faults(HOLD)
    start(b, host)
    os.rename(b.db_path + ".copy", b.db_path)
    b.server.faults()
    expect_match(MOVED, host.answer().error, "the error")
    host.close()
    b.expect_sound(old)
    # The WAL, which both files share, had the run's start.
    expect(set(statuses(b)) <= {"running"}, "the other file's log: %s" %
           statuses(b))


@gone("deleted")
def a_file_that_was_deleted_is_refused(b, host):
    os.unlink(b.db_path)
    expect_refused(b, host, MOVED)
    expect(not os.path.exists(b.db_path), "a new file was made")


@test
def a_second_connection_heeds_the_first_ones_vfs():
    """After an interrupt the log is written over one."""
    with Box("dotfile", journal="delete") as b:
        path = "file:%s?vfs=unix-dotfile" % b.db_path
        b.stamp(2)
        with b.host(path=path) as host, Other(path, uri=True) as other:
            b.server.faults(HOLD)
            start(b, host, interrupt_ms=1500)
            other.do("BEGIN IMMEDIATE",
                     "UPDATE open_orders SET transit_time = 7")
            answer = host.answer()
            expect_match("interrupted", answer.error, "the error")
            expect(other.db.execute("SELECT count(*) FROM ordersync_runs WHERE"
                                    " status = 'running'").fetchall() ==
                   [(1,)], "the run's end was written under a lock of others")
            other.do("COMMIT")
            expect(b.stamps() == [(7, b.rows)], "what others wrote is gone")
            b.expect_sound(b.checksum())
            host.refresh(interrupt_ms=1500)
            expect(statuses(b) == ["lost", "cancelled"], "logged: %s" %
                   statuses(b))
            b.server.faults()
            b.works(host)


# ---- the log's tables -------------------------------------------------------

def unusable(name, *statements):
    """A run log that is not as ordersync_install() makes it."""
    def run():
        with Box(name[-40:]) as b, b.host() as host:
            b.stamp(2)
            old = b.checksum()
            for sql in statements:
                b.sql(sql)
            expect_refused(b, host, "ordersync_runs and ordersync_run_details,"
                           ".*ordersync_install")
            b.expect_sound(old)
            for table in ("ordersync_runs", "ordersync_run_details"):
                for kind in ("view", "table"):
                    if b.sql("SELECT 1 FROM sqlite_schema WHERE name = ? AND "
                             "type = ?", table, kind):
                        b.sql("DROP %s %s" % (kind, table))
            host.ok("SELECT ordersync_install()")
            b.works(host)
    run.__name__ = name
    test(run)


unusable("a_log_without_runs_is_refused",
         "DROP TABLE ordersync_runs")
unusable("a_log_without_details_is_refused",
         "DROP TABLE ordersync_run_details")
unusable("a_log_that_was_renamed_is_refused",
         "ALTER TABLE ordersync_runs RENAME TO ordersync_old_runs")
unusable("a_view_in_the_logs_place_is_refused",
         "ALTER TABLE ordersync_runs RENAME TO ordersync_old_runs",
         "CREATE VIEW ordersync_runs AS SELECT * FROM ordersync_old_runs")
unusable("a_log_without_its_key_is_refused",
         "DROP VIEW ordersync_status", "DROP VIEW ordersync_history",
         "CREATE TABLE kept AS SELECT * FROM ordersync_runs",
         "DROP TABLE ordersync_runs",
         "ALTER TABLE kept RENAME TO ordersync_runs")
unusable("a_log_with_a_key_of_text_is_refused",
         "DROP TABLE ordersync_run_details",
         "CREATE TABLE ordersync_run_details(id TEXT PRIMARY KEY, run_id, at, "
         "level, phase, message)")

main(8, again=True)
