#!/usr/bin/python3
"""The version, the man page and the recipes against the README and the header:
tests/package/man.py

Everything that has a version has the header's; what the man page describes is
what the README describes.
"""
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
counts = {True: 0, False: 0}
skipped = []


def check(good, what):
    counts[bool(good)] += 1
    if not good:
        print("FAIL " + what)


def skip(what):
    skipped.append(what)
    print("skip %s is not here; check-packages has it" % what)


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def run(*command, **more):
    done = subprocess.run(command, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False, **more)
    return done.returncode, done.stdout.strip()


readme = read("README.md")

# ---- the version ------------------------------------------------------------


def version_is_wrong(folder, version):
    """What is wrong with a release; nothing, if it is none or is right."""
    heads = re.findall(r"^## \[(.*?)\]", read(folder + "/CHANGELOG.md"), re.M)
    if not heads:
        return "CHANGELOG.md has no heading"
    released = [h for h in heads if h != "Unreleased"]
    if heads[0] != "Unreleased" and heads[0] != version:
        return "CHANGELOG.md's newest release is %s, the header has %s" % (
            heads[0], version)
    if released and [int(x) for x in released[0].split(".")] > [
            int(x) for x in version.split(".")]:
        return "CHANGELOG.md has released %s, the header has %s" % (
            released[0], version)
    # Of this folder's own repository, if it has one.
    if not os.path.exists(folder + "/.git"):
        return ""
    _, tags = run("git", "-C", folder, "tag", "--points-at", "HEAD",
                  "--list", "v[0-9]*")
    if tags and (tags != "v" + version or heads[0] != version):
        return "the tag is %s, the header has %s, CHANGELOG.md %s" % (
            tags, version, heads[0])
    return ""


header = read("include/ordersync.h")
version = re.search(r'ORDERSYNC_VERSION "(\d+\.\d+\.\d+)"', header).group(1)
wrong = version_is_wrong(".", version)
check(not wrong, wrong)
# Elsewhere it would have to be kept up to date by hand.
for path in ["Makefile"] + glob.glob("tests/package/**/*", recursive=True):
    if os.path.isfile(path) and not path.endswith((".pyc", "man.py")):
        check('%s"' % version not in read(path) and
              "-%s" % version not in read(path),
              "%s has the version in it" % path)


def release(tag, heading):
    """What version_is_wrong() says of a commit with that tag and heading."""
    with tempfile.TemporaryDirectory() as folder:
        with open(folder + "/CHANGELOG.md", "w", encoding="utf-8") as f:
            f.write("# Changelog\n\n## [%s]\n" % heading)
        for command in (["init", "-q"], ["add", "."],
                        ["-c", "user.name=x", "-c", "user.email=x@example.com",
                         "commit", "-qm", "x"], ["tag", tag]):
            run("git", "-C", folder, *command)
        return version_is_wrong(folder, version)


if not shutil.which("git"):
    skip("git")
else:
    check(release("v" + version, version) == "", "a right release is refused")
    check(release("v99.0.0", version) != "", "a wrong tag is not noticed")
    check(release("v" + version, "Unreleased") != "",
          "a tag on unreleased changes is not noticed")

# ---- the man page -----------------------------------------------------------

with tempfile.TemporaryDirectory() as folder:
    code, out = run("make", "-s", "B=" + folder, folder + "/ordersync.7")
    check(code == 0, "the man page cannot be made: " + out)
    page = read(folder + "/ordersync.7")
    for tool in ("mandoc -T lint", "man --warnings -l"):
        if not shutil.which(tool.split()[0]):
            skip(tool.split()[0])
        else:
            out = run("sh", "-c", tool + " " + folder + "/ordersync.7 2>&1 "
                      "%s" % (">/dev/null" if tool[:4] == "man " else ""),
                      env=dict(os.environ, LC_ALL="C.UTF-8"))[1]
            check(out == "", tool + ": " + out)
check('"ordersync %s"' % version in page, "the man page has another version")


