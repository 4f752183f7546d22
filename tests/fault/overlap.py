"""Many at once: one refreshes, the others are skipped, and a reader sees the
old rows or the new ones."""
import os
import re
import sqlite3
import subprocess
import threading
import time

from box import Box
from harness import AT_ONCE, PYTHON, SO, expect, expect_match, main, test

PROCESSES = 20
DELAY = 'when=batch match=[soldTo] do=delay:'


class Reader(threading.Thread):
    """Reads in a loop, and notes what no reader should see."""

    def __init__(self, box):
        super().__init__()
        self.box = box
        self.over = threading.Event()
        self.seen = set()
        self.wrong = []
        self.reads = 0

    def run(self):
        db = sqlite3.connect(self.box.db_path, timeout=20,
                             isolation_level=None)
        while not self.over.is_set():
            count, low, high = db.execute(
                "SELECT count(*), min(transit_time), max(transit_time) FROM "
                "open_orders").fetchone()
            self.reads += 1
            self.seen.add(low)
            if count != self.box.rows or low != high:
                self.wrong.append((count, low, high))
            time.sleep(0.001)
        db.close()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.join()


def start(box, count, *before):
    """before: what the shell does first."""
    return [subprocess.Popen(
        ["sqlite3", "-batch", box.db_path, ".load " + SO, *before,
         "SELECT ordersync_refresh()"], stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=box.env,
        cwd=box.folder) for _ in range(count)]


def results(processes):
    found = []
    for process in processes:
        try:
            out, err = process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise AssertionError("hung: a process did not end in 60 s")
        found.append((process.returncode, out.decode(), err.decode()))
    return found


def told(error):
    """Whether SQLite's log, which the shell writes to stderr, has that a skip
    could not be logged; nothing else of ours may be there."""
    lines = error.splitlines()
    unlogged = [x for x in lines if x.endswith("not in the run log: skipped: "
                                               "another refresh runs")]
    others = [x for x in lines if x not in unlogged and
              ("ordersync" in x or not re.match(r"\(\d+\) ", x))]
    expect(len(unlogged) < 2 and not others, "stderr has %r" % error)
    return bool(unlogged)


def overlapping(journal):
    def run():
        with Box(name, journal=journal) as box:
            box.stamp(2)
            box.sql("UPDATE ordersync_syncs SET retries = 5")
            # Until all have tried: starting that many takes a while.
            box.server.faults(DELAY + "60000")
            with Reader(box) as reader:
                processes = start(box, PROCESSES, ".log stderr")
                deadline = time.monotonic() + 50
                while (sum(p.poll() is None for p in processes) > 1 and
                       time.monotonic() < deadline):
                    time.sleep(0.05)
                waiting = [p for p in processes if p.poll() is None]
                expect(len(waiting) == 1, "%d still run" % len(waiting))
                expect(box.last_run().status in ("skipped", "running"),
                       "none runs any more")
                # The one that runs loses its link, and asks again.
                box.server.stop()
                box.server.faults()
                box.server.start()
                found = results(processes)
            expect(sorted(f[:2] for f in found) == sorted(
                [(0, "%d\n" % box.rows)] + [(0, "\n")] * (PROCESSES - 1)),
                "they returned %r" % sorted(found))
            expect(not reader.wrong, "a reader saw %r" % reader.wrong[:3])
            expect(reader.seen == {1, 2} or reader.seen == {1},
                   "a reader saw the stamps %r" % reader.seen)
            logged = box.sql("SELECT status, count(*) FROM ordersync_runs "
                             "WHERE id > 1 GROUP BY 1 ORDER BY 1")
            # A skip waits two seconds for so many others, and then says so.
            unlogged = sum(told(error) for _, _, error in found)
            expect(logged == [("skipped", PROCESSES - 1 - unlogged),
                              ("success", 1)],
                   "logged: %r, and %d say that they are not" %
                   (logged, unlogged))
            expect(box.stamps() == [(2, box.rows)], "the rows are not new")
    name = "of_twenty_at_once_one_runs__" + journal
    run.__name__ = name
    test(run)


