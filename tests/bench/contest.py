#!/usr/bin/python3
"""make bench: ordersync, the floors and the peers, in one run.
   tests/bench/contest.py BUILD_DIR [CONTESTANT...]

All of them copy the same 68 columns of 5,000 orders from one server process,
without TLS, into a table with five indexes that holds yesterday's rows, in one
transaction. They take turns, so that a machine that slows down slows all; the
medians count. Afterwards every cell is compared with what the server holds.

RUNS=n (7) sets the rounds, ROWS=n (5000) the rows. Instructions are counted for
ordersync and the floors; INSTRUCTIONS=all counts the peers that are no JIT, too
(minutes), INSTRUCTIONS=0 none. valgrind shows programs a processor without SHA
instructions, so mode diff looks dearer than it is. The figures go to BUILD_DIR/bench/bench.json and
bench.md. Fails when a cell that ordersync delivered is not right.
"""
import datetime
import glob
import json
import os
import re
import shutil
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile

import cells
from fixture import (LOGIN, Server, compile_tools, here, make_indexes,
                     make_target, one, process_ms, refresh_call, root, run,
                     shell)

build = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else "build")
wanted = sys.argv[2:]
n_runs = int(os.environ.get("RUNS", 7))
n_rows = int(os.environ.get("ROWS", 5000))
instructions = os.environ.get("INSTRUCTIONS", "ours")
PG_TYPES = {"decimal": "numeric", "datetime": "timestamp(3)", "nchar": "text",
            "nvarchar": "text", "varchar": "text", "tinyint": "smallint",
            "bit": "boolean"}
peers = here + "/peers/"
YESTERDAY = "UPDATE orders SET csr_name='of yesterday', order_qty=order_qty+1"


class Contestant:
    """One who takes part. `before` gets its database ready, unmeasured;
    `native` ones can be counted by valgrind; `own_cpu` tells which word of its
    output is its CPU, and `toggle` which function of it counts."""

    def __init__(self, name, command, kind="peer", before=None, missing=None,
                 native=True, read=None, own_cpu=None, toggle=None, env=None):
        self.name, self.command, self.kind = name, command, kind
        self.before, self.missing, self.native = before, missing, native
        self.read, self.own_cpu, self.toggle = read, own_cpu, toggle
        self.env = env or {}
        self.costs, self.server_ms = [], []
        self.instructions = None
        self.wrong, self.reasons = None, {}


def python_has(module):
    return subprocess.run(["/usr/bin/python3", "-c", "import " + module],
                          stderr=subprocess.DEVNULL).returncode == 0


def lacks(**conditions):
    """The first package whose condition does not hold."""
    for package, there in conditions.items():
        if not there:
            return "not installed: " + package.replace("_", "-")
    return None


def quiet(*command):
    return subprocess.run(command, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL).returncode == 0


def npm_modules():
    """tedious and libsql, from the lock file; None, or why not."""
    folder = build + "/bench-tedious"
    if not shutil.which("npm"):
        return None, "not installed: npm"
    os.makedirs(folder, exist_ok=True)
    for path in glob.glob(peers + "tedious_libsql/*"):
        shutil.copy(path, folder)
    if not os.path.isdir(folder + "/node_modules/libsql"):
        quiet("npm", "--prefix", folder, "ci", "--no-audit", "--no-fund")
    there = os.path.isdir(folder + "/node_modules/libsql")
    return folder + "/main.js", None if there else "npm could not install it"


def java_class():
    classes = build + "/bench-jtds"
    jars = ["/usr/share/java/jtds.jar", "/usr/share/java/sqlite-jdbc.jar"]
    missing = lacks(default_jdk_headless=shutil.which("javac"),
                    libjtds_java=os.path.exists(jars[0]),
                    libxerial_sqlite_jdbc_java=os.path.exists(jars[1]))
    if not missing:
        os.makedirs(classes, exist_ok=True)
        subprocess.run(["javac", "-encoding", "UTF-8", "-d", classes,
                        peers + "JtdsSqlite.java"], check=True)
    return ":".join([classes, *jars]), missing


