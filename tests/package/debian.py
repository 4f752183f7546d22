"""make deb: what lintian and blhc say, and the package in a bare Debian."""
import glob
import os
import shutil

from common import (CERTS, DIST, PASSWORD, ROOT, ROWS, USER, WORK, bare_root,
                    check, inside, must, no_roots, run, skip, version)


def files(root):
    """What a package may have left: paths, but for the package manager's own."""
    found = set()
    for top, folders, names in os.walk(root):
        if os.path.relpath(top, root).startswith(
                ("proc", "sys", "dev", "tmp", "var/lib/dpkg", "var/lib/apt",
                 "var/cache", "var/log")):
            folders[:] = []
            continue
        found.update(os.path.relpath(os.path.join(top, n), root)
                     for n in names + folders)
    return found


def test(server):
    code, out = run("make", "-s", "-C", ROOT, "deb", seconds=900)
    if not check("make deb builds and passes its tests", code == 0, out):
        return
    changes = glob.glob(DIST + "/ordersync_%s-1_*.changes" % version())[0]
    code, out = run("lintian", "-EI", "--pedantic", "--allow-root", "--fail-on",
                    "error,warning,info,pedantic", changes)
    check("lintian has nothing that is not overridden with a reason",
          code == 0, out)
    code, out = run("blhc", "--all", "--debian", WORK + "/deb/build.log")
    check("every file is compiled and linked with Debian's hardening",
          code == 0, out)
    deb = glob.glob(DIST + "/libsqlite3-mod-ordersync_%s-1_*.deb" % version())[0]
    check("the debugging symbols are a package of their own",
          glob.glob(DIST + "/libsqlite3-mod-ordersync-dbgsym_*.deb"))
    why = no_roots()
    if why:
        return skip("the package in a bare Debian", why)
    in_bare_root(server, deb)


def in_bare_root(server, deb):
    root = bare_root("debian")
    must("chroot", root, "sh", "-c", "apt-get update -qq && apt-get install "
         "-y -qq --no-install-recommends sqlite3", seconds=600)
    shutil.copy(deb, root + "/tmp/x.deb")
    shutil.copy(CERTS + "/ca.pem", root + "/tmp/ca.pem")
    # What it depends on may stay; what it brings may not.
    must("chroot", root, "sh", "-c", "apt-get install -y -qq "
         "--no-install-recommends /tmp/x.deb && dpkg --purge "
         "libsqlite3-mod-ordersync", seconds=600)
    before = files(root)
    code, out = inside(root, "dpkg", "-i", "/tmp/x.deb")
    check("it installs with nothing but what it depends on", code == 0, out)
    code, out = inside(root, "sh", "-c", "cd / && sqlite3 :memory: '.load "
                       "ordersync' 'SELECT ordersync_version()'")
    check("sqlite3 loads it by its plain name", '"ordersync":"%s"' % version()
          in out, out)
    env = {k: v for k, v in server.environment(
        ORDERSYNC_CA_FILE="/tmp/ca.pem").items() if k.startswith("ORDERSYNC_")}
    env["ORDERSYNC_PASSWORD_FILE"] = "/tmp/password"
    del env["ORDERSYNC_PASSWORD"]
    with open(os.open(root + "/tmp/password", os.O_CREAT | os.O_WRONLY, 0o600),
              "w") as f:
        f.write(PASSWORD + "\n")
    code, out = inside(root, "sqlite3", "-bail", "/tmp/orders.db",
                       ".load ordersync", "SELECT ordersync_install() > '';",
                       "SELECT ordersync_refresh();", env=env)
    check("it refreshes over verified TLS as %s" % USER,
          (code, out) == (0, "1\n%d\n" % ROWS), out)
    code, out = inside(root, "sh", "-c", "sqlite3 -bail /tmp/orders.db "
                       "</usr/share/ordersync/refresh.sql", env=env)
    check("so does the script that it brings", (code, out) == (0, "%d\n" % ROWS),
          out)
    brought = files(root) - before
    for path in ("usr/share/man/man7/ordersync.7.gz",
                 "usr/share/doc/libsqlite3-mod-ordersync/README.md.gz",
                 "usr/share/doc/libsqlite3-mod-ordersync/copyright",
                 "usr/share/ordersync/schedule/ordersync.service"):
        check("it brings " + path, path in brought)
    code, out = inside(root, "dpkg", "--purge", "libsqlite3-mod-ordersync")
    left = files(root) - before
    check("a purge leaves nothing", code == 0 and not left, (out, left))
    must("rm", "-rf", root)
