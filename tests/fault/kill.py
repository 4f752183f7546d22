"""kill -9 at any moment: what is left is the old table or the new one, and a
run log that tells the truth.

Some of the moments are random ones in time, the others are system calls
(kill_at.c), so that every sync and truncate of a commit gets its turn.
"""
import hashlib
import os
import random
import signal
import time

from box import Box, make_big
from harness import LONG, Shell, expect, main, test
from victim import Victim, build, measure

REFRESH = "SELECT ordersync_refresh()"


class Killer:
    """Kills refreshes of one database, and looks at what they left."""

    def __init__(self, box, sql=REFRESH, seed=0):
        self.box = box
        self.sql = sql
        self.rng = random.Random(seed)
        self.tally = {}
        self.syncs = 0
        box.stamp(2)
        self.counts, self.took = measure(box, sql)
        self.content = self.digest()

    def digest(self):
        """Of all that is the same in the old and the new table."""
        found = hashlib.sha256()
        for row in self.box.sql("SELECT * FROM open_orders ORDER BY id"):
            values = list(row)
            del values[self.columns.index("transit_time")]
            found.update(repr(values[1:-2]).encode())
        return found.hexdigest()

    @property
    def columns(self):
        return [name for (name,) in self.box.sql(
            "SELECT name FROM pragma_table_info('open_orders')")]

    def kill_once(self, kind):
        """Returns what was done, in words."""
        if kind == "time":
            moment = self.rng.random() * self.took * 1.1
            victim = Victim(self.box, self.sql)
            code, out = victim.wait(moment)
            what = "killed after %.1f ms" % (1000 * moment)
        else:
            last = self.counts[kind]
            at = self.rng.randint(1, last)
            if kind == "sync":  # they are few: each gets its turn
                at = last - self.syncs % last
                self.syncs += 1
            how = self.rng.choice(["before", "after", "half"])
            victim = Victim(self.box, self.sql, KILL_KIND=kind,
                            KILL_AT=str(at), KILL_HOW=how)
            code, out = victim.wait(60)
            what = "killed at %s %d, %s" % (kind, at, how)
        expect(code in (0, -signal.SIGKILL), "%s: exit code %d: %s" %
               (what, code, out))
        return what + ("" if code else " (it was over)"), code != 0

    def round(self, kind):
        box = self.box
        old = box.stamps()[0][0]
        new = old + 1
        box.stamp(new)
        runs = box.last_run().id
        what, killed = self.kill_once(kind)
        found = box.sql("PRAGMA integrity_check")
        expect(found == [("ok",)], "%s: integrity: %r" % (what, found))
        stamps = box.stamps()
        expect(stamps in ([(old, box.rows)], [(new, box.rows)]),
               "%s: the table has %s" % (what, stamps))
        expect(self.digest() == self.content, what + ": other rows")
        is_new = stamps[0][0] == new
        run = box.last_run()
        status = run.status if run.id > runs else "none"
        expect(is_new == (status == "success"), "%s: the run is %s and the "
               "table has %s" % (what, status, stamps))
        expect(status in ("none", "running", "success"), "%s: the run is %s" %
               (what, status))
        box.expect_lock_free()
        self.expect_clean(what)
        key = "not killed" if not killed else {
            "none": "before the run", "running": "in the run",
            "success": "after the commit"}[status]
        self.tally[key] = self.tally.get(key, 0) + 1
        after = Shell(box, REFRESH)
        expect(after.code == 0 and after.out == "%d\n" % box.rows,
               "%s: the next refresh: %s%s" % (what, after.out, after.err))
        if status == "running":
            row = box.sql("SELECT status, error, finished_at FROM "
                          "ordersync_runs WHERE id = ?", run.id)[0]
            expect(row[0] == "lost" and row[1] and row[2],
                   "%s: the dead run is shown as %r" % (what, row))
        expect(box.stamps() == [(new, box.rows)], what + ": the next refresh "
               "brought other rows")
        expect(not os.path.exists(box.db_path + "-journal"),
               what + ": the journal was not reused")  # a cold one may stay

    def expect_clean(self, what):
        known = ("orders.db", "orders.db-ordersync-open_orders.lock",
                 "orders.db-wal", "orders.db-shm", "orders.db-journal")
        strange = [name for name in os.listdir(self.box.folder)
                   if name.startswith("orders.db") and name not in known]
        strange += os.listdir(os.path.join(self.box.folder, "tmp"))
        expect(not strange, "%s: left behind: %s" % (what, strange))

    def report(self):
        print("     %s: %r, calls %r, %.0f ms" % (
            os.path.basename(self.box.folder), self.tally, self.counts,
            1000 * self.took))
        # A few rounds may miss a moment, many may not.
        rounds = sum(self.tally.values())
        for key in ("in the run", "after the commit")[:1 + rounds // 50]:
            expect(self.tally.get(key), "no kill hit %s: %r" % (key,
                                                                self.tally))


def killed(journal, mode, rounds):
    def run():
        with Box(name, journal="wal" if journal == "wal" else "delete",
                 encrypt="off", ca_file=None) as box:
            box.sql("UPDATE ordersync_syncs SET mode = ?", mode)
            killer = Killer(box, "PRAGMA journal_mode = %s; " % journal +
                            REFRESH, seed=sum(map(ord, name)))
            # In a run of mode diff most calls come before and after it: its
            # fetch is early among them, for short tests.
            kinds = ["time", "sync", "write", "fetch", "time", "sync", "write",
                     "sync"]
            for i in range(rounds):
                killer.round(kinds[i % len(kinds)])
            killer.report()
    name = "a_kill_at_any_moment_leaves_a_whole_table__%s_%s" % (journal, mode)
    run.__name__ = name
    test(run)


killed("wal", "replace", 200 if LONG else 16)
killed("delete", "replace", 200 if LONG else 16)
killed("wal", "diff", 60 if LONG else 6)
killed("persist", "replace", 60 if LONG else 6)
killed("truncate", "diff", 40 if LONG else 4)


@test
def a_kill_while_rows_go_to_a_temporary_file_leaves_nothing():
    with Box("staging-kill", query_timeout=60) as box:
        make_big(box, 70)
        box.server.faults('when=batch match="[t]" after_rows=69 do=hang')
        tmp = os.path.join(box.folder, "tmp")
        seen = 0
        for i in range(12 if LONG else 2):
            victim = Victim(box, "SELECT ordersync_refresh('big')")
            deadline = time.monotonic() + 30
            while time.monotonic() < deadline and not staged(victim, tmp):
                time.sleep(0.002)
            seen += staged(victim, tmp)
            time.sleep(0.01 * (i % 4))
            victim.process.kill()
            victim.wait(10)
            expect(os.listdir(tmp) == [], "left behind: %s" % os.listdir(tmp))
            expect(box.sql("SELECT id, t FROM big") == [(1, "old")],
                   "the old rows did not stay")
            expect(box.last_run().status == "running", "the run's row")
        expect(seen == i + 1, "no kill hit the staging file")
        box.server.faults()
        after = Shell(box, "SELECT ordersync_refresh('big')")
        expect(after.out == "70\n", "the next refresh: " + after.err)
        expect(box.sql("SELECT count(*) FROM ordersync_runs WHERE sync = 'big'"
                       " AND status = 'lost'")[0][0] == i + 1,
               "the dead runs are not shown as lost")


def staged(victim, tmp):
    """Whether the process has its nameless file open."""
    folder = "/proc/%d/fd" % victim.process.pid
    try:
        return any(os.readlink(os.path.join(folder, fd)).startswith(tmp)
                   for fd in os.listdir(folder))
    except OSError:
        return False


if __name__ == "__main__":
    build()
    main(2)
