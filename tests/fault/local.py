"""Faults of the local side: locks, disks, what the target is like."""
import contextlib
import fcntl
import os
import pty
import shutil
import sqlite3
import subprocess
import termios
import threading
import time

from box import Box, make_big
from harness import (SLACK, Shell, expect, expect_match, main, test,
                     wait_for, with_mounts)

LOCKED = "database is locked"
FULL = "database or disk is full"
IS_ROOT = os.geteuid() == 0
ROWS_BATCH = 'when=batch match=[soldTo] '
LOGGING = 2  # seconds that a failed run may wait to log itself
READING = 5  # seconds that a run waits to read its configuration


def both_journals(function):
    """Adds a test for each journal."""
    for journal in ("wal", "delete"):
        def run(journal=journal):
            name = "%s-%s" % (function.__name__[:40], journal)
            with Box(name, journal=journal) as b:
                b.profile(query_timeout=3)
                b.stamp(2)
                function(b)
        run.__name__ = "%s__%s" % (function.__name__, journal)
        test(run)
    return function


def one(function):
    def run():
        with Box(function.__name__[:50]) as b:
            b.stamp(2)
            function(b)
    run.__name__ = function.__name__
    return test(run)


class Writer:
    """Another program that holds the write lock (or, with another begin, a
    read lock)."""

    def __init__(self, box, begin="BEGIN IMMEDIATE"):
        self.db = sqlite3.connect(box.db_path, timeout=20, isolation_level=None,
                                  check_same_thread=False)
        self.begin = begin
        self.box = box

    def hold(self):
        self.db.execute(self.begin)
        self.db.execute("SELECT count(*) FROM open_orders").fetchall()
        return self

    def release(self):
        self.db.execute("ROLLBACK")

    def hold_during_fetch(self, released_after=None):
        """Takes the lock when the run's row is there; until then the server
        holds the rows back."""
        self.box.server.faults(ROWS_BATCH + "do=hold")

        def wait():
            running = "SELECT 1 FROM ordersync_runs WHERE status = 'running'"
            wait_for(lambda: self.box.sql(running), "the run")
            self.hold()
            self.box.server.faults()
            if released_after:
                time.sleep(released_after)
                self.release()
        thread = threading.Thread(target=wait)
        thread.start()
        return thread


# ---- locks ------------------------------------------------------------------

@both_journals
def a_lock_held_all_along_is_an_error_at_the_deadline(b):
    writer = Writer(b).hold()
    b.fails("local", LOCKED + ".*until the deadline", 3 + LOGGING
            + SLACK, heal=lambda _: writer.release(), logged=False,
            connects=False)


@test
def an_exclusive_lock_of_a_moment_is_waited_for():
    """Others take one at each commit; the shell's busy handler is none."""
    with Box("exclusive", journal="delete") as b, b.host() as host:
        # Newer SQLites read the schema before they call any function, and say
        # themselves that they cannot.
        host.ok("SELECT count(*) FROM sqlite_schema")
        writer = Writer(b, "BEGIN EXCLUSIVE").hold()
        threading.Timer(1.5, writer.release).start()
        b.works(host)


@test
def an_exclusive_lock_for_good_is_an_error():
    with Box("exclusive-long", journal="delete") as b, b.host() as host:
        old = b.checksum()
        host.ok("SELECT count(*) FROM sqlite_schema")  # as above
        writer = Writer(b, "BEGIN EXCLUSIVE").hold()
        answer = host.refresh()
        shell = Shell(b, "SELECT ordersync_refresh()")
        writer.release()
        expect_match(LOCKED + "; another connection kept it locked for 5 "
                     "seconds", answer.error, "the error")
        expect_match(LOCKED, shell.err, "the shell's error")
        expect(answer.seconds < READING + SLACK, "took %.1f s" %
               answer.seconds)
        expect(shell.code > 0, "exit code %d" % shell.code)
        b.expect_sound(old)
        b.works(host)


@both_journals
def a_lock_taken_during_the_fetch_is_an_error_at_the_deadline(b):
    old = b.checksum()
    with b.host() as host:
        thread = Writer(b).hold_during_fetch(released_after=4)
        answer = host.refresh()
        thread.join()
        expect_match(LOCKED + ".*until the deadline", answer.error, "error")
        expect(answer.seconds < 4 + LOGGING, "took %.1f s" % answer.seconds)
        b.expect_sound(old)
        b.expect_logged("local", LOCKED, None, 1)
        b.works(host)


def narrow_pipe():
    read, write = os.pipe()
    fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, 4096)
    return read, write


def stopped_terminal():
    """As after Ctrl-S."""
    ours, its = pty.openpty()
    termios.tcflow(its, termios.TCOOFF)
    return ours, its