class Contest:
    def __init__(self, folder):
        self.folder = folder
        compile_tools(folder, "bench_run", "bench_bare_insert",
                      "bench_bare_tds", "bench_live")
        self.server = Server(build, folder, n_rows)
        self.types = self.server.types
        self.query = "SELECT %s FROM dbo.vwZSDOrder_Advanced" % ", ".join(
            "[%s]" % name for name in self.types)
        os.environ.update({"BENCH_" + k: v for k, v in LOGIN.items()},
                          BENCH_PORT=self.server.port, BENCH_QUERY=self.query)
        self.template = folder + "/template.db"
        make_target(self.template)
        subprocess.run(shell(self.template, refresh_call("replace")),
                       check=True, stdout=subprocess.DEVNULL)
        one(self.template, "PRAGMA wal_checkpoint(truncate)")
        self.pg = None
        self.all = [c for c in self.ours() + self.floors() + self.others()
                    if not wanted or c.name in wanted or c.kind == "ordersync"]

    def target(self, name):
        return "%s/%s.db" % (self.folder, re.sub(r"\W+", "-", name))

    def fresh(self, name, change=YESTERDAY):
        """A copy of yesterday's database, checkpointed and closed: whoever
        writes nothing is found out by its cells."""
        path = self.target(name)
        for old in glob.glob(path + "*"):
            os.remove(old)
        shutil.copy(self.template, path)
        if change:
            one(path, change)
            one(path, "PRAGMA wal_checkpoint(truncate)")

    def ours(self):
        made = []
        for name, mode, change in (
                ("replace", "replace", YESTERDAY),
                ("diff, nothing changed", "diff", None),
                ("diff, 1 % changed", "diff",
                 YESTERDAY + " WHERE rowid%100=0")):
            made.append(Contestant(
                "ordersync, " + name,
                shell(self.target("ordersync, " + name), refresh_call(mode)),
                "ordersync", before=lambda n=name, c=change: self.fresh(
                    "ordersync, " + n, c)))
        name = "ordersync, live view"
        live = "CREATE VIRTUAL TABLE temp.v USING ordersync(sync=orders)"
        self.fresh(name)
        path = self.target(name)

        def read():
            subprocess.run(shell(path, live + ";", "DROP TABLE orders;",
                                 "CREATE TABLE orders AS SELECT * FROM temp.v;"),
                           check=True)
            return cells.stored(path, "orders", self.types)

        made.append(Contestant(
            name, [self.folder + "/bench_live", root + "/ordersync", path,
                   "SELECT * FROM temp.v", live], "ordersync", read=read))
        return made

    def floors(self):
        """What the two libraries alone need, in bare loops of C."""
        name = "bare INSERT loop"
        bare = [self.folder + "/bench_bare_tds", LOGIN["HOST"],
                self.server.port, LOGIN["USER"], LOGIN["PASSWORD"],
                LOGIN["DATABASE"], self.query, "8000"]
        return [
            Contestant("bare DB-Library loop", bare, "floor",
                       read=lambda: None),
            Contestant(name, [self.folder + "/bench_bare_insert",
                              self.target(name), "orders", "1"], "floor",
                       before=lambda: self.fresh(name), own_cpu=1,
                       toggle="replace_rows", read=lambda: None)]

    def others(self):
        made = []

        def add(name, command, missing, native=True, **env):
            path = self.target(name)
            made.append(Contestant(
                name, command, missing=missing, native=native,
                before=lambda: self.fresh(name),
                env=dict(env, BENCH_TARGET=path)))

        python = "/usr/bin/python3"
        add("pymssql + sqlite3", [python, peers + "pymssql_sqlite3.py"],
            lacks(python3_pymssql=python_has("pymssql")))
        add("python-tds + sqlite3", [python, peers + "pytds_sqlite3.py"],
            lacks(python3_tds=python_has("pytds")))
        add("freebcp + .import", ["sh", peers + "freebcp_import.sh"],
            lacks(freetds_bin=shutil.which("freebcp")))
        add("DBD::Sybase + DBD::SQLite", ["perl", peers + "dbd_sybase.pl"],
            lacks(libdbd_sybase_perl=quiet("perl", "-MDBD::Sybase", "-e1"),
                  libdbd_sqlite3_perl=quiet("perl", "-MDBD::SQLite", "-e1")))
        php = "exit(array_diff(['dblib','sqlite'],PDO::getAvailableDrivers())?1:0);"
        add("pdo_dblib + pdo_sqlite", ["php", peers + "pdo_dblib.php"],
            lacks(php_cli=shutil.which("php"),
                  php_sybase_php_sqlite3=shutil.which("php") and
                  quiet("php", "-r", php)))
        path, missing = java_class()
        add("jTDS + sqlite-jdbc", ["java", "-cp", path, "JtdsSqlite"], missing,
            native=False)
        path, missing = npm_modules()
        add("tedious + libsql", ["node", path], missing, native=False)
        made.append(self.postgres())
        return made

    def postgres(self):
        name = "tds_fdw, PostgreSQL"
        script = peers + "tds_fdw.sh"
        there = glob.glob("/usr/share/postgresql/*/extension/tds_fdw.control")
        fdw = Contestant(name, [script, "run", self.folder], native=False,
                         missing=lacks(postgresql_tds_fdw=there))
        if fdw.missing or (wanted and name not in wanted):
            return fdw
        columns = []
        targets = [row[1] for row in self.columns()]
        for column, kind in zip(targets, self.types.values()):
            word = re.match(r"\w+", kind)[0]
            columns.append("%s %s" % (column, PG_TYPES.get(word, word)))
        with open(self.folder + "/columns.pg", "w") as file:
            file.write("\n".join(columns))
        with open(self.folder + "/indexes.sql", "w") as file:
            file.write("\n".join(make_indexes()))
        os.chmod(self.folder, 0o755)
        try:
            subprocess.run([script, "setup", self.folder], check=True,
                           stderr=subprocess.PIPE)
        except subprocess.CalledProcessError as error:
            fdw.missing = "failed: " + error.stderr.decode()[-200:].strip()
            return fdw
        self.pg = subprocess.run([script, "pid", self.folder], check=True,
                                 stdout=subprocess.PIPE).stdout.decode().strip()
        fdw.read = lambda: cells.copied(subprocess.run(
            [script, "dump", self.folder], check=True,
            stdout=subprocess.PIPE).stdout.decode())
        return fdw

    def columns(self):
        db = sqlite3.connect(self.template)
        rows = db.execute("PRAGMA table_info(orders)").fetchall()
        db.close()
        return rows

    def pg_cpu_ms(self):
        """The cluster: the postmaster, who counts those that ended, and those
        that still run."""
        total = process_ms(self.pg)
        with open("/proc/%s/task/%s/children" % (self.pg, self.pg)) as file:
            return total + sum(map(process_ms, file.read().split()))

    def measure(self, c):
        if c.before:
            c.before()
        is_pg = self.pg and c.command[0].endswith("tds_fdw.sh")
        served, others = self.server.cpu_ms(), self.pg_cpu_ms() if is_pg else 0
        cost = run(self.folder, c.command, dict(os.environ, **c.env))
        if cost["status"]:
            raise RuntimeError(cost["err"][-300:])
        if c.own_cpu:
            words = cost["out"].split()
            cost.update(cpu=float(words[c.own_cpu]), wall=float(words[0]))
        if c.kind == "floor":
            cost["mib"] = None
        if is_pg:
            cost["cpu"] += self.pg_cpu_ms() - others
            found = re.search(r"VmHWM:\s+(\d+) kB", cost["out"])
            cost["mib"] = int(found[1]) / 1024 if found else None
        return cost, self.server.cpu_ms() - served

    def race(self):
        """Each of them once a round; the first round only warms up."""
        for turn in range(n_runs + 1):
            k = turn % len(self.all)
            for c in self.all[k:] + self.all[:k]:
                if c.missing:
                    continue
                try:
                    cost, served = self.measure(c)
                except (RuntimeError, subprocess.SubprocessError) as error:
                    c.missing = "failed: " + " ".join(str(error).split())
                    continue
                if turn:
                    c.costs.append(cost)
                    c.server_ms.append(served)
            print("round %d of %d" % (turn, n_runs), file=sys.stderr)

    def judge(self):
        """After the race: every cell of everybody's rows."""
        want = cells.truth(self.server.path, self.types)
        damaged = [list(row) for row in want.values()]
        damaged[0][2] = damaged[0][2] + "x"
        if cells.compare(want, self.types, damaged)[0] != 1:
            raise SystemExit("bench: the comparison does not see a cell")
        for c in self.all:
            if c.missing:
                continue
            table = c.read() if c.read else cells.stored(
                self.target(c.name), "orders", self.types)
            if table is not None:
                c.wrong, c.reasons = cells.compare(want, self.types, table)

    def count(self):
        """Instructions, which no neighbour on the machine disturbs."""
        for c in self.all:
            if c.missing or not c.native or (
                    c.kind == "peer" and instructions != "all"):
                continue
            if c.before:
                c.before()
            tool = (["--tool=callgrind", "--callgrind-out-file=/dev/null",
                     "--toggle-collect=" + c.toggle] if c.toggle else
                    ["--tool=cachegrind", "--cache-sim=no", "--branch-sim=no",
                     "--cachegrind-out-file=/dev/null"])
            done = subprocess.run(
                ["valgrind", "--trace-children=yes", *tool, *c.command],
                env=dict(os.environ, **c.env), stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            found = re.findall(r"refs:\s+([\d,]+)", done.stderr.decode(
                errors="replace"))
            if done.returncode == 0 and found:
                c.instructions = sum(int(x.replace(",", "")) for x in found)

    def close(self):
        if self.pg:
            subprocess.run([peers + "tds_fdw.sh", "stop", self.folder])
        self.server.stop()


def median(c, what):
    values = [cost[what] for cost in c.costs if cost[what] is not None]
    return statistics.median(values) if values else None


# The most CPU that it may take, as a share of what the two floors take together.
BARS = {"ordersync, replace": 0.85, "ordersync, diff, 1 % changed": 0.5}


def over_floors(c, floors):
    """Its CPU as a share of theirs together, each by those of the same round."""
    return statistics.median(
        costs[0]["cpu"] / sum(cost["cpu"] for cost in costs[1:])
        for costs in zip(c.costs, *(floor.costs for floor in floors)))


def summary(contest, load):
    """What is kept: medians, spread, the ratio to ours of the same round."""
    reference = contest.all[0].costs
    floors = [c for c in contest.all if c.kind == "floor" and c.costs]
    rows = []
    for c in contest.all:
        row = {"name": c.name, "kind": c.kind, "missing": c.missing}
        if not c.missing:
            values = [x["cpu"] for x in c.costs]
            row.update(
                cpu_ms=median(c, "cpu"), cpu_low=min(values),
                cpu_high=max(values), wall_ms=median(c, "wall"),
                peak_mib=median(c, "mib"), instructions=c.instructions,
                server_ms=statistics.median(c.server_ms),
                ratio=statistics.median(a["cpu"] / b["cpu"] for a, b
                                        in zip(c.costs, reference)),
                wrong=c.wrong, reasons=c.reasons)
        if c.name in BARS and c.costs and len(floors) == 2:
            row["over_floors"] = over_floors(c, floors)
        rows.append(row)
    return {"date": datetime.date.today().isoformat(), "rows": n_rows,
            "columns": len(contest.types), "runs": n_runs, "load": load,
            "processors": os.cpu_count(), "contestants": rows}


def told(row, total):
    """The last cell of a row: is every cell right?"""
    if row["wrong"] is None:
        return ""
    if not row["wrong"]:
        return "yes"
    why = ", ".join("%s: %s" % (w, format(n, ",")) for w, n in sorted(
        row["reasons"].items(), key=lambda item: -item[1]))
    return "no: %s of %s (%s)" % (format(row["wrong"], ","),
                                  format(total, ","), why)


def table(result):
    head = ["", "CPU, ms", "of replace's", "wall, ms", "peak, MiB",
            "instructions, M", "every cell right?"]
    lines = [head]
    for row in result["contestants"]:
        if row["missing"]:
            lines.append([row["name"], "", "", "", "", "", row["missing"]])
            continue
        lines.append([
            row["name"], "%.0f" % row["cpu_ms"], "%.2f" % row["ratio"],
            "%.0f" % row["wall_ms"],
            "%.0f" % row["peak_mib"] if row["peak_mib"] else "",
            "%.0f" % (row["instructions"] / 1e6) if row["instructions"] else "",
            told(row, result["rows"] * result["columns"])])
    return lines


def as_text(lines):
    widths = [max(len(line[i]) for line in lines) for i in range(6)]
    return "\n".join("  ".join(
        [line[0].ljust(widths[0])] +
        [line[i].rjust(widths[i]) for i in range(1, 6)] + [line[6]]).rstrip()
        for line in lines)


def as_markdown(lines):
    rule = ["---"] + ["---:"] * 5 + ["---"]
    return "\n".join("| %s |" % " | ".join(line)
                     for line in [lines[0], rule, *lines[1:]]) + "\n"


def missed(row):
    """Tells how it stands to its bar; whether that was missed."""
    limit, value = BARS[row["name"]], row.get("over_floors")
    is_missed = value is None or value > limit
    print("%s  %s, CPU over both floors': %s, at most %g" % (
        "FAIL" if is_missed else "PASS", row["name"],
        "none" if value is None else "%.2f" % value, limit))
    return is_missed


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with open("/proc/loadavg") as file:
        load = file.read().split()[0]
    with tempfile.TemporaryDirectory() as folder:
        contest = Contest(folder)
        try:
            contest.race()
            contest.judge()
            if instructions != "0" and shutil.which("valgrind"):
                contest.count()
            result = summary(contest, load)
        finally:
            contest.close()
    os.makedirs(build + "/bench", exist_ok=True)
    with open(build + "/bench/bench.json", "w") as file:
        json.dump(result, file, indent=1)
    lines = table(result)
    with open(build + "/bench/bench.md", "w") as file:
        file.write(as_markdown(lines))
    print("%d x %d cells, %d runs, %d processors, load average %s when it "
          "began, no TLS" % (n_rows, result["columns"], n_runs,
                             result["processors"], load))
    print(as_text(lines))
    served = [row["server_ms"] for row in result["contestants"]
              if not row["missing"]]
    print("the server's own CPU a run, in nobody's figures: %.0f to %.0f ms"
          % (min(served), max(served)))
    bad = [row["name"] for row in result["contestants"]
           if row["name"] in BARS and missed(row)]
    wrong = [row["name"] for row in result["contestants"]
           if row["kind"] == "ordersync" and (row["missing"] or row["wrong"])]
    for name in wrong:
        print("FAIL  %s: not every cell is right" % name)
    return 1 if bad or wrong else 0


if __name__ == "__main__":
    sys.exit(main())
