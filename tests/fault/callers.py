"""How a refresh is called: in transactions, inside statements, from threads,
after fork, and interrupted at any moment."""
import os
import random
import subprocess
import time

from box import Box
from harness import (LONG, PASSWORD, SO, USER, Shell, expect, expect_match,
                     main, test, wait_for)

ROWS_BATCH = 'when=batch match=[soldTo] '
CUT = ROWS_BATCH + "after_rows=99 do=cut"


def one(function):
    def run():
        with Box(function.__name__[:50]) as b:
            b.stamp(2)
            with b.host() as host:
                function(b, host)
    run.__name__ = function.__name__
    return test(run)


def runs(b):
    return [status for (status,) in
            b.sql("SELECT status FROM ordersync_runs ORDER BY id")]


# ---- the caller's transaction -----------------------------------------------

@one
def a_rollback_of_the_caller_undoes_the_refresh(b, host):
    old = b.checksum()
    host.ok("BEGIN")
    answer = host.refresh()
    expect(answer.value == b.rows, "it failed: %s" % answer.error)
    expect(answer.in_transaction, "the caller's transaction was ended")
    expect(host.ok("SELECT max(transit_time) FROM open_orders").value == 2,
           "the new rows are not there")
    b.expect_sound(old)  # to others
    host.ok("ROLLBACK")
    b.expect_sound(old)
    expect(runs(b) == ["success"], "the run was not undone: %s" % runs(b))
    b.works(host)


@one
def a_commit_of_the_caller_keeps_the_refresh(b, host):
    host.ok("CREATE TABLE mine(x)")
    host.ok("BEGIN")
    host.ok("INSERT INTO mine VALUES(1)")
    expect(host.refresh().value == b.rows, "other rows")
    host.ok("COMMIT")
    expect(b.stamps() == [(2, b.rows)], "the new rows are not there")
    expect(b.sql("SELECT * FROM mine") == [(1,)], "the caller's row is gone")
    expect(runs(b) == ["success", "success"], "logged: %s" % runs(b))


@one
def a_failure_leaves_the_callers_transaction_as_it_was(b, host):
    old = b.checksum()
    host.ok("CREATE TABLE mine(x)")
    b.server.faults(CUT)
    host.ok("BEGIN")
    host.ok("INSERT INTO mine VALUES(1)")
    answer = host.refresh()
    expect_match("broke", answer.error, "the error")
    expect(answer.in_transaction, "the caller's transaction was ended")
    host.ok("INSERT INTO mine VALUES(2)")
    host.ok("COMMIT")
    expect(b.sql("SELECT * FROM mine") == [(1,), (2,)], "rows are gone")
    b.expect_sound(old)
    b.expect_logged("network", "broke", None, 1)
    b.server.faults()
    b.works(host)


@one
def a_failure_while_writing_leaves_the_callers_transaction(b, host):
    old = b.checksum()
    host.ok("CREATE TABLE mine(x)")
    host.ok("PRAGMA cache_size = 77")
    host.ok("CREATE TRIGGER t AFTER INSERT ON open_orders WHEN new.id % 7 = 0 "
            "BEGIN SELECT RAISE(ABORT, 'no sevens'); END")
    host.ok("BEGIN")
    host.ok("INSERT INTO mine VALUES(1)")
    answer = host.refresh()
    expect_match("no sevens", answer.error, "the error")
    expect(answer.in_transaction, "the caller's transaction was ended")
    expect(host.ok("SELECT max(transit_time) FROM open_orders").value == 1,
           "half of a refresh is in the caller's transaction")
    expect(host.ok("PRAGMA cache_size").value == 77, "the cache is not 77")
    host.ok("COMMIT")
    b.expect_sound(old)
    expect(b.sql("SELECT * FROM mine") == [(1,)], "the caller's row is gone")
    host.ok("DROP TRIGGER t")
    b.works(host)


@one
def a_savepoint_of_the_caller_is_kept(b, host):
    old = b.checksum()
    host.ok("SAVEPOINT a")
    host.ok("SAVEPOINT ordersync")  # as ours is called
    expect(host.refresh().value == b.rows, "other rows")
    host.ok("ROLLBACK TO a")
    host.ok("RELEASE a")
    b.expect_sound(old)
    b.works(host)