def unread(name, make):
    def run():
        with Box(name) as b:
            b.stamp(2)
            b.sql("UPDATE ordersync_syncs SET batch_size = 1")
            b.profile(query_timeout=5)
            b.env["ORDERSYNC_LOG"] = "stderr"
            ours, its = make()
            # More than two seconds, so that a terminal is shown the progress.
            b.server.faults(ROWS_BATCH + "do=delay:2500")
            with b.host(stderr=its) as host:
                answer = host.refresh(seconds=20)
                expect(answer.error is None, "it failed: %s" % answer.error)
                expect(answer.seconds < 5, "it took %.1f s" % answer.seconds)
                expect(b.stamps() == [(2, b.rows)], "the rows are not new")
            os.close(ours)
            os.close(its)
    run.__name__ = name
    test(run)


unread("a_pipe_that_nobody_reads_holds_up_no_run", narrow_pipe)
unread("a_stopped_terminal_holds_up_no_run", stopped_terminal)


@both_journals
def a_lock_that_is_released_in_time_is_waited_for(b):
    b.profile(query_timeout=60)
    with b.host() as host:
        thread = Writer(b).hold_during_fetch(released_after=2)
        b.works(host)
        thread.join()
    expect(b.stamps() == [(2, b.rows)], "the rows are not new")


@both_journals
def a_reader_does_not_stop_a_refresh_for_good(b):
    """In WAL never; with a rollback journal COMMIT waits for it."""
    b.profile(query_timeout=60)
    with b.host() as host:
        thread = Writer(b, "BEGIN").hold_during_fetch(released_after=1.5)
        b.works(host)
        thread.join()


@test
def a_reader_of_a_rollback_journal_is_waited_for_until_the_deadline():
    with Box("reader", journal="delete") as b:
        b.profile(query_timeout=3)
        b.stamp(2)
        old = b.checksum()
        with b.host() as host:
            thread = Writer(b, "BEGIN").hold_during_fetch(released_after=4)
            answer = host.refresh()
            thread.join()
            expect_match("committing: " + LOCKED, answer.error, "the error")
            expect(not answer.in_transaction, "a transaction is open")
            b.expect_sound(old)
            b.expect_logged("local", LOCKED, None, 1)
            b.works(host)


@test
def an_old_snapshot_of_the_caller_is_said_to_be_one():
    with Box("snapshot") as b, b.host() as host:
        old = b.checksum()
        host.ok("BEGIN")
        host.ok("SELECT count(*) FROM open_orders")
        b.sql("CREATE TABLE somebody(wrote)")
        answer = host.refresh()
        expect_match("old snapshot.*roll it back", answer.error, "the error")
        host.ok("ROLLBACK")
        b.expect_sound(old)
        b.works(host)


# ---- read-only --------------------------------------------------------------

def read_only(b, path):
    """A command prefix under which path cannot be written."""
    if not IS_ROOT:
        os.chmod(path, 0o555 if os.path.isdir(path) else 0o444)
        return []
    return with_mounts('mount --bind "$1" "$1"; '
                       'mount -o remount,ro,bind "$1"', path)


@one
def a_read_only_file_is_named_before_the_network(b):
    prefix = read_only(b, b.db_path)
    with b.host(prefix=prefix) as host:
        old = b.checksum()
        answer = host.refresh()
        expect_match('open_orders.*the database "main" is open read-only',
                     answer.error, "the error")
        shell = Shell(b, "SELECT ordersync_refresh()", prefix=prefix)
        expect(shell.code > 0, "exit code %d" % shell.code)
        expect(b.server.logins() == 1, "the server was asked")
    os.chmod(b.db_path, 0o644)
    b.expect_sound(old)
    with b.host() as host:
        b.works(host)


@one
def a_read_only_folder_is_named(b):
    """The file could be written, but there can be no journal and no lock."""
    b.sql("PRAGMA journal_mode=delete")
    old = b.checksum()
    for name in os.listdir(b.folder):
        if name.endswith(".lock"):
            os.unlink(os.path.join(b.folder, name))
    prefix = read_only(b, b.folder)
    with b.host(prefix=prefix) as host:
        answer = host.refresh()
        expect_match("cannot open the run lock .*lock: (Read-only|Permission)|"
                     "open read-only", answer.error, "the error")
        shell = Shell(b, "SELECT ordersync_refresh()", prefix=prefix)
        expect(shell.code > 0, "exit code %d" % shell.code)
    os.chmod(b.folder, 0o755)
    b.expect_sound(old)
    with b.host() as host:
        b.works(host)


