"""make dist: an archive that makes itself again, builds and passes its tests."""
import os
import re

from common import DIST, ROOT, WORK, check, must, run, version

NAME = "ordersync-" + version()


def test(_):
    code, out = run("make", "-s", "-C", ROOT, "dist")
    if not check("make dist", code == 0, out):
        return
    made = DIST + "/%s.tar.gz" % NAME
    listed = must("tar", "-tf", made).splitlines()
    check("one folder, named by the version", all(
        x.startswith(NAME + "/") for x in listed) and len(listed) > 100, listed)
    top = {x.split("/")[1] for x in listed}
    check("nothing that was built", not top & {"build", "dist", "ordersync.so",
                                               ".git"}, top)
    work = WORK + "/archive"
    must("rm", "-rf", work)
    os.makedirs(work)
    must("tar", "-xf", made, "-C", work)
    tree = os.path.join(work, NAME)
    code, out = run("make", "-s", "-C", tree, "dist")
    again = tree + "/dist/%s.tar.gz" % NAME
    check("an unpacked archive makes the same one, byte for byte",
          code == 0 and run("cmp", made, again)[0] == 0, out)
    code, out = run("make", "-s", "-j2", "-C", tree, "all", "build/tds-server",
                    seconds=600)
    check("it builds without a repository", code == 0, out)
    # What `make check` runs, but for the sanitizers' build and the long suites.
    for suite, command in (("docs", ["check.sh", "docs"]),
                           ("sql", ["sql/run.sh", "-n", tree + "/build"])):
        code, out = run(tree + "/tests/" + command[0], *command[1:],
                        seconds=900, cwd=tree)
        found = re.findall(r"(\d+) passed, 0 failed", out)
        check("its suite %s passes: %s" % (suite, found[-1:]), code == 0 and
              found and int(found[-1]) > 50, out)
    must("rm", "-rf", work)