def readers_see_whole_tables(journal, mode):
    def run():
        with Box(name, journal=journal, query_timeout=60) as box:
            box.sql("UPDATE ordersync_syncs SET mode = ?, batch_size = 10",
                    mode)
            box.server.query('INSERT INTO "vwZSDOrder_Advanced" SELECT * FROM '
                             '"vwZSDOrder_Advanced"')
            box.rows *= 2
            with box.host() as host:
                box.works(host)
                with Reader(box) as one, Reader(box) as other:
                    for stamp in range(2, 14):
                        box.stamp(stamp)
                        box.works(host)
            for reader in (one, other):
                expect(not reader.wrong, "a reader saw %r" % reader.wrong[:3])
                expect(len(reader.seen) > 3, "only %r were seen in %d reads" %
                       (reader.seen, reader.reads))
    name = "readers_see_whole_tables_only__%s_%s" % (journal, mode)
    run.__name__ = name
    test(run)


overlapping("wal")
overlapping("delete")
readers_see_whole_tables("wal", "replace")
readers_see_whole_tables("wal", "diff")
readers_see_whole_tables("delete", "replace")


@test
def syncs_of_one_database_do_not_skip_each_other():
    with Box("two-syncs") as box:
        for table in ("ordersync_syncs", "ordersync_columns"):
            columns = [n for (n,) in box.sql(
                "SELECT name FROM pragma_table_info(?)", table)]
            box.sql("INSERT INTO %s SELECT 'second', %s FROM %s" % (
                table, ", ".join(columns[1:]), table))
        box.sql("CREATE TABLE second AS SELECT * FROM open_orders WHERE 0")
        box.sql("UPDATE ordersync_syncs SET target = 'second' WHERE name = "
                "'second'")
        box.server.faults(DELAY + "500")
        processes = start(box, 1) + [subprocess.Popen(
            ["sqlite3", "-batch", box.db_path, ".load " + SO,
             "SELECT ordersync_refresh('second')"], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=box.env)]
        found = results(processes)
        expect(found == [(0, "%d\n" % box.rows, "")] * 2, "they returned %r" %
               found)


@test
def connections_that_share_a_cache_in_memory_refresh_one_at_a_time():
    """Three connections of one process to a database in memory: one refreshes,
    two are skipped. Another database's is not."""
    path = "file:lock?mode=memory&cache=shared"
    with Box("memory") as b, b.host(path=path) as host:
        host.ok("SELECT ordersync_install()")
        host.ok("UPDATE ordersync_syncs SET retries = 0")
        b.server.faults("when=batch match=[soldTo] do=hold")
        answer = host.ask(dict(op="threads", extension=SO, rounds=1,
                               paths=[path] * 3, until_one=b.server.path(
                                   "faults")))
        found = sorted(repr(r) for r, in answer.results)
        expect(found == ["[%d, None]" % b.rows, "[None, None]",
                         "[None, None]"], "%r" % found)
        expect(host.ok("SELECT status, count(*) FROM ordersync_runs GROUP BY 1"
                       ).rows == [["skipped", 2], ["success", 1]], "the log")
        for _ in range(3):  # given back, after an error too
            b.server.faults("when=batch match=[soldTo] do=cut")
            expect(host.refresh().error, "no error")
            b.server.faults()
            host.ok("SELECT ordersync_refresh()")
        b.server.faults(DELAY + "700")
        answer = host.ask(dict(op="threads", extension=SO, rounds=1,
                               paths=[path, b.db_path]))
        expect(answer.results == [[[b.rows, None]]] * 2,
               "%r" % answer.results)


