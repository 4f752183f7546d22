#!/usr/bin/python3
"""Tries what README.md shows, in every host program.

    tests/hosts/run.py [-u] [BUILD_DIR [HOST ...]]     -u: writes what they print

The page is the test. In the section of a host, whose heading names it:

    <!-- needs: debian a, b; npm c -->   without these it is not tried; also
                                         php VERSION
    <!-- file NAME -->                   the block is written into that file
    <!-- run -->                         the block is run by bash
    <!-- run: refreshes -->              ... and again while somebody else has
                                         the write lock, by the same output
    <!-- run: stops, STATUS -->          ... by a server that falls silent: it
                                         must end soon, the rows must stay, and
                                         the run log must say STATUS
    <!-- run: Ctrl-C, STATUS -->         ... likewise, by a Ctrl-C
    <!-- prints -->                      the block is what the last one printed
    <!-- deaf: INT TERM, COMMAND -->     a refresh ends well in spite of these
    <!-- meanwhile: goes on|stands, COMMAND -->  it counts ticks while a refresh
                                         waits 2 s

Each host gets a folder with ordersync.so, a profile, and a server of its own.
What is missing is a skip; in CI, a failure.
"""
import contextlib
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "fault"))
UPDATE = "-u" in sys.argv
sys.argv = [word for word in sys.argv if word != "-u"]
sys.argv[2:] = ["short"] + sys.argv[2:]
import harness  # noqa: E402: reads sys.argv
from box import Box  # noqa: E402
from harness import Skip, expect  # noqa: E402

ROWS = 2435
SOURCE = "vwZSDOrder_Advanced"
FAULT = "when=batch match=%s do=" % SOURCE
# The snippets stop a refresh a second after they began it.
STOPS_AFTER, SLACK = 1.0, 6.0
CACHE = os.path.join(harness.BUILD, "hosts")
NODE_MODULES = os.path.join(CACHE, "npm", "node_modules")
outputs = {}  # host -> what its blocks printed
page = open(os.path.join(HERE, "README.md"), encoding="utf-8").read()


def sections():
    """name -> [(directive, block)] of each section that needs something."""
    for text in re.split(r"^## ", page, flags=re.M)[1:]:
        name = text.split("\n")[0]
        found = re.findall(r"^<!-- (.*?) -->\n(?:\n?```\w*\n(.*?)^```$)?",
                           text, re.M | re.S)
        if found:
            yield name, found


# ---- what a host needs -------------------------------------------------------

