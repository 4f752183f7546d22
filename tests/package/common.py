"""What the tests of the packages share: counts, the bundled server, a bare root."""
import os
import shutil
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BUILD = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else ROOT + "/build")
WORK = os.path.join(BUILD, "package")
DIST = os.path.join(ROOT, "dist")
CERTS = os.path.join(BUILD, "certs")
USER, PASSWORD, ROWS = "orders_reader", "S3cret!word", 40
one_at_a_time = threading.Lock()
counts = {"ok": 0, "FAIL": 0, "skip": 0}


def check(name, good, seen=""):
    counts["ok" if good else "FAIL"] += 1
    print("%s %s" % ("ok  " if good else "FAIL", name), flush=True)
    if not good and seen:
        print("  " + str(seen)[-3000:].replace("\n", "\n  "))
    return good


def skip(name, why):
    counts["skip"] += 1
    print("skip %s: %s" % (name, why), flush=True)


def run(*command, seconds=300, **more):
    """The exit code, and what was printed on either."""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=seconds, **more)
    except subprocess.TimeoutExpired as e:
        return 124, "hung: %s\n%s" % (command, e.output)
    except FileNotFoundError as e:
        return 127, str(e)
    return done.returncode, done.stdout


def must(*command, **more):
    code, out = run(*command, **more)
    if code != 0:
        raise RuntimeError("%s: exit code %d\n%s" % (" ".join(command), code,
                                                     out[-3000:]))
    return out


def read(*path):
    with open(os.path.join(*path), encoding="utf-8") as f:
        return f.read()


def version():
    text = read(ROOT, "include/ordersync.h")
    return text.split('ORDERSYNC_VERSION "')[1].split('"')[0]


class Server:
    """The bundled server with ROWS orders, over TLS, on a port of localhost."""

    def __init__(self, folder):
        os.makedirs(folder, exist_ok=True)
        with one_at_a_time:
            if not os.path.isdir(CERTS):
                must(ROOT + "/tests/server/make-cert.sh", CERTS)
        data, port = folder + "/server.db", folder + "/port"
        for path in (data, port):
            if os.path.exists(path):
                os.unlink(path)
        must("sqlite3", data, ".parameter init", ".parameter set :rows %d" % ROWS,
             ".read %s/tests/data/make-orders.sql" % ROOT)
        self.process = subprocess.Popen(
            [BUILD + "/tds-server", "--db", data, "--port", "0", "--port-file",
             port, "--user", USER, "--password", PASSWORD, "--database", "Sales",
             "--cert", CERTS + "/server.pem", "--key", CERTS + "/server-key.pem"])
        deadline = time.monotonic() + 20
        while not os.path.exists(port) or not read(port):
            if time.monotonic() > deadline:
                raise RuntimeError("the server does not start")
            time.sleep(0.05)
        self.port = read(port).strip()

    def environment(self, **more):
        env = {k: v for k, v in os.environ.items()
               if not k.startswith(("ORDERSYNC_", "XDG_"))}
        env.update(ORDERSYNC_SERVER="localhost", ORDERSYNC_PORT=self.port,
                   ORDERSYNC_DATABASE="Sales", ORDERSYNC_USER=USER,
                   ORDERSYNC_PASSWORD=PASSWORD,
                   ORDERSYNC_CA_FILE=CERTS + "/ca.pem", HOME="/nonexistent")
        env.update(more)
        return env

    def close(self):
        self.process.kill()
        self.process.wait()


# ---- a bare Debian ----------------------------------------------------------

def no_roots():
    """Why there can be none; else nothing."""
    if os.geteuid() != 0:
        return "only root may make a root of its own"
    if not shutil.which("debootstrap"):
        return "debootstrap is not here"
    return ""


# Where tests/roots keeps its packages, too.
DEBS = "/var/cache/ordersync-roots/bookworm"


def bare_root(name):
    """A copy of a minimal Debian 12, which is made once a build folder."""
    base, root = WORK + "/bookworm", os.path.join(WORK, name)
    with one_at_a_time:
        if not os.path.exists(base + "/etc/debian_version"):
            must("rm", "-rf", base, base + ".new")
            os.makedirs(DEBS, exist_ok=True)
            must("debootstrap", "--variant=minbase", "--cache-dir=" + DEBS,
                 "bookworm", base + ".new", seconds=900)
            must("sh", "-c", "rm -f %s.new/var/cache/apt/archives/*.deb" % base)
            os.rename(base + ".new", base)
    must("rm", "-rf", root)
    must("cp", "-a", "--reflink=auto", base, root)
    shutil.copy("/etc/resolv.conf", root + "/etc/resolv.conf")
    with open(root + "/etc/hosts", "w") as f:
        f.write("127.0.0.1 localhost\n")
    return root


def inside(root, *command, user="root", env=None, **more):
    clean = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
             "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
    for name in ("http_proxy", "https_proxy"):
        if name in os.environ:
            clean[name] = os.environ[name]
    clean.update(env or {})
    return run("chroot", "--userspec=" + user, root, *command, env=clean, **more)
