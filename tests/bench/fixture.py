"""What the benchmarks share: a server with harder orders than the demo's, a
profile, a database with a sync, and a command's cost."""
import atexit
import os
import re
import signal
import sqlite3
import subprocess
import time

here = os.path.dirname(os.path.abspath(__file__))
root = os.path.dirname(os.path.dirname(here))
SOURCE = "dbo.vwZSDOrder_Advanced"
KEY = "sales_doc, item_number"
INDEXED = ("sales_doc", "cust_name", "order_date", "material", "order_status")
LOGIN = {"HOST": "127.0.0.1", "USER": "orders_reader",
         "PASSWORD": "bench-only", "DATABASE": "Sales"}


def make_orders():
    """The demo's orders made harder: three decimals, 23 digits, milliseconds,
    and a key. SQLite keeps the digits of a column that is called text."""
    with open(root + "/tests/data/make-orders.sql") as file:
        text = file.read()
    types = {}
    for name, kind in re.findall(r'^  "(\w+)" (.+?),?$', text, re.M):
        types[name] = kind.replace('"', "").replace(" NOT NULL", "")
    sets = ['"itemNumber"=10+10*(rowid%3)',
            '"actionDate"=substr("actionDate",1,20)||'
            "substr('000003007',1+3*(rowid%3),3)"]
    for name, kind in types.items():
        if not kind.startswith("decimal"):
            continue
        big = name == "totalShortfall"
        types[name] = "decimal(28,6)" if big else "decimal(13,3)"
        text = text.replace('"%s" %s' % (name, kind),
                            '"%s" "%s text"' % (name, types[name]))
        digits = ("'12345678901234567.'||printf('%06d',rowid%1000000)" if big
                  else "printf('%d.%03d',\"{0}\",rowid*7%1000)".format(name))
        sets.append('"%s"=CASE WHEN rowid%%7=0 THEN NULL ELSE %s END'
                    % (name, digits))
    return types, text, ('UPDATE "vwZSDOrder_Advanced" SET %s;'
                         % ",\n".join(sets))


def wait_for(path, seconds=60):
    end = time.monotonic() + seconds
    while not (os.path.exists(path) and os.path.getsize(path)):
        if time.monotonic() > end:
            raise SystemExit("bench: no " + path)
        time.sleep(0.02)


class Server:
    """The bundled server on a file of its own, and a profile for it."""

    def __init__(self, build, folder, n_rows, more=""):
        self.folder, self.path = folder, folder + "/server.db"
        self.types, text, harder = make_orders()
        with open(folder + "/make.sql", "w") as file:
            file.write(text + harder)
        subprocess.run(
            ["sqlite3", "-bail", self.path, ".parameter init",
             ".parameter set :rows %d" % n_rows, "PRAGMA synchronous=off",
             "PRAGMA journal_mode=off", ".read %s/make.sql" % folder],
            check=True, stdout=subprocess.DEVNULL)
        self.process = subprocess.Popen(
            [build + "/tds-server", "--db", self.path, "--port-file",
             folder + "/port", "--user", LOGIN["USER"], "--password",
             LOGIN["PASSWORD"], "--database", LOGIN["DATABASE"], "--encrypt",
             "unsupported"])
        atexit.register(self.stop)
        wait_for(folder + "/port")
        with open(folder + "/port") as file:
            self.port = file.read().strip()
        for name in [x for x in os.environ if x.startswith("ORDERSYNC_")]:
            del os.environ[name]
        with open(folder + "/ordersync.ini", "w") as ini:
            os.chmod(ini.name, 0o600)
            ini.write("[default]\nserver = %s\nport = %s\ndatabase = %s\n"
                      "user = %s\npassword = %s\nencrypt = off\n%s" % (
                          LOGIN["HOST"], self.port, LOGIN["DATABASE"],
                          LOGIN["USER"], LOGIN["PASSWORD"], more))
        os.environ["ORDERSYNC_CONFIG"] = ini.name

    def cpu_ms(self):
        return process_ms(self.process.pid)

    def stop(self):
        self.process.terminate()
        self.process.wait()


def process_ms(pid):
    """A process's CPU, and that of its children which have ended."""
    try:
        with open("/proc/%s/stat" % pid) as file:
            fields = file.read().rpartition(")")[2].split()
    except OSError:
        return 0
    return sum(map(int, fields[11:15])) * 1000 / os.sysconf("SC_CLK_TCK")


def shell(path, *commands):
    """The sqlite3 shell with ordersync, as cron would call it."""
    return ["sqlite3", "-bail", path, ".load %s/ordersync" % root, *commands]


def make_target(path):
    """A sync "orders": the columns by their own kinds, five indexes, WAL."""
    subprocess.run(
        shell(path, "PRAGMA journal_mode=wal",
              "SELECT ordersync_install();",
              "SELECT ordersync_add('orders', '%s', '{\"key\":\"%s\"}');"
              % (SOURCE, KEY), *make_indexes()),
        check=True, stdout=subprocess.DEVNULL)


def make_indexes():
    return ["CREATE INDEX orders_%s ON orders(%s);" % (name, name)
            for name in INDEXED]


def refresh_call(mode, **more):
    options = "".join(',"%s":%s' % item for item in more.items())
    return "SELECT ordersync_refresh('orders', '{\"mode\":\"%s\"%s}');" % (
        mode, options)


def one(path, sql):
    db = sqlite3.connect(path, timeout=60)
    try:
        with db:
            row = db.execute(sql).fetchone()
        return row[0] if row else None
    finally:
        db.close()


def compile_tools(folder, *names):
    for name in names:
        subprocess.run(
            [os.environ.get("CC", "cc"), "-std=c11", "-D_GNU_SOURCE", "-O2",
             "-g", "-o", "%s/%s" % (folder, name), "%s/%s.c" % (here, name),
             "-lsqlite3", "-lsybdb"], check=True)


def run(folder, command, env=None, seconds=120):
    """A command: its cost and what it printed. TimeoutExpired if it hangs."""
    with open(folder + "/out", "wb") as out, open(folder + "/err", "wb") as err:
        process = subprocess.Popen(
            [folder + "/bench_run", folder + "/cost", *command],
            stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=env,
            start_new_session=True)
        try:
            process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise
    with open(folder + "/cost") as file:
        cpu, wall, kib, status = file.read().split()
    with open(folder + "/out", errors="replace") as file:
        said = file.read()
    with open(folder + "/err", errors="replace") as file:
        errors = file.read()
    return {"cpu": float(cpu), "wall": float(wall), "mib": int(kib) / 1024,
            "status": int(status), "out": said, "err": errors}
