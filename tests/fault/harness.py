"""What the fault tests share: a server, a database, a victim, the rules.

    THEME.py BUILD_DIR short|long [NAME ...]

A test is a function with @test; it gets nothing and raises on failure. Each
makes its own Box: a folder with a server, a profile and a database that was
refreshed once. Whatever is done to a refresh, Box.fails() holds it to the same
rules: the old rows stay, the error is clear, the exit code is not 0, the run
is logged, it ended in time, nothing is left behind, the next one works.
"""
import fcntl
import hashlib
import json
import os
import re
import select
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
SO = os.path.join(ROOT, "ordersync.so")
BUILD = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else ROOT + "/build")
LONG = len(sys.argv) > 2 and sys.argv[2] == "long"
THEME = os.path.splitext(os.path.basename(sys.argv[0]))[0]
WORK = os.path.join(BUILD, "fault", THEME)
CERTS = os.path.join(BUILD, "certs")
PYTHON = sys.executable
USER, PASSWORD = "orders_reader", "S3cret!word"
ROWS = 300
# Two loaded cores: how much later than its deadline a run may end.
SLACK = 2.5

tests = []
processes = []


def test(function):
    tests.append(function)
    return function


def expect(condition, message):
    if not condition:
        raise AssertionError(message)


def expect_match(pattern, text, what):
    expect(re.search(pattern, text or "", re.S),
           "%s: wanted /%s/, got %r" % (what, pattern, text))


def clean_environment(**more):
    env = {k: v for k, v in os.environ.items()
           if not k.startswith(("ORDERSYNC_", "TDS", "XDG_", "SQLITE_TMPDIR"))}
    env.update(more)
    return env


# ---- the server --------------------------------------------------------------

class Server:
    """The bundled TDS server on server.db of a folder."""

    def __init__(self, folder, password=PASSWORD, cert="server", options=()):
        self.folder = folder
        self.password = password
        self.cert = cert
        self.options = list(options)
        self.process = None
        self.port = 0
        self.marked = 0
        self.faults()

    def path(self, name):
        return os.path.join(self.folder, name)

    def start(self):
        port_file = self.path("port")
        if os.path.exists(port_file):
            os.unlink(port_file)
        with open(self.path("server.err"), "ab") as err:
            self.process = subprocess.Popen(
                [os.path.join(BUILD, "tds-server"), "--db",
                 self.path("server.db"), "--port", str(self.port),
                 "--port-file", port_file, "--log", self.path("server.log"),
                 "--fault-file", self.path("faults"), "--user", USER,
                 "--password", self.password, "--database", "Sales",
                 "--cert", "%s/%s.pem" % (CERTS, self.cert),
                 "--key", "%s/%s-key.pem" % (CERTS, self.cert)]
                + self.options, stdout=err, stderr=err)
        processes.append(self.process)
        deadline = time.monotonic() + 20
        while not os.path.exists(port_file):
            expect(self.process.poll() is None and
                   time.monotonic() < deadline, "the server does not start")
            time.sleep(0.01)
        with open(port_file) as f:
            self.port = int(f.read())

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def faults(self, *lines):
        with open(self.path("faults.new"), "w") as f:
            # The counters of a fault start again when the file changes.
            f.write("# %d\n" % time.monotonic_ns())
            f.write("".join(line + "\n" for line in lines))
        os.rename(self.path("faults.new"), self.path("faults"))

    def log(self):
        """What came since mark()."""
        try:
            with open(self.path("server.log")) as f:
                lines = f.read().splitlines()
        except FileNotFoundError:
            lines = []
        self.lines = len(lines)
        return [json.loads(line) for line in lines[self.marked:]]

    def mark(self):
        self.log()
        self.marked = self.lines

    def sent(self):
        """The T-SQL since mark(), without the session's settings."""
        return [e["sql"] for e in self.log() if e["event"] in ("batch", "rpc")
                and not e["sql"].startswith("SET ")]

    def logins(self):
        return len([e for e in self.log() if e["event"] == "login"])

    def query(self, sql):
        db = sqlite3.connect(self.path("server.db"), timeout=20)
        with db:
            db.executescript(sql)
        db.close()


