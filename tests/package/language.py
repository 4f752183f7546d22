"""make npm, make wheel: installed into a scratch folder, loaded by each host."""
import filecmp
import glob
import os
import shutil
import sys

from common import (BUILD, DIST, ROOT, ROWS, WORK, bare_root, check, inside, must,
                    no_roots, run, skip, version)

PY = """
import sqlite3, sys, ordersync
conn = sqlite3.connect(sys.argv[1])
conn.enable_load_extension(True)
ordersync.load(conn)
conn.execute("SELECT ordersync_install()").fetchone()
print(conn.execute("SELECT ordersync_refresh()").fetchone()[0])
print(ordersync.__version__, ordersync.loadable_path())
"""
JS = {
    "better-sqlite3": """
const db = new (require('better-sqlite3'))(process.argv[1]);
ordersync.load(db);
db.prepare('SELECT ordersync_install()').get();
console.log(db.prepare('SELECT ordersync_refresh()').pluck().get());
""",
    "node:sqlite": """
const { DatabaseSync } = require('node:sqlite');
try { ordersync.load(new DatabaseSync(':memory:')); } catch (e) {
  if (!/allowExtension/.test(e.message)) throw e;
}
const db = new DatabaseSync(process.argv[1], { allowExtension: true });
ordersync.load(db);
db.prepare('SELECT ordersync_install()').get();
console.log(db.prepare('SELECT ordersync_refresh() AS n').get().n);
""",
    "sqlite3": """
const db = new (require('sqlite3').Database)(process.argv[1]);
ordersync.load(db, (error) => {
  if (error) throw error;
  db.get('SELECT ordersync_install()', () =>
    db.get('SELECT ordersync_refresh() AS n', (e, row) => {
      if (e) throw e;
      console.log(row.n);
    }));
});
""",
}


def wheel(server):
    code, out = run("make", "-s", "-C", ROOT, "wheel")
    found = glob.glob(DIST + "/ordersync-%s-py3-none-linux_*.whl" % version())
    if not check("make wheel, for this platform", code == 0 and found, out):
        return
    home = WORK + "/python"
    must("rm", "-rf", home)
    code, out = run(sys.executable, "-m", "pip", "install", "--no-index", "-q",
                    "--no-deps", "--root-user-action=ignore", "--target", home,
                    found[0])
    check("pip installs it", code == 0, out)
    database = home + "/orders.db"
    code, out = run(sys.executable, "-c", PY, database, cwd=home,
                    env=server.environment(PYTHONPATH=home))
    check("Python loads it and refreshes",
          (code, out) == (0, "%d\n%s %s\n" % (
              ROWS, version(), home + "/ordersync/ordersync")), out)
    code, out = run(sys.executable, "-c", "import apsw", env=os.environ)
    if code != 0:
        skip("apsw", "python3-apsw is not here")
    else:
        code, out = run(
            sys.executable, "-c", "import apsw, ordersync\n"
            "c = apsw.Connection(':memory:')\nc.enableloadextension(True)\n"
            "ordersync.load(c)\n"
            "print(c.execute('SELECT ordersync_version()').fetchall())",
            cwd=home, env=server.environment(PYTHONPATH=home))
        check("apsw loads it", code == 0 and version() in out, out)
    without_libraries(home)


def without_libraries(home):
    """In a root that has none of the libraries: the error names them."""
    why = no_roots()
    if why:
        return skip("the error where the libraries are not there", why)
    root = bare_root("no-libraries")
    must("chroot", root, "sh", "-c", "apt-get update -qq && apt-get install "
         "-y -qq --no-install-recommends python3 libsqlite3-0", seconds=600)
    shutil.copytree(home + "/ordersync", root + "/opt/ordersync")
    code, out = inside(root, "python3", "-c", "import sqlite3, ordersync\n"
                       "c = sqlite3.connect(':memory:')\n"
                       "c.enable_load_extension(True)\nordersync.load(c)",
                       env={"PYTHONPATH": "/opt"})
    check("Python's error names the packages that are missing", code == 1 and
          "cannot open shared object file" in out and "libinih1" in out, out)
    # All that it names, and no more, must do.
    names = out.split("apt-get install ")[-1].rstrip(")\n").split()
    must("chroot", root, "apt-get", "install", "-y", "-qq",
         "--no-install-recommends", *names, seconds=600)
    code, out = inside(root, "python3", "-c", "import sqlite3, ordersync\n"
                       "c = sqlite3.connect(':memory:')\n"
                       "c.enable_load_extension(True)\nordersync.load(c)\n"
                       "print(c.execute('SELECT ordersync_version()').fetchall())",
                       env={"PYTHONPATH": "/opt"})
    check("with these packages it loads", code == 0 and version() in out, out)
    must("rm", "-rf", root)


def get_hosts():
    """The modules that tests/hosts pins, in its folder: some are compiled."""
    home, pinned = BUILD + "/hosts/npm", ROOT + "/tests/hosts/"
    done, lock = home + "/done", pinned + "package-lock.json"
    os.makedirs(home, exist_ok=True)
    if not os.path.exists(done) or not filecmp.cmp(done, lock, shallow=False):
        shutil.copy(pinned + "package.json", home)
        shutil.copy(lock, home)
        code, out = run("npm", "ci", "--no-audit", "--no-fund", cwd=home,
                        seconds=600)
        if check("npm brings the hosts", code == 0, out):
            shutil.copy(lock, done)
    return home


def npm(server):
    code, out = run("make", "-s", "-C", ROOT, "npm")
    made = DIST + "/ordersync-%s.tgz" % version()
    if not check("make npm", code == 0 and os.path.exists(made), out):
        return
    hosts = get_hosts()
    home = WORK + "/node"
    must("rm", "-rf", home)
    os.makedirs(home)
    code, out = run("npm", "install", "--offline", "--no-audit", "--no-fund",
                    "--prefix", home, made, cwd=home)
    check("npm installs it", code == 0, out)
    env = server.environment(NODE_PATH=hosts + "/node_modules")
    for host, script in JS.items():
        node = "node"
        if host == "node:sqlite" and run(node, "-e", "require('node:sqlite')")[0]:
            node = hosts + "/node_modules/node/bin/node"
        if run(node, "-e", "require('%s')" % host, cwd=home, env=env)[0] != 0:
            skip(host, "this Node has none, or npm could not fetch it")
            continue
        database = home + "/orders.db"
        for path in glob.glob(database + "*"):
            os.unlink(path)
        code, out = run(node, "--no-warnings", "-e",
                        "const ordersync = require('ordersync');" + script,
                        database, cwd=home, env=env)
        check("%s loads it and refreshes" % host, (code, out) ==
              (0, "%d\n" % ROWS), out)
    code, out = run("node", "-e", """
const ordersync = require('ordersync'), fs = require('fs');
const file = ordersync.getLoadablePath();
if (!fs.existsSync(file)) throw new Error(file);
for (const said of ['libinih.so.1: cannot open shared object file: No such file',
                    "/lib/libc.so.6: version `GLIBC_2.99' not found"]) {
  try {
    ordersync.load({ loadExtension() { throw new Error(said); } });
  } catch (e) { console.log(e.message); }
}""", cwd=home)
    check("an error of the loader says what to install or to build",
          code == 0 and "apt-get install libgnutls30" in out and
          "newer system" in out, out)


def test(server):
    wheel(server)
    npm(server)