@one
def query_only_is_named_before_the_network(b):
    b.fails("local", "PRAGMA query_only is on", 1,
            setup=["PRAGMA query_only = 1"], logged=False, connects=False,
            heal=lambda host: host.ok("PRAGMA query_only = 0"))


@one
def a_database_opened_read_only_is_named_before_the_network(b):
    with b.host(path="file:%s?mode=ro" % b.db_path) as host:
        answer = host.refresh()
        expect_match('the database "main" is open read-only; may this user '
                     "write the file and its folder", answer.error, "error")
    expect(b.server.logins() == 1, "the server was asked")


# ---- full disks -------------------------------------------------------------

def more_rows(b, times):
    b.server.query("".join('INSERT INTO "vwZSDOrder_Advanced" SELECT * FROM '
                           '"vwZSDOrder_Advanced";' for _ in range(times)))
    b.rows *= 2 ** times


@both_journals
def a_database_at_its_page_limit_is_full(b):
    more_rows(b, 2)
    b.profile(query_timeout=60)
    pages = b.sql("PRAGMA page_count")[0][0]
    b.fails("local", r"\(row \d+\): writing the target: " + FULL, 5,
            setup=["PRAGMA max_page_count = %d" % (pages + 20)],
            heal=lambda host: host.ok("PRAGMA max_page_count = 1000000"))


@contextlib.contextmanager
def small_disk(b, kb):
    """A folder with that much room, and the prefix of a command that has no
    more; a file system of its own where we may mount one."""
    folder = os.path.join(b.folder, "small")
    os.mkdir(folder)
    limit = ["sh", "-c", "trap '' XFSZ; ulimit -f %d; exec \"$@\"" % (2 * kb),
             "sh"]
    mounted = IS_ROOT and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=%dk" % kb, "none", folder],
        stderr=subprocess.DEVNULL).returncode == 0
    try:
        yield folder, [] if mounted else limit, mounted
    finally:
        if mounted:
            subprocess.run(["umount", "-l", folder], check=True)


@both_journals
def a_disk_that_fills_while_writing_is_an_error(b):
    b.profile(query_timeout=60)
    with small_disk(b, 3000) as (folder, prefix, mounted):
        journal = b.sql("PRAGMA journal_mode")[0][0]
        b.sql("VACUUM INTO ?", os.path.join(folder, "orders.db"))
        b.db_path = os.path.join(folder, "orders.db")
        b.sql("PRAGMA journal_mode=%s" % journal)
        more_rows(b, 3)

        def room(_host):
            if mounted:
                subprocess.run(["mount", "-o", "remount,size=30m", folder],
                               check=True)
            else:
                b.rows //= 8
                b.server.query('DELETE FROM "vwZSDOrder_Advanced" WHERE '
                               "rowid > %d" % b.rows)
        b.fails("local",
                FULL + "; make room on its disk|disk I/O error.*df", 8,
                heal=room, prefix=prefix)


@test
def a_disk_that_fills_while_staging_is_an_error():
    """More rows than memory is spent on go to a temporary file."""
    with Box("staging-full", query_timeout=60) as b, \
            small_disk(b, 2000) as (folder, prefix, _):
        make_big(b, 70)
        b.env["SQLITE_TMPDIR"] = folder
        old = b.checksum("big")
        with b.host(prefix=prefix) as host:
            host.ok("SELECT count(*) FROM big")
            before = host.probe()
            answer = host.sql("SELECT ordersync_refresh('big')")
            expect_match('sync "big": cannot write the temporary file for '
                         "staged rows in .*small: (No space left|File too)",
                         answer.error, "the error")
            host.expect_untouched(before)
            b.expect_logged("local", "temporary file", None, 1)
            expect(b.checksum("big") == old, "the old rows did not stay")
            expect(os.listdir(folder) == [], "a temporary file is left")
        shell = Shell(b, "SELECT ordersync_refresh('big')", prefix=prefix)
        expect(shell.code > 0, "exit code %d" % shell.code)
        b.env["SQLITE_TMPDIR"] = os.path.join(b.folder, "tmp")
        with b.host() as host:
            answer = host.sql("SELECT ordersync_refresh('big')")
            expect(answer.value == 70, "the next refresh: %s" % answer.error)
        expect(os.listdir(b.env["SQLITE_TMPDIR"]) == [], "a file is left")
        said = b.sql("SELECT message FROM ordersync_run_details WHERE message "
                     "LIKE '%staged in a temporary file'")
        expect(said, "nothing was staged in a file: the test proves nothing")


@one
def a_temporary_folder_that_is_gone_is_not_needed(b):
    shutil.rmtree(b.env["SQLITE_TMPDIR"])
    with b.host() as host:
        b.works(host)


if __name__ == "__main__":
    main(4, again=True)
