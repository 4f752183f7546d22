"""What the tests of the report share: databases with a run log, the page."""
import os
import sqlite3
import sys
import time
import traceback
from html.parser import HTMLParser

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BUILD = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else ROOT + "/build")
WORK = os.path.join(BUILD, "report")
SO = os.path.join(ROOT, "ordersync.so")
VOID = {"meta", "link", "br", "hr", "img"}

tests = []


def test(function):
    tests.append(function)
    return function


def expect(condition, message):
    if not condition:
        raise AssertionError(message)


def same(is_, wanted, what):
    expect(is_ == wanted, "%s: wanted %r, got %r" % (what, wanted, is_))


def connect(name, uri=""):
    db = sqlite3.connect("file:%s%s" % (os.path.join(WORK, name), uri),
                         uri=True, isolation_level=None)
    db.enable_load_extension(True)
    db.load_extension(SO)
    return db


def fresh(name, log=True):
    """A database with ordersync installed, no sync but those of log.sql."""
    os.makedirs(WORK, exist_ok=True)
    for end in ("", "-wal", "-shm", "-journal"):
        if os.path.exists(os.path.join(WORK, name + end)):
            os.unlink(os.path.join(WORK, name + end))
    db = connect(name)
    db.execute("SELECT ordersync_install()")
    db.executescript("DELETE FROM ordersync_syncs; "
                     "DELETE FROM ordersync_columns;")
    if log:
        with open(os.path.join(HERE, "log.sql"), encoding="utf-8") as f:
            db.executescript("BEGIN;" + f.read() + "COMMIT;")
    return db


def early_in_the_hour():
    """Charts are by the hour of UTC: what makes two of them, or compares one
    with the log, does it within one hour."""
    left = 3600 - time.time() % 3600
    if left < 20:
        time.sleep(left)


def report(db):
    return db.execute("SELECT ordersync_report()").fetchone()[0]


class Page(HTMLParser):
    """A page read strictly: every element is closed, in order; .tags is what it
    is made of, .texts what it shows, with the element around it."""

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.open, self.tags, self.texts = [], [], []
        self.feed(html)
        self.close()
        expect(not self.open, "left open: %s" % self.open)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        same(len(dict(attrs)), len(attrs), "attributes of " + tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        expect(self.open and self.open[-1] == tag,
               "</%s> closes %s" % (tag, self.open))
        self.open.pop()

    def handle_data(self, data):
        if data.strip():
            self.texts.append((self.open[-1] if self.open else "", data))

    def handle_comment(self, data):
        raise AssertionError("a comment: " + data)

    def handle_pi(self, data):
        raise AssertionError("a mark was left: " + data)

    def text(self, *elements):
        return [t for e, t in self.texts if not elements or e in elements]


def main(name):
    wanted, passed, failed = sys.argv[3:], 0, 0
    for function in tests:
        if wanted and function.__name__ not in wanted:
            continue
        try:
            function()
            passed += 1
            print("ok   " + function.__name__)
        except Exception:  # whatever it is, the test has failed
            failed += 1
            print("FAIL %s\n%s" % (function.__name__, traceback.format_exc()))
    print("%s: %d passed, %d failed" % (name, passed, failed))
    sys.exit(0 if passed and not failed else 1)
