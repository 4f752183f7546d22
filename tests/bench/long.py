#!/usr/bin/python3
"""make bench-long: does a row cost the same however many there are?
   tests/bench/long.py BUILD_DIR

Tables of 5,000, 50,000, 500,000 and 1,000,000 x 68 cells (SIZES="5000 50000"
for others), mode replace and mode diff with nothing changed: CPU a row, rows a
second, memory at the peak, the size of the database and of its write-ahead log
(with and without journal_size_limit). What a killed refresh leaves behind is
looked for, too. Fails when a run needs more than 128 MiB, or leaves a file.
CPU a row more than 20 % apart is told, not failed.
"""
import glob
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

from fixture import (Server, compile_tools, make_target, one, refresh_call, run,
                     shell)

build = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else "build")
sizes = [int(x) for x in os.environ.get(
    "SIZES", "5000 50000 500000 1000000").split()]
MAX_MIB, MAX_SPREAD, HOURS = 128, 1.2, 3600 * 4
failed = 0


def bar(good, text):
    global failed
    failed += not good
    print(("PASS  " if good else "FAIL  ") + text, flush=True)


def size(path):
    return os.path.getsize(path) / 2**20 if os.path.exists(path) else 0


def refresh(folder, path, mode, n_rows, *before):
    cost = run(folder, shell(path, *before, refresh_call(mode)), seconds=HOURS)
    if cost["status"] or cost["out"].split()[-1:] != [str(n_rows)]:
        raise SystemExit("bench-long: %s %s" % (cost["out"], cost["err"]))
    return cost


def measure(folder, path, mode, n_rows):
    cost = refresh(folder, path, mode, n_rows)
    row = {"mode": mode, "rows": n_rows, "cpu": cost["cpu"] / n_rows,
           "mib": cost["mib"]}
    lock = one(path, "SELECT apply_ms FROM ordersync_runs "
               "ORDER BY id DESC LIMIT 1")
    print("%-8s %9d %8.1f %9.0f %8.0f %9.0f %9.0f %9.0f" % (
        mode, n_rows, 1000 * row["cpu"], n_rows / cost["wall"] * 1000,
        row["mib"], lock, size(path), size(path + "-wal")), flush=True)
    return row


def limit_log(folder, path, n_rows):
    """What journal_size_limit does to the log that a refresh has filled."""
    limit = "PRAGMA journal_size_limit=1000000;"
    refresh(folder, path, "replace", n_rows, limit)
    after = size(path + "-wal")
    one(path, "PRAGMA wal_checkpoint(restart)")
    refresh(folder, path, "diff", n_rows, limit)
    print("         journal_size_limit=1000000: a log of %.0f MiB, %.0f MiB "
          "once a checkpoint and the next run came"
          % (after, size(path + "-wal")), flush=True)


def kill(folder, staging, path, n_rows):
    """A refresh that is killed while it has rows in its staging file."""
    with open(os.devnull, "w") as nothing:
        process = subprocess.Popen(shell(path, refresh_call("replace")),
                                   stdout=nothing, stderr=nothing)
    descriptors = "/proc/%d/fd" % process.pid
    seen, end = False, time.monotonic() + 600
    while not seen and process.poll() is None and time.monotonic() < end:
        for fd in glob.glob(descriptors + "/*"):
            try:
                seen = seen or os.readlink(fd).startswith(staging)
            except OSError:
                pass
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    bar(seen, "a refresh of %d rows had a file for its rows" % n_rows)
    bar(not os.listdir(staging), "nothing of it is left once it is killed")
    bar(one(path, "SELECT count(*) FROM orders") == n_rows,
        "the old rows stay")


def one_size(scratch, n_rows):
    folder = "%s/%d" % (scratch, n_rows)
    staging, path = folder + "/staging", folder + "/orders.db"
    os.makedirs(staging)
    os.environ["SQLITE_TMPDIR"] = staging
    compile_tools(folder, "bench_run")
    server = Server(build, folder, n_rows, "query_timeout = %d\n" % HOURS)
    make_target(path)
    # Keeps the log from being removed, as any program does that has it open.
    reader = sqlite3.connect(path)
    reader.execute("SELECT count(*) FROM ordersync_syncs").fetchall()
    refresh(folder, path, "replace", n_rows)
    rows = [measure(folder, path, mode, n_rows) for mode in ("replace", "diff")]
    bar(not os.listdir(staging), "%d rows: no staging file is left" % n_rows)
    if n_rows == next((x for x in sizes if x >= 50000), None):
        limit_log(folder, path, n_rows)
        kill(folder, staging, path, n_rows)
    reader.close()
    server.stop()
    shutil.rmtree(folder)
    return rows


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    rows = []
    print("%-8s %9s %8s %9s %8s %9s %9s %9s" % (
        "mode", "rows", "us/row", "rows/s", "MiB", "lock, ms", "db, MiB",
        "WAL, MiB"))
    with tempfile.TemporaryDirectory() as scratch:
        for n_rows in sizes:
            rows += one_size(scratch, n_rows)
    for mode in ("replace", "diff"):
        costs = [row["cpu"] for row in rows if row["mode"] == mode]
        spread = max(costs) / min(costs)
        print("%s  %s: the dearest row costs %.2f times the cheapest, wanted "
              "at most %.2f" % ("ok  " if spread <= MAX_SPREAD else "NOTE",
                                mode, spread, MAX_SPREAD))
    most = max(row["mib"] for row in rows)
    bar(most <= MAX_MIB, "peak memory %.0f MiB, at most %d" % (most, MAX_MIB))
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