@one
def a_failure_leaves_no_savepoint_of_its_own(b, host):
    host.ok("SAVEPOINT ordersync")
    b.server.faults(CUT)
    expect(host.refresh().error, "the fault did nothing")
    host.ok("CREATE TRIGGER t AFTER INSERT ON open_orders BEGIN SELECT "
            "RAISE(ABORT, 'no'); END")
    b.server.faults()
    expect(host.refresh().error, "the trigger did nothing")
    host.ok("ROLLBACK TO ordersync")
    host.ok("RELEASE ordersync")
    expect_match("no such savepoint", host.sql("RELEASE ordersync").error,
                 "a second release")
    b.works(host)


@one
def a_full_disk_in_the_callers_transaction_leaves_nothing_open(b, host):
    old = b.checksum()
    b.server.query("".join('INSERT INTO "vwZSDOrder_Advanced" SELECT * FROM '
                           '"vwZSDOrder_Advanced";' for _ in range(2)))
    b.rows *= 4
    host.ok("PRAGMA max_page_count = %d" %
            (b.sql("PRAGMA page_count")[0][0] + 20))
    host.ok("BEGIN")
    answer = host.refresh()
    expect_match("disk is full", answer.error, "the error")
    if answer.in_transaction:
        host.ok("ROLLBACK")
    b.expect_sound(old)
    host.ok("PRAGMA max_page_count = 1000000")
    b.works(host)


# ---- inside other statements ------------------------------------------------

WRITES = ("it cannot run inside a statement that writes; call it in a SELECT "
          "of its own")


def refused(name, sql, text=WRITES):
    def run():
        with Box(name) as b:
            b.fails("misuse", text, 2, refresh=sql, connects=False, logged=False,
                    setup=["CREATE TABLE IF NOT EXISTS x(y)",
                           "INSERT INTO x VALUES(0)"])
            expect(b.sql("SELECT DISTINCT y FROM x") == [(0,)],
                   "the outer statement wrote")
    run.__name__ = name
    test(run)


refused("it_refuses_to_run_inside_insert_select",
        "INSERT INTO x SELECT ordersync_refresh()")
refused("it_refuses_to_run_inside_update", "UPDATE x SET y = "
        "ordersync_refresh()")
refused("it_refuses_to_run_inside_returning",
        "INSERT INTO x VALUES(0) RETURNING ordersync_refresh()")
refused("it_refuses_to_run_inside_create_table_as",
        "CREATE TABLE z AS SELECT ordersync_refresh()")
refused("it_refuses_to_run_over_a_table",
        "SELECT ordersync_refresh() FROM x", "a query that is still reading: "
        '"SELECT ordersync_refresh\\(\\) FROM x"; '
        "finish it first, and call this function in a SELECT of its own, "
        "without FROM")


@one
def the_statement_that_reads_is_named(b, host):
    for sql, shown in (("SELECT id\n\t FROM   open_orders ;", "SELECT id FROM "
                        'open_orders"'),
                       ("SELECT id, 'é%s' FROM open_orders" % ("é" * 90),
                        "SELECT id, 'é+\\.\\.\\.\"")):
        with b.host() as other:
            other.ask(dict(op="hold", sql=sql))
            answer = other.refresh()
            expect(answer.error is not None, "it ran")
            expect_match('a query that is still reading: "' + shown +
                         "; finish it first", answer.error, "the error")


@one
def a_pragma_whose_row_nobody_fetched_is_no_check(b, host):
    """As a cursor that a program keeps leaves it."""
    for pragma, text in (
            ("PRAGMA busy_timeout = 100", None),
            ("PRAGMA main.table_info(open_orders)", "still reading: .PRAGMA"),
            ("PRAGMA journal_mode = wal", "PRAGMA that is not finished: .PRAG")):
        with b.host() as other:
            other.ask(dict(op="hold", sql=pragma, unread=True))
            error = other.refresh().error
        if text:
            expect_match(text, error, pragma)
        else:
            expect(error is None, "%s: %s" % (pragma, error))