# ---- a program that refreshes ----------------------------------------------

class Answer:
    def __init__(self, fields):
        self.__dict__.update(fields)

    @property
    def value(self):
        return self.rows[0][0] if self.rows else None


class Host:
    """host.py in a process of its own, killed when it does not answer."""

    def __init__(self, box, path=None, env=None, prefix=()):
        self.process = subprocess.Popen(
            list(prefix) + [PYTHON, os.path.join(HERE, "host.py"), SO,
                            path or box.db_path],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=open(os.path.join(box.folder, "host.err"), "ab"),
            cwd=box.folder, env=env or box.env, bufsize=0)
        self.db_path = box.db_path
        self.buffer = b""
        self.pid = self.process.pid
        processes.append(self.process)

    def ask(self, request, seconds=60):
        self.process.stdin.write(json.dumps(request).encode() + b"\n")
        return self.answer(seconds)

    def answer(self, seconds=60):
        deadline = time.monotonic() + seconds
        out = self.process.stdout
        while b"\n" not in self.buffer:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([out], [], [], left)[0]:
                self.process.kill()
                raise AssertionError("hung: no answer in %d s" % seconds)
            chunk = os.read(out.fileno(), 1 << 16)
            if not chunk:
                raise AssertionError("the program died, exit code %s" %
                                     self.process.wait())
            self.buffer += chunk
        line, self.buffer = self.buffer.split(b"\n", 1)
        return Answer(json.loads(line))

    def sql(self, sql, *args, seconds=60, **more):
        return self.ask(dict(op="sql", sql=sql, args=args, **more), seconds)

    def ok(self, sql, *args, seconds=60):
        answer = self.sql(sql, *args, seconds=seconds)
        expect(answer.error is None, "%s: %s" % (sql, answer.error))
        return answer

    def refresh(self, seconds=60, **more):
        return self.sql("SELECT ordersync_refresh()", seconds=seconds, **more)

    def probe(self):
        return self.ask({"op": "probe"})

    def expect_untouched(self, before):
        """What a library has no business to change."""
        deadline = time.monotonic() + 3
        while True:
            now = self.probe()
            # SQLite parks a second connection's descriptor of the database
            # until the first one lets go of its locks.
            for p in (now, before):
                p.descriptors = [d for i, d in enumerate(p.descriptors) if
                                 d != self.db_path or d not in
                                 p.descriptors[:i]]
            wrong = [name for name in ("handlers", "mask", "alarm", "threads",
                                       "descriptors", "directory")
                     if getattr(now, name) != getattr(before, name)]
            if not wrong:
                return
            if time.monotonic() > deadline:
                raise AssertionError("left in the process: " + "; ".join(
                    "%s %s, was %s" % (name, getattr(now, name),
                                       getattr(before, name))
                    for name in wrong)[:2000])
            time.sleep(0.1)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


class Shell:
    """What the sqlite3 shell did."""

    def __init__(self, box, *statements, path=None, seconds=60, env=None,
                 prefix=()):
        started = time.monotonic()
        process = subprocess.Popen(
            list(prefix) + ["sqlite3", "-batch", path or box.db_path,
                            ".load " + SO] + list(statements),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, cwd=box.folder, env=env or box.env)
        try:
            self.out, self.err = (t.decode("utf-8", "replace") for t in
                                  process.communicate(timeout=seconds))
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise AssertionError("hung: the shell did not end in %d s" %
                                 seconds)
        self.code = process.returncode
        self.seconds = time.monotonic() - started


# ---- a folder with everything ------------------------------------------------

template_lock = threading.Lock()


def server_template(rows):
    path = os.path.join(WORK, "template-%d.db" % rows)
    with template_lock:
        if not os.path.exists(path):
            subprocess.run(
                ["sqlite3", path + ".new", ".parameter init",
                 ".parameter set :rows %d" % rows,
                 ".read %s/tests/data/make-orders.sql" % ROOT,
                 'UPDATE "vwZSDOrder_Advanced" SET "transitTime" = 1'],
                check=True)
            os.rename(path + ".new", path)
    return path


