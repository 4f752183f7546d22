#!/usr/bin/python3
"""What the README says against what is there: tests/docs.py

A message in the table of troubleshooting is one that ext/ can print, and an
error that ext/ can raise is in that table; the keys of a profile and the
settings of a sync are those that the sources know; a file, a function and a make
target that it names exist; ext/README.md maps every file.
"""
import glob
import os
import re
import shutil
import subprocess
import sys

os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
counts = {True: 0, False: 0}
# Messages of other programs: of SQLite itself.
NOT_OURS = {
    "not authorized", "unsafe use of", "database is locked",
    "no such function: ordersync_refresh", "no such table: ordersync_check",
    "no such module: ordersync", "attempt to write a readonly database",
    "database or disk is full", "disk I/O error", "file is not a database",
    "database disk image is malformed",
    # The loader's.
    "cannot open shared object file"}


def check(good, what):
    counts[bool(good)] += 1
    if not good:
        print("FAIL README: " + what)


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def section(name):
    return re.search(r"^## %s\n(.*?)(?=^## |\Z)" % name, readme,
                     re.M | re.S).group(1)


def rows(text):
    """The first and the other cells of a table's rows."""
    return re.findall(r"^\| (.*?) \| (.*)$", text, re.M)


def quoted(cell):
    return re.findall(r"`([^`]+)`", cell)


def split(text):
    return [word.strip(",.;:") for word in text.split()]


STRING = r'"(?:[^"\\\n]|\\.)*"'


def code_of(path):
    text = re.sub(r"^\s*#\s*include.*$", "", read(path), flags=re.M)
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    return text.replace("\\\n", "\n")


def joined_strings(text):
    """The string literals of some C, adjacent ones joined as the compiler
    does; a macro between two is some text."""
    for found in re.finditer(r"%s(?:\s*[A-Z_]*\s*%s)*" % (STRING, STRING),
                             text):
        whole = "".join("%s" if x.isupper() and x[0] != '"' else x[1:-1]
                        for x in re.findall(STRING + "|[A-Z_]+",
                                            found.group()))
        yield whole.replace('\\"', '"').replace("\\n", " ").replace(
            "\\\\", "\\")


def patterns(whole):
    """A literal's words; those that a printf directive may change are
    patterns."""
    parts = re.split(r"%[-+ #0-9.*]*(?:ll|[lzhj])?[a-zA-Z]",
                     whole.replace("%%", "\0"))
    # A directive alone says nothing.
    return [(word, re.compile(".*".join(
        re.escape(p) for p in word.split("\1")) + "$"))
        for word in split("\1".join(parts).replace("\0", "%"))]


def literals():
    for path in glob.glob("ext/**/*.[ch]", recursive=True):
        for whole in joined_strings(code_of(path)):
            yield patterns(whole)


# What makes a text an error, or the beginning of one.
RAISES = re.compile(r"\b(?:err_set|name_statement|set_network|refuse)\(|"
                    r"\bsnprintf\(what,|\bwrong = |\btext = sqlite3_mprintf\(|"
                    r"\breturn (?=\"(?:is|has|begins) )")


def arguments(text, at):
    """The arguments of a call, or the rest of a statement."""
    depth, argument = 0, ""
    token = re.compile(r"%s|'(?:[^'\\]|\\.)+'|." % STRING, re.S)
    while True:
        found = token.match(text, at).group()
        depth += (found == "(") - (found == ")")
        if depth < 0 or (depth == 0 and found in ",;"):
            yield argument
            argument = ""
        else:
            argument += found
        if depth < 0 or (depth == 0 and found == ";"):
            return
        at += len(found)


def own_words(words):
    return sum(bool(re.search("[a-z]{2}", text)) for text, _ in words)


def raised():
    """The texts of errors: of a format those words that it has itself, else
    those that are put into it."""
    for path in sorted(glob.glob("ext/**/*.c", recursive=True)):
        text = code_of(path)
        for call in RAISES.finditer(text):
            said_something = False
            given = list(arguments(text, call.end()))
            # refuse(t, hint, format, ...)
            for argument in given[2 * call.group().startswith("refuse"):]:
                for whole in joined_strings(argument):
                    words = patterns(whole)
                    if own_words(words) > 1 and not said_something:
                        yield path, whole, words
                said_something |= any(own_words(patterns(whole)) > 1
                                      for whole in joined_strings(argument))