def plain(text):
    for escape, sign in (("\\fB", ""), ("\\fR", ""), ("\\fI", ""),
                         ("\\(aq", "'"), ("\\(ti", "~"), ("\\(ha", "^"),
                         ("\\-", "-"), ("\\&", ""), ("\\e", "\\")):
        text = text.replace(escape, sign)
    return text


def tagged(name):
    """The tags of a section's entries."""
    body = re.search(r'^\.SH %s\n(.*?)(?=^\.SH |\Z)' % name, page,
                     re.M | re.S).group(1)
    return [plain(re.sub(r'^\.[BI]R? ', "", tag))
            for tag in re.findall(r"^\.TP\n(.*)$", body, re.M)]


def cells(*heads):
    """First cells of the README's tables with these heads, as plain text."""
    found = []
    for head in heads:
        table = re.search(r"^\| %s \|.*\n\| ---.*\n((?:\|.*\n)+)" %
                          re.escape(head), readme, re.M)
        if not table:
            check(False, "the README has no table of " + head)
            continue
        found += [row.strip("|").split("|")[0].strip().replace("`", "")
                  for row in table.group(1).splitlines()
                  if not row.startswith("| **")]  # heads of groups
    return found


for name, heads, least in (
        ("FUNCTIONS", ["name"], 6), ("TABLES AND VIEWS", ["table, view"], 3),
        ("PROFILE", ["key"], 18), ("SETTINGS OF A SYNC", ["`ordersync_syncs`"], 14),
        ("KINDS", ["SQL Server", "kind"], 18), ("DIAGNOSTICS", ["message"], 50)):
    wanted, have = cells(*heads), tagged(name)
    check(wanted == have and len(have) >= least,
          "the README and %s of the man page differ: %s" %
          (name, [x for x in zip(wanted, have) if x[0] != x[1]][:3]))
options = set(re.findall(r'^- `"([a-z_]+)"', readme, re.M))
have = set(re.findall(r'"([a-z_]+)"', plain(
    re.search(r"^\.SS Options\n(.*?)^\.SH ", page, re.M | re.S).group(1))))
check(options and options <= have, "options that the man page lacks: %s" %
      (options - have))
# The keys' own variables are the rule "ORDERSYNC_ and the key".
pattern = r"\b(ORDERSYNC_[A-Z_]+|SQLITE_TMPDIR|XDG_CONFIG_HOME)\b"
keys = {"ORDERSYNC_" + key.upper() for cell in cells("key")
        for key in cell.split(", ")}
known = set()
for path in glob.glob("ext/**/*.c", recursive=True):
    known.update(re.findall(r'getenv\("(\w+)"\)', read(path)))
    known.update(re.findall(r'"(XDG_CONFIG_HOME)"', read(path)))
page_names = set(re.findall(pattern, " ".join(tagged("ENVIRONMENT"))))
for name in {n for n in known if re.match(pattern, n)}:
    check(name in page_names, "the man page does not name $" + name)
    check(name in readme, "the README does not name $" + name)
for name in page_names | set(re.findall(pattern, readme)):
    check(name in known or name in keys or "#define " + name in header,
          "nothing reads $" + name)

# ---- what the README shows --------------------------------------------------

blocks = re.findall(r"^```(\w*)\n(.*?)^```", readme, re.M | re.S)
try:
    import yaml
except ImportError:
    yaml = None
    skip("python3-yaml")
for language, text in blocks:
    if language == "yaml" and yaml:
        try:
            # As Rails reads them: ERB first.
            good = isinstance(yaml.safe_load(re.sub(r"<%=.*?%>", "x", text)), dict)
        except yaml.YAMLError as e:
            good, text = False, str(e)
        check(good, "README: this is no YAML: " + text)
print("man: %d passed, %d failed%s" % (
    counts[True], counts[False],
    ", %d skipped" % len(skipped) if skipped else ""))
sys.exit(0 if counts[True] and not counts[False] else 1)