@one
def two_in_a_statement_are_two_runs(b, host):
    answer = host.ok("SELECT ordersync_refresh(), ordersync_refresh()")
    expect(answer.rows == [[b.rows, b.rows]], "it brought %r" % answer.rows)
    expect(runs(b) == ["success"] * 3, "logged: %s" % runs(b))
    shell = Shell(b, "SELECT ordersync_refresh(), ordersync_refresh()")
    expect(shell.out == "%d|%d\n" % (b.rows, b.rows), shell.out + shell.err)


@one
def last_insert_rowid_is_the_callers(b, host):
    host.ok("CREATE TABLE mine(x)")
    host.ok("INSERT INTO mine(rowid, x) VALUES(4711, 0)")
    answer = host.refresh()
    expect(answer.last_insert_rowid == 4711, "it is %s after a success" %
           answer.last_insert_rowid)
    b.server.faults(CUT)
    answer = host.refresh()
    expect(answer.error and answer.last_insert_rowid == 4711,
           "it is %s after a failure" % answer.last_insert_rowid)


# ---- the database's encoding -------------------------------------------------

@test
def the_first_statement_may_be_ours_in_a_utf_16_database():
    """SQLite 3.46 cannot learn the encoding while a statement runs."""
    with Box("utf-16") as b:
        path = os.path.join(b.folder, "wide.db")

        def shell(*commands):
            return subprocess.run(["sqlite3", "-batch", path, *commands],
                                  env=b.env, capture_output=True, text=True,
                                  timeout=20)
        shell("PRAGMA encoding = 'UTF-16'; CREATE TABLE t(x)")
        load = "SELECT load_extension('%s')" % SO
        for commands in ((".load " + SO,),
                         (load, "SELECT count(*) FROM sqlite_schema")):
            answer = shell(*commands, "SELECT ordersync_install()")
            expect("installed" in answer.stdout and not answer.stderr,
                   "%r" % answer)
        answer = shell(load, "SELECT ordersync_refresh('x')")
        expect_match("is UTF-16, which SQLite must know|there is no sync",
                     answer.stderr, "the error")
        expect(shell("PRAGMA encoding").stdout.startswith("UTF-16"), "another")


# ---- several threads, several processes -------------------------------------

@test
def threads_with_connections_of_their_own_do_not_meet():
    boxes = [Box("threads-%d" % i) for i in range(3)]
    try:
        for b in boxes:
            b.stamp(2)
        boxes[1].server.faults(ROWS_BATCH + "after_rows=50 do=reset")
        with boxes[0].host() as host:
            before = host.probe()
            # One profile a process: every database gets its own sync's.
            with open(boxes[0].ini, "a") as ini:
                for i, b in enumerate(boxes):
                    ini.write("[p%d]\n" % i)
                    ini.writelines("%s = %s\n" % item
                                   for item in b.settings.items())
                    b.sql("UPDATE ordersync_syncs SET profile = 'p%d'" % i)
            answer = host.ask({"op": "threads", "extension": SO, "rounds": 6,
                               "paths": [b.db_path for b in boxes]}, 120)
            host.expect_untouched(before)
        for i, results in enumerate(answer.results):
            for result in results:
                if i == 1:
                    expect_match("broke", result[1], "the error")
                else:
                    expect(result == [boxes[i].rows, None], "%r" % result)
        for i, b in enumerate(boxes):
            expect(b.stamps() == [(1 if i == 1 else 2, b.rows)],
                   "database %d has %s" % (i, b.stamps()))
    finally:
        for b in boxes:
            b.close()


@one
def threads_on_one_database_run_one_at_a_time(b, host):
    b.server.faults(ROWS_BATCH + "do=hold")
    host.send({"op": "threads", "extension": SO, "rounds": 1,
               "paths": [b.db_path] * 5})
    wait_for(lambda: runs(b).count("skipped") == 4, "four that are skipped")
    b.server.faults()
    answer = host.answer()
    results = sorted((r for results in answer.results for r in results),
                     key=repr)
    expect(results == sorted([[b.rows, None]] + [[None, None]] * 4, key=repr),
           "they returned %r" % results)
    expect(sorted(runs(b)) == ["skipped"] * 4 + ["success"] * 2,
           "logged: %s" % runs(b))
    expect(b.stamps() == [(2, b.rows)], "the rows are not new")


