"""What the fault tests share: a server, a program that refreshes, the count.

    THEME.py BUILD_DIR short|long [NAME ...]

A test is a function with @test; it gets nothing and raises on failure. Each
makes its own Box (box.py): a folder with a server, a profile and a database.
"""
import contextlib
import itertools
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
# What waits for nothing; a wait would be for 20 s, or without end.
AT_ONCE = 2 * SLACK

tests = []
processes = []


def test(function):
    tests.append(function)
    return function


def long_test(function):
    """Of the long run alone."""
    return test(function) if LONG else function


class Skip(Exception):
    """What a test needs is not here; counted, never as passed."""


def expect(condition, message):
    if not condition:
        raise AssertionError(message)


def wait_for(condition, what, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition():
        expect(time.monotonic() < deadline, "never came: " + what)
        time.sleep(0.02)


def expect_match(pattern, text, what):
    expect(re.search(pattern, text or "", re.S),
           "%s: wanted /%s/, got %r" % (what, pattern, text))


def with_mounts(script, *args):
    """A command prefix that runs script, with args as $1 and on, where what it
    mounts is seen by the command alone."""
    unshare = ["unshare", "-m" if os.geteuid() == 0 else "-rm"]
    tried = subprocess.run(unshare + ["true"], stderr=subprocess.PIPE)
    if tried.returncode != 0:
        raise Skip("no mounts of one's own here: " +
                   tried.stderr.decode().strip())
    return unshare + [
        "sh", "-c", 'set -e; n=%d; %s; shift $n; exec "$@"' %
        (len(args), script), "sh"] + list(args)


def instead_of(path, folder, text):
    """A command prefix under which the file has this text."""
    ours = os.path.join(folder, os.path.basename(path))
    with open(ours, "w") as f:
        f.write(text)
    return with_mounts('mount --bind "$1" "$2"', ours, path)


def clean_environment(**more):
    env = {k: v for k, v in os.environ.items()
           if not k.startswith(("ORDERSYNC_", "TDS", "XDG_", "SQLITE_TMPDIR"))}
    env.update(more)
    return env


# ---- the server -------------------------------------------------------------

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
                # A line that is just being written is for the next time.
                lines = f.read().split("\n")[:-1]
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

    def wait_for_fetch(self):
        """Until somebody asks for rows since mark(): what a refresh reads
        before the network, it has read."""
        wait_for(lambda: any("TOP (0)" in sql for sql in self.sent()),
                 "the fetch")

    def logins(self):
        return len([e for e in self.log() if e["event"] == "login"])

    @contextlib.contextmanager
    def tables(self):
        """The database that the server's tables are in; one transaction."""
        db = sqlite3.connect(self.path("server.db"), timeout=20)
        with db:
            yield db
        db.close()

    def query(self, sql):
        """Runs statements."""
        with self.tables() as db:
            db.executescript(sql)

    def run(self, sql, *args):
        """Runs one statement; its rows."""
        with self.tables() as db:
            return db.execute(sql, args).fetchall()


# ---- a program that refreshes -----------------------------------------------

class Answer:
    def __init__(self, fields):
        self.__dict__.update(fields)

    @property
    def value(self):
        return self.rows[0][0] if self.rows else None


class Host:
    """host.py in a process of its own, killed when it does not answer."""

    def __init__(self, box, path=None, env=None, prefix=(), stderr=None):
        self.process = subprocess.Popen(
            list(prefix) + [PYTHON, os.path.join(HERE, "host.py"), SO,
                            box.db_path if path is None else path],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=open(os.path.join(box.folder, "host.err"), "ab")
            if stderr is None else stderr,
            cwd=box.folder, env=env or box.env, bufsize=0)
        self.db_path = box.db_path
        self.buffer = b""
        self.pid = self.process.pid
        processes.append(self.process)

    def send(self, request):
        self.process.stdin.write(json.dumps(request).encode() + b"\n")

    def start(self, sql, **more):
        """answer() then waits for it."""
        self.send(dict(op="sql", sql=sql, args=[], **more))

    def ask(self, request, seconds=60):
        self.send(request)
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
        # Looks are counted, not seconds, which a machine may sleep through.
        for _ in range(30):
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
            time.sleep(0.1)
        raise AssertionError("left in the process: " + "; ".join(
            "%s %s, was %s" % (name, getattr(now, name),
                               getattr(before, name))
            for name in wrong)[:2000])

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Shell:
    """What the sqlite3 shell did, with the library's own defaults: newer shells
    start with others."""

    DEFAULTS = ["PRAGMA trusted_schema = ON", ".output /dev/null",
                ".dbconfig defensive off", ".output stdout"]

    def __init__(self, box, *statements, path=None, seconds=60, env=None,
                 prefix=()):
        started = time.monotonic()
        process = subprocess.Popen(
            list(prefix) + ["sqlite3", "-batch", path or box.db_path,
                            ".load " + SO] + self.DEFAULTS + list(statements),
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


def instructions(box, sql):
    """How many a process takes for it: the same on any machine."""
    if not shutil.which("valgrind"):
        raise Skip("there is no valgrind")
    out = subprocess.run(
        ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null",
         "sqlite3", "-batch", box.db_path, ".load " + SO, sql], env=box.env,
        cwd=box.folder, check=True, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, timeout=200).stdout.decode()
    return int(re.search(r"Collected : (\d+)", out).group(1))


# ---- running ----------------------------------------------------------------

running = set()


def run_one(function, failed="FAIL"):
    """failed: what a failure is called, for a first try of two."""
    started = time.monotonic()
    running.add(function.__name__)
    try:
        function()
        verdict, detail = "ok  ", ""
    except Skip as reason:
        verdict, detail = "skip", ": %s" % reason
    except Exception as error:
        verdict = failed
        frames = traceback.extract_tb(error.__traceback__)
        where = " < ".join("%s:%d" % (os.path.basename(f.filename), f.lineno)
                           for f in reversed(frames))
        detail = "\n       %s: %s\n       at %s" % (
            type(error).__name__, error, where)
    running.discard(function.__name__)
    print("%s %s (%.1f s)%s" % (verdict, function.__name__,
                                time.monotonic() - started, detail),
          flush=True)
    return verdict


def give_up():
    print("FAIL hung: " + ", ".join(sorted(running)))
    print("%s: 0 passed, %d failed" % (THEME, len(running)), flush=True)
    for process in processes:
        if process.poll() is None:
            process.kill()
    os._exit(1)


def main(threads=4, again=False):
    """again: what failed is tried once more, alone, for tests whose clocks a
    busy machine upsets."""
    # Before run.sh kills it, which cannot tell what hung.
    watchdog = threading.Timer(2700 if LONG else 540, give_up)
    watchdog.daemon = True
    watchdog.start()
    names = sys.argv[3:]
    chosen = [t for t in tests if not names or t.__name__ in names]
    os.makedirs(WORK, exist_ok=True)
    for name in os.listdir(WORK):
        if name.startswith("template"):
            os.unlink(os.path.join(WORK, name))
    with ThreadPoolExecutor(threads) as pool:
        good = list(pool.map(run_one, chosen, itertools.repeat(
            "late" if again else "FAIL")))
    for i, function in enumerate(chosen):
        if good[i] == "late":
            print("again, alone:", flush=True)
            good[i] = run_one(function)
    passed, failed, skipped = map(good.count, ("ok  ", "FAIL", "skip"))
    for process in processes:
        if process.poll() is None:
            process.kill()
    print("%s: %d passed, %d failed%s" % (
        THEME, passed, failed, skipped and ", %d skipped" % skipped or ""))
    sys.exit(0 if passed and not failed else 1)