@test
def what_is_no_file_in_the_locks_place_is_refused():
    """A symbolic link would have us make or lock a file of others; a FIFO is
    opened by nobody else, and waiting for that would have no end."""
    with Box("odd-lock") as b, b.host() as host:
        lock = b.db_path + "-ordersync-open_orders.lock"
        elsewhere = os.path.join(b.folder, "elsewhere")
        old = b.checksum()
        os.unlink(lock)

        def refused(text):
            b.server.mark()
            answer = host.refresh(seconds=10)
            expect_match("the run lock .*open_orders.lock.* is " + text,
                         answer.error, "the error")
            expect(answer.seconds < AT_ONCE, "it took %.1f s" % answer.seconds)
            expect(not b.server.log(), "the server was asked")
            b.expect_sound(old)
        os.symlink(elsewhere, lock)
        refused("a symbolic link")
        expect(not os.path.exists(elsewhere), "a file was made elsewhere")
        with open(elsewhere, "w"):
            refused("a symbolic link")
        os.unlink(lock)
        os.mkfifo(lock)
        refused("not a regular file")
        os.unlink(lock)
        os.mkdir(lock)
        refused("not a regular file")
        os.rmdir(lock)
        b.works(host)


@test
def only_who_may_write_the_database_may_hold_its_run_lock():
    with Box("lock-mode") as b, b.host() as host:
        lock = b.db_path + "-ordersync-open_orders.lock"
        for mode, expected in ((0o644, 0o600), (0o660, 0o660), (0o664, 0o660)):
            os.chmod(b.db_path, mode)
            os.unlink(lock)
            b.works(host)
            found = os.stat(lock).st_mode & 0o777
            expect(found == expected, "%o for a database of %o" % (found, mode))


TWO_IN_MEMORY = """
import sqlite3, sys
dbs = [sqlite3.connect(":memory:") for _ in range(2)]
for db in dbs:
    db.enable_load_extension(True)
    db.load_extension(sys.argv[1])
    db.execute("SELECT ordersync_install()").fetchone()
refresh = "SELECT ordersync_refresh()"
rows = []
def meanwhile():
    if not rows:
        rows.append(0)
        rows[0] = dbs[1].execute(refresh).fetchone()[0]
    return 0
dbs[0].create_function("meanwhile", 0, meanwhile)
dbs[0].execute("CREATE TEMP TRIGGER t AFTER INSERT ON main.open_orders "
               "BEGIN SELECT meanwhile(); END")
print(dbs[0].execute(refresh).fetchone()[0], rows[0])
"""


@test
def databases_in_memory_do_not_meet():
    with Box("memories") as box:
        out = subprocess.run([PYTHON, "-c", TWO_IN_MEMORY, SO], env=box.env,
                             cwd=box.folder, check=True,
                             stdout=subprocess.PIPE, timeout=60)
        expect(out.stdout.split() == [b"%d" % box.rows] * 2, "%r" % out.stdout)


FORKING = """
import os, signal, sqlite3, sys
extension, path = sys.argv[1:]
db = sqlite3.connect(path)
db.enable_load_extension(True)
db.load_extension(extension)
lock = path + "-ordersync-open_orders.lock"
os.unlink(lock)
children = []
def fork():
    if not children and os.path.exists(lock):
        children.append(os.fork())
        if children == [0]:
            signal.pause()
    return 0
db.set_progress_handler(fork, 50)
refresh = "SELECT ordersync_refresh()"
print(db.execute(refresh).fetchone()[0], db.execute(refresh).fetchone()[0])
os.kill(children[0], signal.SIGKILL)
"""


@test
def a_child_that_a_program_forks_does_not_keep_the_lock():
    with Box("forks") as box:
        out = subprocess.run([PYTHON, "-c", FORKING, SO, box.db_path],
                             env=box.env, cwd=box.folder, check=True,
                             stdout=subprocess.PIPE, timeout=60)
        expect(out.stdout.split() == [b"%d" % box.rows] * 2, "%r" % out.stdout)


main(3)