def says(literal, words):
    """Has the literal these words in a row, half of them in so many letters?"""
    for start in range(len(literal) - len(words) + 1):
        here = literal[start:start + len(words)]
        if all(p.match(w) for (_, p), w in zip(here, words)):
            plain = sum("\1" not in text for text, _ in here)
            if 2 * plain >= len(words):
                return True
    return False


def said(words):
    return any(says(x, words) for x in sources)


def printed(message):
    """A message's fixed parts: "..." stands for anything, ; begins a hint. Its
    end may be another literal, which a directive puts there."""
    for part in re.split(r"\.\.\.|;", message):
        words = split(part)
        if words and part.strip() not in NOT_OURS and not said(words) and not any(
                said(words[:k] + ["\2"]) and said(words[k:])
                for k in range(2, len(words) - 1)):
            return False
    return True


def begins(message):
    """A message of the table without its hint, as words: "..." stands for
    anything."""
    return [split(part) for part in message.split(";")[0].split("...")
            if part.strip()]


# Errors that need no entry.
UNLISTED = {
    # In front of the names of columns, each of which says what it is.
    'sync "%s": column %s': "prefix",
    "FOREIGN KEY constraint failed": "SQLite's own, where it tells no row",
    "the value %s": "the value, and what is wrong with it: of keyword.c",
    "server: the value %s": "likewise",
    # Answers, and a query.
    "ordersync %s installed%s%s": "what the function returns",
    'sync "%s" is "%s" now; its table is still "%s"': "likewise",
    "SELECT key FROM json_each(%Q) WHERE instr(', %q,', ', ' || key || ',') "
    "= 0 OR key LIKE '%%,%%' OR type NOT IN ('true', 'false')": "SQL",
    # Cannot happen: the callers see to it.
    "no result is open": "internal",
}

readme = read("README.md")
sources = [x for x in literals() if x]

messages = 0
listed = []
for cell, _ in rows(section("Troubleshooting")):
    if re.search(r"`[^`]*` \(\d[\d, ]*\)", cell):
        continue  # the server's own words
    # What stands in brackets explains.
    for message in quoted(re.sub(r"\([^)]*\)", "", cell)):
        messages += 1
        listed.append(begins(message))
        check(printed(message), "ext/ prints no such message: " + message)
check(messages > 35, "the table of messages was not found")

errors = unlisted = 0
for path, whole, words in raised():
    errors += 1
    if whole in UNLISTED:
        UNLISTED[whole] = None
        unlisted += 1
        continue
    check(any(parts and all(says(words, part) for part in parts)
              for parts in listed),
          "%s can say, and the table of messages does not: %s" % (path, whole))
check(errors > 120, "the errors of ext/ were not found")
for whole, reason in UNLISTED.items():
    check(reason is None, "ext/ never says: " + whole)

# Whatever number of the server's the sources treat by itself.
numbers = set(re.findall(r"\bnumber == (\d+)", "".join(
    map(code_of, glob.glob("ext/mssql/*.c") + glob.glob("ext/live/*.c")))))
for number in sorted(numbers):
    check(re.search(r"[( ]%s[),]" % number, section("Troubleshooting")),
          "the table of messages has no " + number)
check(len(numbers) > 5, "the server's numbers were not found")

# What a newcomer types is what tests/sql tries.
tried = read("tests/sql/first-five-minutes.sql")
typed = re.findall(r"```sql\n(.*?)```", section("Your own view in five minutes"),
                   re.S)
for line in "".join(re.sub(r"(?m)^ +", "", block)
                    for block in typed).splitlines():
    check("\n%s\n" % line in tried, "first-five-minutes.sql lacks: " + line)
    tried = tried[tried.find(line):]
check(len(typed) == 3, "a newcomer's SQL was not found")
# All other SQL is in readme-examples.sql, but for what tests/fault/past.py runs.
tried = read("tests/sql/readme-examples.sql").splitlines()
answered = read("tests/sql/readme-examples.out").splitlines()
others = readme
for name in ("Your own view in five minutes", r"What changed\?"):
    others = others.replace(section(name), "")
typed = re.findall(r"```sql\n(.*?)```", others, re.S)
for line in "".join(typed).splitlines():
    check(line in tried, "readme-examples.sql lacks: " + line)
