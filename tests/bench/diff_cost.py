#!/usr/bin/python3
"""What mode diff costs beside mode replace: tests/bench/diff_cost.py BUILD_DIR

    [--rows N] [--runs N] [--json]

Against the bundled server without TLS, N rows of 68 columns, each run a process
of its own (the sqlite3 shell): 0 %, 1 % and 100 % of the rows changed, with a
key (with keep_changes, too: "kept") and without, beside replace of the same rows. Measured from outside: bytes
and pages that the run adds to the WAL, the longest time that a second connection
could not write (it tries in a loop), CPU time of the whole process as a ratio to
the replace next to it. In the end the table is compared with a replaced one.
Medians; of the lock's times the lowest counts, and the time of a bare commit of
one row is told, since a busy machine adds to both. The bars are checked, and a
bar that is missed is the exit code.
"""
import argparse
import json
import os
import resource
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
SOURCE = '"vwZSDOrder_Advanced"'
KEY = "sales_doc,item_number"
FRAME = 24 + 4096


def start_server(folder, build, rows):
    db = os.path.join(folder, "server.db")
    subprocess.run(["sqlite3", db, ".parameter init",
                    ".parameter set :rows %d" % rows,
                    "PRAGMA synchronous=OFF",
                    ".read %s/tests/data/make-orders.sql" % ROOT], check=True,
                   stdout=subprocess.DEVNULL)
    port_file = os.path.join(folder, "port")
    server = subprocess.Popen(
        [os.path.join(build, "tds-server"), "--db", db, "--port-file",
         port_file, "--user", "orders_reader", "--password", "bench-only",
         "--database", "Sales", "--encrypt", "unsupported"])
    while not os.path.exists(port_file) or not os.path.getsize(port_file):
        if server.poll() is not None:
            sys.exit("diff_cost: the server does not start")
        time.sleep(0.02)
    with open(port_file) as f:
        port = f.read().strip()
    with open(os.path.join(folder, "ordersync.ini"), "w") as f:
        os.chmod(f.name, 0o600)
        f.write("[default]\nserver = localhost\nport = %s\ndatabase = Sales\n"
                "user = orders_reader\npassword = bench-only\nencrypt = off\n"
                % port)
    os.environ["ORDERSYNC_CONFIG"] = f.name
    return server


def shell(folder, *commands):
    return subprocess.Popen(
        ["sqlite3", "-batch", os.path.join(folder, "orders.db"),
         ".load %s/ordersync" % ROOT] + list(commands),
        stdout=subprocess.PIPE, text=True)


class Local:
    """The local database, seen by somebody else."""

    def __init__(self, folder):
        self.folder = folder
        self.path = os.path.join(folder, "orders.db")
        self.db = sqlite3.connect(self.path, isolation_level=None, timeout=0)
        self.db.execute("PRAGMA journal_mode=wal")

    def run(self, options):
        """Refreshes: a dictionary of what that cost."""
        self.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        child = shell(self.folder,
                      "SELECT ordersync_refresh('open_orders', '%s')"
                      % json.dumps(options))
        locked = self.try_to_write(child)
        answer = child.communicate()[0].split()
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        wal = os.path.getsize(self.path + "-wal")
        run = self.db.execute(
            "SELECT rows_inserted, rows_updated, rows_deleted, status FROM "
            "ordersync_runs ORDER BY id DESC LIMIT 1").fetchone()
        if child.returncode or not answer or run[3] != "success":
            sys.exit("diff_cost: the refresh answered %r, %r" % (answer, run))
        return {"cpu_ms": 1e3 * (after.ru_utime + after.ru_stime
                                 - before.ru_utime - before.ru_stime),
                "wal": wal, "pages": max(0, wal - 32) // FRAME,
                "lock_ms": 1e3 * locked, "run": run[:3]}

    def try_to_write(self, child):
        """The longest time in which no try was let in."""
        longest, since = 0, None
        while child.poll() is None:
            now = time.monotonic()
            try:
                self.db.execute("BEGIN IMMEDIATE")
                self.db.execute("ROLLBACK")
                if since:
                    longest = max(longest, time.monotonic() - since)
                since = None
            except sqlite3.OperationalError:
                since = since or now
            time.sleep(0.0003)
        return max(longest, time.monotonic() - since) if since else longest


    def bare_commit(self):
        """How long the smallest transaction holds the lock, in ms."""
        self.db.execute("CREATE TABLE IF NOT EXISTS bare(x)")
        times = []
        for _ in range(9):
            began = time.monotonic()
            self.db.execute("INSERT INTO bare VALUES(1)")
            times.append(1e3 * (time.monotonic() - began))
        self.db.execute("DROP TABLE bare")
        return statistics.median(times)


def columns(local):
    pairs = local.db.execute(
        "SELECT source_column, target_column FROM ordersync_columns WHERE "
        "sync = 'open_orders' ORDER BY position").fetchall()
    return ['"%s"' % s for s, _ in pairs], [t for _, t in pairs]


