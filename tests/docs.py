#!/usr/bin/python3
"""What the README says against what is there: tests/docs.py

A message in the table of troubleshooting is one that ext/ can print; the keys
of a profile and the settings of a sync are those that the sources know; a file,
a function and a make target that it names exist; ext/README.md maps every file.
"""
import glob
import os
import re
import sys

os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
counts = {True: 0, False: 0}
# Other programs' messages: SQLite's own.
NOT_OURS = {"not authorized", "unsafe use of", "database is locked"}


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


def literals():
    """The string literals of ext/, adjacent ones joined as the compiler does;
    words that a printf directive may change are patterns."""
    for path in glob.glob("ext/**/*.[ch]", recursive=True):
        text = re.sub(r"^\s*#\s*include.*$", "", read(path), flags=re.M)
        text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
        text = text.replace("\\\n", "\n")
        for found in re.finditer(r'(?:"(?:[^"\\\n]|\\.)*"\s*)+', text):
            joined = "".join(re.findall(r'"((?:[^"\\\n]|\\.)*)"',
                                        found.group()))
            joined = joined.replace('\\"', '"').replace("\\n", " ")
            parts = re.split(r"%[-+ #0-9.*]*(?:ll|[lzhj])?[a-zA-Z]",
                             joined.replace("%%", "\0"))
            # A directive alone says nothing.
            yield [(word, re.compile(".*".join(
                re.escape(p) for p in word.split("\1")) + "$"))
                for word in split("\1".join(parts).replace("\0", "%"))]


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


readme = read("README.md")
sources = [x for x in literals() if x]

messages = 0
for cell, _ in rows(section("Troubleshooting")):
    if re.search(r"`[^`]*` \(\d+\)", cell):
        continue  # the server's own words
    # What stands in brackets explains.
    for message in quoted(re.sub(r"\([^)]*\)", "", cell)):
        messages += 1
        check(printed(message), "ext/ prints no such message: " + message)
check(messages > 35, "the table of messages was not found")

keys = set()
for cell, _ in rows(section("Configure").split("**What is synced**")[0]):
    keys.update(quoted(cell))
# A key is named as its field, or by itself.
known = set(a or b for a, b in re.findall(
    r'\{FIELD\(([a-z_]+)\)|\.name = "([a-z_]+)"',
    read("ext/profile/keyword.c")))
check(keys == known and keys, "the keys of a profile differ: %s" %
      sorted(keys ^ known))

settings = set()
for cell, _ in rows(section("Configure").split("**What is synced**")[1]):
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

targets = set(re.findall(r"^([a-z-]+):", read("Makefile"), re.M))
for name in set(re.findall(r"`make ([a-z-]+)", readme)):
    check(name in targets, "there is no target " + name)

print("docs: %d passed, %d failed" % (counts[True], counts[False]))
sys.exit(0 if counts[True] and not counts[False] else 1)