class Box:
    """The stamp is a number in every row of the source (transitTime): what
    transit_time says is which refresh a local row comes from."""

    def __init__(self, name, rows=ROWS, journal="wal", server=True,
                 password=PASSWORD, cert="server", options=(), **profile):
        self.rows = rows
        self.folder = os.path.join(WORK, name)
        shutil.rmtree(self.folder, ignore_errors=True)
        os.makedirs(os.path.join(self.folder, "tmp"))
        self.db_path = os.path.join(self.folder, "orders.db")
        self.ini = os.path.join(self.folder, "ordersync.ini")
        shutil.copyfile(server_template(rows),
                        os.path.join(self.folder, "server.db"))
        self.env = clean_environment(
            ORDERSYNC_CONFIG=self.ini, HOME=self.folder,
            SQLITE_TMPDIR=os.path.join(self.folder, "tmp"),
            TMPDIR=os.path.join(self.folder, "tmp"))
        self.server = Server(self.folder, password, cert, options)
        self.server.start()
        self.settings = dict(
            server="localhost", port=self.server.port, database="Sales",
            user=USER, password=password, ca_file=CERTS + "/ca.pem",
            login_timeout=3, query_timeout=20)
        self.profile(**profile)
        if server:
            self.make(journal)

    def make(self, journal):
        self.sql("PRAGMA journal_mode=%s" % journal)
        with self.host() as host:
            host.ok("SELECT ordersync_install()")
            host.ok("UPDATE ordersync_syncs SET retries = 0")
            expect(host.ok("SELECT ordersync_refresh()").value == self.rows,
                   "the first refresh brought other rows")

    def host(self, **more):
        return HostContext(self, **more)

    def profile(self, **changes):
        self.settings.update(changes)
        with open(self.ini + ".new", "w") as f:
            os.chmod(self.ini + ".new", 0o600)
            f.write("[default]\n")
            for key, value in self.settings.items():
                if value is not None:
                    f.write("%s = %s\n" % (key, value))
        os.rename(self.ini + ".new", self.ini)

    def sql(self, sql, *args):
        """From outside, without the extension."""
        db = sqlite3.connect(self.db_path, timeout=20, isolation_level=None)
        try:
            return db.execute(sql, args).fetchall()
        finally:
            db.close()

    def checksum(self, table="open_orders"):
        digest = hashlib.sha256()
        for row in self.sql("SELECT * FROM %s ORDER BY rowid" % table):
            digest.update(repr(row).encode())
        return digest.hexdigest()

    def stamp(self, number):
        self.server.query('UPDATE "vwZSDOrder_Advanced" SET "transitTime" = %d'
                          % number)

    def stamps(self):
        return self.sql("SELECT transit_time, count(*) FROM open_orders "
                        "GROUP BY 1")

    def last_run(self):
        names = ("id", "status", "attempts", "error", "error_category",
                 "error_number", "finished_at", "rows")
        rows = self.sql("SELECT %s FROM ordersync_runs ORDER BY id DESC "
                        "LIMIT 1" % ", ".join(names))
        return Answer(dict(zip(names, rows[0])))

    def expect_lock_free(self):
        with open(self.db_path + "-ordersync-open_orders.lock") as f:
            fcntl.flock(f, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def expect_sound(self, checksum):
        expect(self.checksum() == checksum, "the old rows did not stay")
        found = self.sql("PRAGMA integrity_check")
        expect(found == [("ok",)], "integrity: %r" % found)

    def expect_logged(self, category, text, number=None, attempts=None):
        run = self.last_run()
        expect(run.status == "error", "logged as %s" % run.status)
        expect(run.error_category in category.split("|"), "logged as %s, not "
               "%s: %s" % (run.error_category, category, run.error))
        expect(run.error_number == number, "logged with number %s, not %s" %
               (run.error_number, number))
        expect(attempts in (None, run.attempts), "%s attempts, not %s" %
               (run.attempts, attempts))
        expect(run.finished_at and run.rows is None, "logged as unfinished")
        expect_match(text, run.error, "the run's error")

    def fails(self, category, text, within, number=None, attempts=1,
              heal=None, refresh="SELECT ordersync_refresh()", setup=(),
              logged=True, connects=True, prefix=()):
        """The refresh must fail thus, in a program and in the shell, each
        after the setup's SQL and under the prefix of a command; after heal()
        it must work. Not logged: where nothing can be written. Not connects:
        known before the network."""
        with self.host(prefix=prefix) as host:
            host.ok("SELECT count(*) FROM open_orders")  # opens what it opens
            for sql in setup:
                host.ok(sql)
            before, old = host.probe(), self.checksum()
            runs = self.last_run().id
            mark = len(self.server.log())
            answer = host.sql(refresh, seconds=within + 15)
            expect(answer.error is not None, "it succeeded: %r" % answer.rows)
            expect_match(text, answer.error, "the error")
            expect(answer.seconds < within, "took %.1f s of %.1f: %s" %
                   (answer.seconds, within, answer.error))
            expect(not answer.in_transaction, "a transaction is open")
            host.expect_untouched(before)
            self.expect_sound(old)
            self.expect_lock_free()
            if logged:
                self.expect_logged(category, text, number, attempts)
            shell = Shell(self, *setup, refresh, seconds=within + 15,
                          prefix=prefix)
            expect(shell.code > 0, "the shell's exit code is %d" % shell.code)
            expect_match(text, shell.err, "the shell's error")
            expect(shell.seconds < within + 1, "the shell took %.1f s of %.1f"
                   % (shell.seconds, within + 1))
            self.expect_sound(old)
            expect(self.last_run().id == runs + (2 if logged else 0),
                   "%d runs were logged" % (self.last_run().id - runs))
            expect(connects or len(self.server.log()) == mark,
                   "the server was asked")
            if heal:
                heal(host)
            self.works(host)
            host.expect_untouched(before)
            return answer.error

    def works(self, host):
        answer = host.refresh()
        expect(answer.error is None, "the next refresh: %s" % answer.error)
        expect(answer.value == self.rows, "the next refresh brought %r rows" %
               answer.value)
        expect(self.last_run().status == "success", "not logged as a success")

    def close(self):
        self.server.stop()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class HostContext(Host):
    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


# ---- running -----------------------------------------------------------------

running = set()


def run_one(function):
    started = time.monotonic()
    running.add(function.__name__)
    try:
        function()
        verdict, detail = "ok  ", ""
    except Exception as error:
        verdict = "FAIL"
        frames = traceback.extract_tb(error.__traceback__)
        where = " < ".join("%s:%d" % (os.path.basename(f.filename), f.lineno)
                           for f in reversed(frames))
        detail = "\n       %s: %s\n       at %s" % (
            type(error).__name__, error, where)
    running.discard(function.__name__)
    print("%s %s (%.1f s)%s" % (verdict, function.__name__,
                                time.monotonic() - started, detail),
          flush=True)
    return verdict == "ok  "


def give_up():
    print("FAIL hung: " + ", ".join(sorted(running)))
    print("%s: 0 passed, %d failed" % (THEME, len(running)), flush=True)
    for process in processes:
        if process.poll() is None:
            process.kill()
    os._exit(1)


def main(threads=4):
    watchdog = threading.Timer(1200 if LONG else 240, give_up)
    watchdog.daemon = True
    watchdog.start()
    names = sys.argv[3:]
    chosen = [t for t in tests if not names or t.__name__ in names]
    os.makedirs(WORK, exist_ok=True)
    for name in os.listdir(WORK):
        if name.startswith("template"):
            os.unlink(os.path.join(WORK, name))
    with ThreadPoolExecutor(threads) as pool:
        good = list(pool.map(run_one, chosen))
    passed = sum(good)
    print("%s: %d passed, %d failed" % (THEME, passed, len(good) - passed))
    sys.exit(0 if good and passed == len(good) else 1)