@one
def a_forked_child_makes_its_own_connection(b, host):
    b.works(host)
    answer = host.ask({"op": "fork", "extension": SO, "path": b.db_path,
                       "sql": "SELECT ordersync_refresh()"}, 60)
    expect(answer.child == [[[b.rows]], None], "the child: %r" % answer.child)
    b.works(host)


@one
def a_forked_child_cannot_use_its_parents_connection(b, host):
    host.ok("SELECT count(*) FROM ordersync")  # keeps its link
    answer = host.ask({"op": "fork_cursor", "sql":
                       "SELECT material FROM ordersync"}, 60)
    expect_match("fork", answer.child, "what the child got")
    expect(answer.parent == b.rows, "the parent got %r" % answer.parent)
    b.works(host)


@one
def a_host_that_uses_pymssql_keeps_it(b, host):
    """Its handlers, its configuration file, its errors; both at once."""
    conf = os.path.join(b.folder, "theirs.conf")
    with open(conf, "w") as f:
        f.write("[theirs]\nhost = localhost\nport = %d\ntds version = 7.4\n"
                % b.server.port)
    answer = host.ask({"op": "pymssql", "extension": SO, "path": b.db_path,
                       "conf": conf, "rounds": 5, "user": USER,
                       "password": PASSWORD, "port": b.server.port}, 60)
    expect(answer.refreshes == [[b.rows, None]] * 5, "%r" % answer.refreshes)
    expect(answer.handlers_before == answer.handlers_after,
           "its handlers are others now")
    expect(answer.queries >= 5 and not answer.wrong, "pymssql: %d queries, %r"
           % (answer.queries, answer.wrong[:3]))
    b.works(host)


# ---- interrupts -------------------------------------------------------------

def expect_whole(b, old, new, what):
    """The table is old or new, and the last run says which."""
    stamps = b.stamps()
    expect(stamps in ([(old, b.rows)], [(new, b.rows)]),
           "%s: the table has %s" % (what, stamps))
    run = b.last_run()
    expect((run.status == "success") == (stamps[0][0] == new),
           "%s: the run is %s and the table has %s" % (what, run.status,
                                                       stamps))
    return stamps[0][0]


def interrupted_at_random(journal, moments):
    def run():
        rng = random.Random(4)
        with Box(name, rows=1000, journal=journal) as b, b.host() as host:
            started = time.monotonic()
            b.works(host)
            host.ok("PRAGMA cache_size = -1999")
            took = (time.monotonic() - started) * 1.2
            hit = late = stamp = 0
            for i in range(moments):
                old = b.stamps()[0][0]
                stamp = old % 30000 + 1
                b.stamp(stamp)
                moment = rng.random() * took
                answer = host.refresh(interrupt_ms=1000 * moment)
                expect(not answer.in_transaction, "a transaction is open")
                what = "interrupted after %.1f ms" % (1000 * moment)
                expect_whole(b, old, stamp, what)
                if answer.error:
                    expect_match("interrupted", answer.error, what)
                    hit += 1
                    run = b.last_run()
                    expect(run.status in ("cancelled", "success"), run.status)
                    late += run.status == "success"
                # So that three in four hit, however long a run takes now.
                took *= 1.1 if answer.error else 0.7
                expect(b.sql("SELECT count(*) FROM ordersync_runs WHERE "
                             "status = 'running'") == [(0,)],
                       what + ": the run's row was left running")
                expect(host.ok("PRAGMA cache_size").value == -1999,
                       what + ": the page cache is not the host's any more")
            b.works(host)
            expect(hit > moments / 3, "only %d interrupts hit" % hit)
            found = b.sql("PRAGMA integrity_check")
            expect(found == [("ok",)], "integrity: %r" % found)
    name = "an_interrupt_at_any_moment_leaves_a_whole_table__" + journal
    run.__name__ = name
    test(run)


for mode in ("wal", "delete"):
    interrupted_at_random(mode, 150 if LONG else 25)

main(4)