def change(server, percent):
    """Another status for that share of the rows."""
    if not percent:
        return
    with sqlite3.connect(server) as db:
        db.execute("UPDATE %s SET \"orderStatus\" = hex(randomblob(6)) WHERE "
                   "rowid %% ? = 0" % SOURCE, (100 // percent,))
    db.close()


def keep(local, server, runs, results):
    """1 % changed, with keep_changes and without in turn: the ratios. Many
    changes are kept by now, each row's in another place of an index by key."""
    samples = []
    for i in range(2 * runs):
        change(server, 1)
        samples.append(local.run({"mode": "diff", "keep_changes": i % 2 == 1}))
    for what, key in (("kept_wal", "wal"), ("kept_cpu", "cpu_ms")):
        results[what] = statistics.median(s[key] for s in samples[1::2]) / \
            statistics.median(s[key] for s in samples[::2])


def measure(folder, rows, runs):
    server = os.path.join(folder, "server.db")
    shell(folder, "SELECT ordersync_install()",
          "SELECT ordersync_refresh()").communicate()
    local = Local(folder)
    local.db.execute("UPDATE ordersync_syncs SET key = ?", (KEY,))
    base = local.run({"mode": "replace"})
    results = {}
    cases = [("%s, %d %%" % (name, percent), options, percent)
             for name, options in (("key", {"mode": "diff"}),
                                   ("kept", {"mode": "diff",
                                             "keep_changes": True}),
                                   ("no key", {"mode": "diff", "key": None}))
             for percent in (0, 1, 100)]
    for name, options, percent in cases:
        samples = []
        for _ in range(runs):
            base = local.run({"mode": "replace"})
            change(server, percent)
            ids = local.db.execute("SELECT id FROM open_orders ORDER BY id").fetchall()
            sample = local.run(options)
            sample["cpu"] = sample["cpu_ms"] / base["cpu_ms"]
            sample["wal_share"] = sample["wal"] / base["wal"]
            sample["replace"] = base
            sample["ids_stay"] = ids == local.db.execute(
                "SELECT id FROM open_orders ORDER BY id").fetchall()
            samples.append(sample)
        results[name] = {key: statistics.median(s[key] for s in samples)
                         for key in ("cpu_ms", "cpu", "wal", "wal_share",
                                     "pages", "lock_ms")}
        results[name]["lowest_lock_ms"] = min(s["lock_ms"] for s in samples)
        results[name]["run"] = samples[-1]["run"]
        results[name]["ids_stay"] = all(s["ids_stay"] for s in samples)
        results[name]["replace_cpu_ms"] = statistics.median(
            s["replace"]["cpu_ms"] for s in samples)
        results[name]["replace_wal"] = statistics.median(
            s["replace"]["wal"] for s in samples)
        results[name]["replace_lock_ms"] = statistics.median(
            s["replace"]["lock_ms"] for s in samples)
    keep(local, server, runs, results)
    by_diff = local.db.execute(
        "SELECT %s FROM open_orders ORDER BY sales_doc, item_number"
        % ",".join(columns(local)[1])).fetchall()
    local.run({"mode": "replace"})
    results["bare_commit_ms"] = local.bare_commit()
    results["same_rows"] = by_diff == local.db.execute(
        "SELECT %s FROM open_orders ORDER BY sales_doc, item_number"
        % ",".join(columns(local)[1])).fetchall() and len(by_diff) == rows
    local.db.close()
    return results


def judge(results):
    """(what, value, the most it may be) for each bar."""
    yield "rows that differ from the server's", not results["same_rows"], 0
    for name in ("key", "no key"):
        none, some = results[name + ", 0 %"], results[name + ", 1 %"]
        yield name + ", 0 %: pages in the WAL", none["pages"], 2
        yield name + ", 0 %: write lock, ms", none["lowest_lock_ms"], 5
        yield name + ", 0 %: CPU / replace's", none["cpu"], 0.6
        yield name + ", 1 %: WAL / replace's", some["wal_share"], 0.05
        yield name + ", 1 %: write lock, ms", some["lowest_lock_ms"], 10
        yield name + ", 1 %: CPU / replace's", some["cpu"], 0.6
        yield name + ", 1 %: ids that changed", not some["ids_stay"], 0
    yield "kept, 0 %: pages in the WAL", results["kept, 0 %"]["pages"], 2
    yield "kept, 1 %: WAL / without", results["kept_wal"], 1.6
    yield "kept, 1 %: CPU / without", results["kept_cpu"], 1.1


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("--rows", type=int, default=5000)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    for name in [n for n in os.environ if n.startswith("ORDERSYNC_")]:
        del os.environ[name]
    folder = tempfile.mkdtemp()
    server = start_server(folder, os.path.abspath(args.build), args.rows)
    try:
        results = measure(folder, args.rows, args.runs)
    finally:
        server.kill()
        server.wait()
        shutil.rmtree(folder)
    if args.json:
        print(json.dumps(results))
        return 0
    print("%-14s %8s %8s %9s %8s %7s %8s %8s  %s" % (
        "", "CPU, ms", "/replace", "WAL, kB", "/replace", "pages", "lock, ms",
        "lowest", "inserted, updated, deleted"))
    for name, r in results.items():
        if isinstance(r, dict):
            print("%-14s %8.0f %8.2f %9.0f %7.1f%% %7d %8.1f %8.1f  %s" % (
                name, r["cpu_ms"], r["cpu"], r["wal"] / 1e3,
                100 * r["wal_share"], r["pages"], r["lock_ms"],
                r["lowest_lock_ms"], r["run"]))
    last = results["key, 0 %"]
    print("%-14s %8.0f %8s %9.0f %8s %7s %8.1f" % (
        "replace", last["replace_cpu_ms"], "", last["replace_wal"] / 1e3, "",
        "", last["replace_lock_ms"]))
    print("a bare commit of one row, ms: %.1f" % results["bare_commit_ms"])
    missed = 0
    for what, value, limit in judge(results):
        missed += value > limit
        print("%s  %s: %.4g, at most %g" % (
            "FAIL" if value > limit else "PASS", what, value, limit))
    return missed > 0


if __name__ == "__main__":
    sys.exit(main())