check(len(typed) > 6, "the README's SQL was not found")
# What is shown with its answer; what a DBA is shown.
shown = re.findall(r"^sqlite> (.*)\n(.*)$", readme, re.M)
for line, answer in shown:
    check(line in tried, "readme-examples.sql lacks: " + line)
    check(answer in answered, "readme-examples.out lacks: " + answer)
check(shown, "no SQL with its answer was found")
batches = re.findall(r"^(?:SET|SELECT (?:TOP|\[)).*$", section("For the DBA"),
                     re.M)
settings = {whole.replace("LOCK_TIMEOUT %d", "LOCK_TIMEOUT 30000").replace(
    "LEVEL %s", "LEVEL READ COMMITTED")
    for whole in joined_strings(code_of("ext/mssql/mssql.c"))}
for line in batches:
    check(line in settings or line in answered, "nobody sends: " + line)
check(len(batches) == 4, "the batches of a refresh were not found")
headings = {re.sub(r"[^a-z0-9 -]", "", h.lower()).replace(" ", "-")
            for h in re.findall(r"(?m)^##+ (.*)$", readme)}
for anchor in set(re.findall(r"\]\(#([^)]*)\)", readme)):
    check(anchor in headings, "there is no heading #" + anchor)

keys = set()
for cell, _ in rows(section("Profile")):
    keys.update(quoted(cell))
# A key is named as its field, or by itself.
known = set(a or b for a, b in re.findall(
    r'\{FIELD\(([a-z_]+)\)|\.name = "([a-z_]+)"',
    read("ext/profile/keyword.c")))
check(keys == known and keys, "the keys of a profile differ: %s" %
      sorted(keys ^ known))

settings = set()
for cell, _ in rows(section("Sync settings")):
    settings.update(quoted(cell))
settings.discard("ordersync_syncs")
table = re.search(r"CREATE TABLE[^(]*ordersync_syncs\s*\((.*?)\n\)",
                  read("sql/schema.sql"), re.S).group(1)
known = set(re.findall(r"^\s+([a-z_]+) (?:TEXT|INTEGER|REAL)", table, re.M))
check(settings == known and settings, "the settings of a sync differ: %s" %
      sorted(settings ^ known))

code = "".join(map(read, glob.glob("ext/**/*.c", recursive=True)))
for name in set(re.findall(r"`(ordersync_[a-z]+)\(", readme)):
    check('"%s"' % name in code, "no function %s()" % name)
for path in set(re.findall(r"\]\(([a-z][^):#]*)\)", readme)) | set(
        re.findall(r"`((?:tests|sql|ext)/[\w./-]*)`", readme)):
    check("NAME" in path or os.path.exists(path), "there is no " + path)
# The map of the sources has every file, and no other.
folder, mapped = "", set()
for cell, _ in rows(read("ext/README.md").split("## Words")[0]):
    if cell.startswith("**"):
        folder = quoted(cell)[0]
    else:
        mapped.update(folder + name for name in quoted(cell)
                      if not name.endswith(".syms"))
present = {path[len("ext/"):] if path.count("/") == 1 else path[4:-2]
           for path in glob.glob("ext/**/*.[ch]", recursive=True)}
present = {p for p in present if not p.endswith(".h")}
check(mapped == present and present, "ext/README.md has another map: %s" %
      sorted(mapped ^ present))

# What is in the repository has its home there; others' files may lie beside it.
if os.path.exists(".git") and shutil.which("git"):
    # safe.directory: the tree may be another user's.
    tracked = subprocess.run(["git", "-c", "safe.directory=*", "ls-files"],
                             capture_output=True, text=True).stdout
    top = {name.split("/")[0] for name in tracked.splitlines()}
    homeless = {name for name in top if name[0] != "."} - {
        "CHANGELOG.md", "LICENSE", "Makefile", "README.md", "ext", "include",
        "sql", "tests"}
    check(not homeless, "files outside the agreed folders: %s" %
          sorted(homeless))

targets = set(re.findall(r"^([a-z-]+):", read("Makefile"), re.M))
for name in set(re.findall(r"`make ([a-z-]+)", readme)):
    check(name in targets, "there is no target " + name)

print("docs: %d passed, %d failed" % (counts[True], counts[False]))
sys.exit(0 if counts[True] and not counts[False] else 1)