def installed(package):
    query = subprocess.run(
        ["dpkg-query", "-W", "-f", "${db:Status-Status}", package],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return query.stdout == b"installed"


class TooOld(Skip):
    """A skip in CI as well: this release of Debian has none."""


npm_lock = threading.Lock()
npm_failure = []  # what it said: it is asked once


def npm_install():
    """Once, what package-lock.json pins."""
    if npm_failure:
        raise Skip("npm ci: " + npm_failure[0])
    folder = os.path.dirname(NODE_MODULES)
    done = os.path.join(folder, "done")
    lock = os.path.join(HERE, "package-lock.json")
    with open(lock, "rb") as f:
        wanted = f.read()
    if os.path.exists(done):
        with open(done, "rb") as f:
            if f.read() == wanted:
                return
    node = subprocess.run(["node", "--version"], stdout=subprocess.PIPE)
    if int(node.stdout[1:].split(b".")[0]) < 20:
        raise TooOld("needs Node 20, here is " + node.stdout.decode().strip())
    os.makedirs(folder, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(os.path.join(HERE, name), folder)
    run = subprocess.run(["npm", "ci", "--no-audit", "--no-fund",
                          "--loglevel=error"], cwd=folder,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if run.returncode:
        npm_failure.append(run.stdout.decode("utf-8", "replace")[-500:])
        raise Skip("npm ci: " + npm_failure[0])
    shutil.copy(lock, done)


def fetch():
    """Ahead of those that need it, who tell what is wrong."""
    with npm_lock, contextlib.suppress(Exception):
        npm_install()


def check_php(wanted):
    run = subprocess.run(["php", "-r", "echo PHP_VERSION;"],
                         stdout=subprocess.PIPE)
    here = run.stdout.decode()
    if [int(n) for n in here.split(".")[:2]] < \
            [int(n) for n in wanted.split(".")]:
        raise TooOld("needs PHP %s, here is %s" % (wanted, here))


def need(wanted):
    for part in wanted.split("; "):
        kind, names = part.split(" ", 1)
        for name in names.split(", "):
            if kind == "php":
                check_php(name)
            elif kind == "debian":
                tool = {"nodejs": "node"}.get(name, name)
                if not installed(name) and not shutil.which(tool):
                    raise Skip("needs the Debian package " + name)
                expect(re.search(r"^hosts=.*[\" ]%s[\" ]" % re.escape(name), setup,
                                 re.M), "setup.sh does not install " + name)
            else:
                with npm_lock:
                    npm_install()
                expect(os.path.isdir(os.path.join(NODE_MODULES, name)),
                       "package.json does not name " + name)


# ---- running a snippet -------------------------------------------------------

class Snippets:
    """A host's folder, its server, and what its last block printed."""

    def __init__(self, name):
        self.name = name
        outputs[name] = []
        folder = re.sub(r"\W+", "-", name.lower()).strip("-")
        self.box = Box(folder, rows=ROWS)
        self.folder = self.box.folder
        for end in ("", "-wal", "-shm"):
            if os.path.exists(self.box.db_path + end):
                os.unlink(self.box.db_path + end)
        # Not a link: PHP loads nothing that is elsewhere.
        shutil.copy(harness.SO, self.folder)
        if os.path.isdir(NODE_MODULES):
            os.symlink(NODE_MODULES, os.path.join(self.folder, "node_modules"))
        self.env = dict(
            self.box.env, PATH="/usr/local/bin:/usr/bin:/bin", LC_ALL="C.UTF-8",
            NPM_CONFIG_UPDATE_NOTIFIER="false", DENO_NO_UPDATE_CHECK="1",
            GOCACHE=os.path.join(CACHE, "go"),
            CARGO_HOME=os.path.join(CACHE, "cargo"),
            CARGO_TARGET_DIR=os.path.join(CACHE, "cargo-target"))
        self.printed = ""

    def start(self, block):
        self.before = self.runs()
        self.out = open(os.path.join(self.folder, "printed"), "w+b")
        self.process = subprocess.Popen(
            ["bash", "-euc", block], cwd=self.folder, env=self.env,
            stdin=subprocess.DEVNULL, stdout=self.out, stderr=self.out,
            start_new_session=True)

    def runs(self, status="%"):
        try:
            return self.box.sql("SELECT count(*) FROM ordersync_runs WHERE "
                                "status LIKE ?", status)[0][0]
        except sqlite3.OperationalError:  # not yet installed
            return 0

    def wait_for_run(self):
        """Until the run log says that a refresh is under way."""
        deadline = time.monotonic() + 120
        while self.runs() == self.before or not self.runs("running"):
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.end(0)
                raise AssertionError("began no refresh: " + self.printed)
            time.sleep(0.02)

    def end(self, seconds):
        """The exit code; whoever is late is killed."""
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            code = "none, it hung for more than %.1f s" % seconds
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        self.out.seek(0)
        self.printed = self.out.read().decode(
            "utf-8", "replace").replace("\r\n", "\n")
        self.out.close()
        return code

    def finishes(self, block, seconds=180):
        self.start(block)
        code = self.end(seconds)
        expect(code == 0, "exit code %s: %s" % (code, self.printed))

    def status(self):
        return self.box.last_run().status

    def refreshes(self, block):
        """Twice; the second time, another connection has the write lock
        when the rows are there."""
        self.finishes(block)
        expect(self.status() == "success", "logged as " + self.status())
        printed = self.printed
        self.box.stamp(7)
        self.box.server.faults(FAULT + "hold")
        self.start(block)
        self.wait_for_run()
        other = sqlite3.connect(self.box.db_path, isolation_level=None,
                                timeout=20)
        other.execute("BEGIN IMMEDIATE")
        self.box.server.faults()
        timer = time.monotonic() + 1.5
        while time.monotonic() < timer:
            expect(self.process.poll() is None, "did not wait for the lock")
            time.sleep(0.05)
        other.execute("COMMIT")
        other.close()
        code = self.end(60)
        expect(code == 0, "behind a lock: exit code %s: %s" %
               (code, self.printed))
        expect(self.printed == printed, "behind a lock it printed\n%s\n       "
               "and not\n%s" % (self.printed, printed))
        expect(self.box.stamps() == [(7, ROWS)], "the new rows did not come")

    def stops(self, block, status, ctrl_c=False):
        """The server falls silent; the snippet, or Ctrl-C, ends it."""
        before = self.box.checksum()
        self.box.stamp(8)
        self.box.server.faults(FAULT + "hang")
        self.start(block)
        self.wait_for_run()
        if ctrl_c:
            time.sleep(STOPS_AFTER)
            os.killpg(self.process.pid, signal.SIGINT)
        code = self.end(STOPS_AFTER + SLACK)
        self.box.server.faults()
        expect(code == 0, "exit code %s: %s" % (code, self.printed))
        expect(self.status() == status, "logged as %s: %s" % (
            self.status(), self.printed))
        self.box.expect_lock_free()
        self.box.expect_sound(before)
        with self.box.host() as host:
            self.box.works(host)
        expect((status == "running") == (self.runs("lost") > 0),
               "%d runs are called lost" % self.runs("lost"))

    def meanwhile(self, goes_on, command):
        """Ticks of 50 ms that were counted while a refresh waited for 2 s."""
        self.box.server.faults(FAULT + "delay:2000")
        self.finishes(command.replace("ticks/", HERE + "/ticks/", 1))
        self.box.server.faults()
        ticks = int(self.printed)
        expect(ticks >= 15 if goes_on else ticks <= 2,
               "%d ticks in 2 s" % ticks)

    def deaf(self, signals, command):
        """The refresh goes on to its end, whatever the signals."""
        runs = self.runs("success")
        self.box.server.faults(FAULT + "hold")
        self.start(command)
        self.wait_for_run()
        for name in signals:
            time.sleep(0.3)
            os.killpg(self.process.pid, getattr(signal, "SIG" + name))
        time.sleep(0.3)
        self.box.server.faults()
        self.end(30)
        expect(self.runs("success") == runs + 1, "heard it: " + self.printed)

    def run(self, how, block):
        how, _, status = how.partition(", ")
        {"": lambda: self.finishes(block),
         "refreshes": lambda: self.refreshes(block),
         "stops": lambda: self.stops(block, status),
         "Ctrl-C": lambda: self.stops(block, status, ctrl_c=True)}[how]()

    def prints(self, block):
        if UPDATE:
            outputs[self.name].append(self.printed.rstrip() + "\n")
            return
        wanted, got = block.strip(), self.printed.strip()
        expect(got == wanted, "it printed\n%s\n       and not\n%s" %
               (got, wanted))

    def write(self, name, block):
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as f:
            f.write(block)

    def close(self):
        self.box.close()


def try_host(name, blocks):
    """A line a run: what was tried, or what went wrong."""
    snippets, what, start = None, "start", time.monotonic()
    try:
        need(blocks[0][0].partition("needs: ")[2])
        snippets = Snippets(name)
        for i, (directive, block) in enumerate(blocks[1:], 1):
            verb, _, rest = directive.partition(" ")
            if verb == "file":
                snippets.write(rest, block)
            elif verb == "prints":
                snippets.prints(block)
                report("ok  ", name, what)
            elif verb == "meanwhile:":
                what = "meanwhile, its own work " + rest.split(", ")[0]
                snippets.meanwhile(rest.startswith("goes on"),
                                   rest.partition(", ")[2])
                report("ok  ", name, what)
            elif verb == "deaf:":
                signals, _, command = rest.partition(", ")
                what = "deaf for " + (signals or "its own exit")
                snippets.deaf(signals.split(), command)
                report("ok  ", name, what)
            else:
                what = rest or "runs"
                expect(blocks[i + 1][0] == "prints", "and prints what?")
                snippets.run(rest, block)
    except Skip as reason:
        must = os.environ.get("CI") == "true" and not isinstance(reason, TooOld)
        report("FAIL" if must else "skip", name, str(reason))
    except Exception as error:
        report("FAIL", name, "%s: %s: %s" % (what, type(error).__name__, error))
    finally:
        if snippets:
            snippets.close()
        with printing:
            print("     %s took %.0f s" % (name, time.monotonic() - start))


counts = {"ok  ": 0, "FAIL": 0, "skip": 0}
printing = threading.Lock()


def report(verdict, name, what):
    with printing:
        counts[verdict] += 1
        print("%s %s: %s" % (verdict, name, what), flush=True)


with open(os.path.join(HERE, "..", "setup.sh")) as f:
    setup = f.read()


def update():
    """Into the page: what the hosts printed that went through."""
    def fill(section):
        printed = outputs.get(section.group(1), [])
        marks = list(re.finditer(r"^<!-- prints -->\n```\n(.*?)```$",
                                 section.group(), re.M | re.S))
        text = section.group()
        for mark, out in list(zip(marks, printed))[::-1]:
            text = text[:mark.start(1)] + out + text[mark.end(1):]
        return text
    with open(os.path.join(HERE, "README.md"), "w", encoding="utf-8") as f:
        f.write(re.sub(r"^## ([^\n]*)\n.*?(?=^## |\Z)", fill, page,
                       flags=re.M | re.S))


def rank(section):
    """What is compiled begins, so that it does not end alone; what npm brings
    comes last, since all of it waits for the same download."""
    needs = section[1][0][0]
    return 2 if "npm " in needs else 0 if re.search("cargo|golang", needs) else 1


def main():
    names = sys.argv[3:]
    chosen = [(name, blocks) for name, blocks in sections() if not names or
              any(n.lower() in name.lower() for n in names)]
    os.makedirs(harness.WORK, exist_ok=True)
    if not os.path.exists(harness.CERTS + "/ca.pem"):
        subprocess.run(["sh", harness.ROOT + "/tests/server/make-cert.sh",
                        harness.CERTS], check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
    with ThreadPoolExecutor(3) as pool:  # they wait more than they work
        if any(rank(section) == 2 for section in chosen):
            pool.submit(fetch)
        for name, blocks in sorted(chosen, key=rank):
            pool.submit(try_host, name, blocks)
    if UPDATE:
        update()
    print("hosts: %d passed, %d failed, %d skipped" % (
        counts["ok  "], counts["FAIL"], counts["skip"]))
    sys.exit(0 if counts["ok  "] and not counts["FAIL"] else 1)


if __name__ == "__main__":
    main()
