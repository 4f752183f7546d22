"""A hostile database file: it cannot make a program that opens, reads and
writes it call out, and no text in its configuration leaves its quotes."""
import os
import random
import re
import shutil
import socket
import sqlite3
import threading

from box import Box
from harness import (AT_ONCE, LONG, Shell, expect, expect_match, main,
                     test)

CALLS = ["ordersync_refresh()", "ordersync_refresh('open_orders')",
         "ordersync_add('stolen', 'dbo.vwSecrets')", "ordersync_install()",
         "(SELECT group_concat(detail) FROM ordersync_check)",
         "(SELECT count(*) FROM ordersync)"]


class Trap:
    """Listens where the profile points, and counts who comes."""

    def __init__(self):
        self.listener = socket.socket()
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(16)
        self.port = self.listener.getsockname()[1]
        self.count = 0
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                peer = self.listener.accept()[0]
            except OSError:
                return
            self.count += 1
            peer.close()


def trapped(b):
    trap = Trap()
    b.profile(port=trap.port, login_timeout=1, query_timeout=1)
    return trap


def statements(path):
    """Whatever a program might do with the file's tables and views."""
    db = sqlite3.connect(path)
    db.execute("PRAGMA writable_schema = 1")  # reads also malformed ones
    try:
        names = db.execute("SELECT name, type FROM sqlite_schema WHERE type IN"
                           " ('table', 'view') AND name NOT LIKE 'sqlite%' AND"
                           " name NOT LIKE 'ordersync%'").fetchall()
    finally:
        db.close()
    found = ["PRAGMA table_list", "PRAGMA integrity_check", "ANALYZE",
             "REINDEX", "SELECT sql FROM sqlite_schema"]
    for name, _ in names:
        found += ["PRAGMA table_xinfo(%s)" % name,
                  "SELECT * FROM %s LIMIT 1" % name,
                  "SELECT count(*) FROM %s" % name,
                  "INSERT INTO %s DEFAULT VALUES" % name,
                  "INSERT INTO %s(a) VALUES(1)" % name,
                  "UPDATE %s SET a = a + 1" % name,
                  "DELETE FROM %s" % name,
                  "INSERT OR REPLACE INTO %s(rowid, a) VALUES(1, 1)" % name,
                  "ALTER TABLE %s ADD COLUMN z" % name]
    return found + ["VACUUM"]


def plant(path, entries):
    """Entries of sqlite_schema that SQLite itself would not write: (type,
    name, table, sql)."""
    db = sqlite3.connect(path, isolation_level=None)
    for kind, name, table, sql in entries:
        if kind == "table":  # a real one, whose text is then replaced
            db.execute("CREATE TABLE %s(a, b)" % name)
            db.execute("INSERT INTO %s VALUES(1, 2)" % name)
        if kind == "index":
            db.execute("CREATE INDEX %s ON %s(a)" % (name, table))
    db.execute("PRAGMA writable_schema = 1")
    for kind, name, table, sql in entries:
        if kind in ("table", "index"):
            db.execute("UPDATE sqlite_schema SET sql = ? WHERE name = ?",
                       (sql, name))
        else:
            db.execute("INSERT INTO sqlite_schema VALUES(?, ?, ?, 0, ?)",
                       (kind, name, table, sql))
    version = db.execute("PRAGMA schema_version").fetchone()[0]
    db.execute("PRAGMA schema_version = %d" % (version + 1))
    db.close()


def hostile(name, entries_of, some=(CALLS[0], CALLS[2], CALLS[4])):
    """Adds a test: for every call a file with these entries, opened with a
    trusted schema and without."""
    def run():
        with Box(name) as b:
            trap = trapped(b)
            runs = b.last_run().id
            for i, call in enumerate(CALLS if LONG else some):
                path = os.path.join(b.folder, "hostile-%d.db" % i)
                b.sql("VACUUM INTO ?", path)
                plant(path, entries_of(call))
                for trusted in (1, 0):
                    victim = path + ".%d" % trusted
                    shutil.copyfile(path, victim)
                    with b.host(path=victim) as host:
                        host.sql("PRAGMA trusted_schema = %d" % trusted)
                        count = "SELECT count(*) FROM ordersync_runs"
                        before = host.sql(count)
                        for sql in statements(path):
                            host.sql(sql)
                            # In a transaction fewer other things forbid it.
                            host.sql("BEGIN")
                            host.sql(sql)
                            host.sql("ROLLBACK")
                            expect(trap.count == 0, "%s called out, by way of "
                                   "%s" % (sql, call))
                        expect(host.sql(count).rows == before.rows,
                               "a run was logged")
                    expect(not os.path.exists(
                        victim + "-ordersync-open_orders.lock"),
                        "a run began by way of " + call)
            # Asked for directly, it does call: the trap works.
            with b.host() as host:
                expect(host.refresh().error, "the trap is a server")
            expect(trap.count > 0 and b.last_run().id == runs + 1,
                   "the trap caught nobody: the test proves nothing")
    run.__name__ = name
    test(run)


hostile("views_cannot_call_out", lambda call: [
    ("view", "v", "v", "CREATE VIEW v(a) AS SELECT " + call),
    ("view", "w", "w", "CREATE VIEW w(a) AS SELECT a FROM v WHERE a IS NOT "
     "NULL")], CALLS)
hostile("triggers_cannot_call_out", lambda call: [
    ("table", "t", "t", "CREATE TABLE t(a, b)"),
    ("view", "v", "v", "CREATE VIEW v(a) AS SELECT 1")] + [
    ("trigger", "on_" + when.split()[1], "t", "CREATE TRIGGER on_%s %s ON t "
     "BEGIN INSERT INTO t(b) SELECT %s; END" % (when.split()[1], when, call))
    for when in ("AFTER INSERT", "BEFORE UPDATE", "AFTER DELETE")] + [
    ("trigger", "instead", "v", "CREATE TRIGGER instead INSTEAD OF INSERT ON v "
     "BEGIN SELECT %s; END" % call)], CALLS)
hostile("generated_columns_cannot_call_out", lambda call: [
    ("table", "t", "t", "CREATE TABLE t(a, b AS (%s))" % call)])
hostile("checks_cannot_call_out", lambda call: [
    ("table", "t", "t", "CREATE TABLE t(a, b, CHECK (%s))" % call)])
hostile("defaults_cannot_call_out", lambda call: [
    ("table", "t", "t", "CREATE TABLE t(a, b DEFAULT (%s))" % call)])
hostile("partial_indexes_cannot_call_out", lambda call: [
    ("table", "t", "t", "CREATE TABLE t(a, b)"),
    ("index", "i", "t", "CREATE INDEX i ON t(a) WHERE %s" % call)])
hostile("indexes_on_expressions_cannot_call_out", lambda call: [
    ("table", "t", "t", "CREATE TABLE t(a, b)"),
    ("index", "i", "t", "CREATE INDEX i ON t(%s)" % call)])


@test
def a_dump_of_a_hostile_file_does_not_call_out():
    with Box("dump") as b:
        trap = trapped(b)
        plant(b.db_path, [("view", "v", "v", "CREATE VIEW v AS SELECT " +
                           CALLS[0])])
        Shell(b, ".dump", ".schema", ".tables")
        expect(trap.count == 0, "it called out")


@test
def a_stored_virtual_table_asks_nobody_where_the_schema_is_not_trusted():
    with Box("stored") as b, b.host() as host:
        host.ok("CREATE VIRTUAL TABLE a USING ordersync(sync=open_orders)")
        host.ok("CREATE VIRTUAL TABLE b USING "
                "ordersync(source='vwZSDOrder_Advanced')")
        expect(host.ok("SELECT count(*) FROM b").value == b.rows, "other rows")
        trap = trapped(b)
        with b.host() as victim:
            victim.ok("PRAGMA trusted_schema = OFF")
            for sql in ("SELECT * FROM a", "SELECT count(*) FROM b",
                        "SELECT 1 FROM main.b WHERE plant = 1"):
                answer = victim.sql(sql)
                expect_match("trusted_schema is OFF.*Create it as temp",
                             answer.error, sql)
            expect(trap.count == 0, "it called out")
            # What the program makes itself is its own business.
            victim.ok("CREATE VIRTUAL TABLE temp.c USING ordersync(sync="
                      "open_orders)")
            for sql in ("SELECT 1 FROM temp.c", "SELECT 1 FROM ordersync"):
                before = trap.count
                expect(victim.sql(sql).error and trap.count > before,
                       sql + " did not ask")
            victim.ok("DROP TABLE b")
        with b.host() as trusting:
            expect(trusting.sql("SELECT 1 FROM a").error and trap.count > 2,
                   "the trap caught nobody: the test proves nothing")
        b.env["ORDERSYNC_ALLOW_IN_SCHEMA"] = "yes"
        with b.host() as victim:
            victim.ok("PRAGMA trusted_schema = OFF")
            before = trap.count
            victim.sql("SELECT 1 FROM a")
            expect(trap.count > before, "the profile's word does not count")


def plant_virtual(path, tables, views=()):
    """Virtual tables of ours, as only an editor of sqlite_schema can have
    them, in the place of what has their names: name -> (arguments, columns)."""
    db = sqlite3.connect(path, isolation_level=None)
    for name, (_, columns) in tables.items():
        db.execute("DROP TABLE IF EXISTS %s" % name)
        if columns:  # as CREATE VIRTUAL TABLE would have kept them
            db.execute("CREATE TABLE %s_columns(position INTEGER PRIMARY KEY, "
                       "name, type, precision, scale, max_bytes, nullable)" %
                       name)
        for column in columns:
            db.execute("INSERT INTO %s_columns VALUES(NULL, ?, 'nvarchar', 0, "
                       "0, 80, 1)" % name, (column,))
    db.execute("PRAGMA writable_schema = 1")
    for name, (arguments, _) in tables.items():
        db.execute("INSERT INTO sqlite_schema VALUES('table', ?1, ?1, 0, ?2)",
                   (name, "CREATE VIRTUAL TABLE %s USING ordersync(%s)" %
                    (name, arguments)))
    for name, sql in dict(views).items():
        db.execute("INSERT INTO sqlite_schema VALUES('view', ?1, ?1, 0, ?2)",
                   (name, "CREATE VIEW %s AS %s" % (name, sql)))
    version = db.execute("PRAGMA schema_version").fetchone()[0]
    db.execute("PRAGMA schema_version = %d" % (version + 1))
    db.close()


LOOKS = ["PRAGMA table_list", "PRAGMA table_info(v)", "PRAGMA table_xinfo(v)",
         "SELECT * FROM customers", "PRAGMA integrity_check", "ANALYZE"]


def looked_at(name, tables):
    """Adds a test: whoever merely looks at such a file asks nobody."""
    def run():
        with Box(name) as b:
            with b.host() as host:  # what keeps the columns of s
                host.ok("CREATE VIRTUAL TABLE s USING "
                        "ordersync(source='vwZSDOrder_Advanced')")
            trap = trapped(b)
            plant_virtual(b.db_path, tables,
                          {"customers": "SELECT * FROM v"})
            with b.host() as host:
                for sql in LOOKS:
                    answer = host.sql(sql, seconds=20)
                    expect(answer.seconds < AT_ONCE, "%s took %.1f s" %
                           (sql, answer.seconds))
                    expect(trap.count == 0, sql + " called out")
            Shell(b, ".schema", ".tables", ".dump", seconds=20)
            expect(trap.count == 0, "the shell called out")
            with b.host() as host:
                host.sql("SELECT * FROM s")
            expect(trap.count > 0, "the trap caught nobody: it proves nothing")
    run.__name__ = name
    test(run)


SOURCE = "source='vwZSDOrder_Advanced'"
looked_at("a_live_table_named_as_the_configuration_is_not_read",
          {"ordersync_syncs": (SOURCE, ["name", "source", "target"]),
           "v": ("sync=x", [])})
looked_at("a_live_table_named_as_the_mapping_is_not_read",
          {"ordersync_columns": (SOURCE, [
              "sync", "position", "source_column", "target_column", "kind",
              "source_type"]), "v": ("sync=open_orders", [])})
looked_at("a_live_table_that_would_keep_columns_is_not_read",
          {"v": ("source='dbo.x'", []),
           "v_columns": (SOURCE, ["position", "name", "type", "precision",
                                  "scale", "max_bytes", "nullable"])})


@test
def a_view_named_as_the_configuration_is_not_read():
    endless = ("WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n FROM c) "
               "SELECT 'x' AS name, count(*) FROM c")
    with Box("endless") as b:
        b.sql("DROP TABLE ordersync_syncs")
        plant_virtual(b.db_path, {"v": ("sync=x", [])}, {"ordersync_syncs": endless})
        with b.host() as host:
            for sql in LOOKS + ["SELECT ordersync_sql('x')",
                                "SELECT ordersync_refresh('x')"]:
                answer = host.sql(sql, seconds=20)
                expect(answer.seconds < AT_ONCE, "%s took %.1f s" %
                       (sql, answer.seconds))
            expect_match("not installed", answer.error, "the error")
            expect_match('a view named "ordersync_syncs", where ordersync has '
                         "a table", host.sql("SELECT ordersync_install()")
                         .error, "the installer's error")


@test
def a_check_does_not_learn_the_t_sql():
    with Box("check-sql") as b:
        with b.host() as host:
            # A comment does not make a statement a PRAGMA.
            host.ok("SELECT ordersync_sql() /* PRAGMA quick_check */")
        plant(b.db_path, [("table", "t", "t", "CREATE TABLE t(a, b, CHECK "
                           "(ordersync_sql() IS NULL))")])
        with b.host() as host:
            answer = host.sql("PRAGMA integrity_check")
            expect_match("cannot run inside a PRAGMA|"  # or by SQLite itself
                         r"unsafe use of ordersync_sql\(\)", answer.error or
                         repr(answer.rows), "integrity_check")


@test
def a_mapping_of_countless_rows_is_refused_at_once():
    with Box("countless") as b, b.host() as host:
        b.sql("WITH RECURSIVE c(n) AS (SELECT 1000 UNION ALL SELECT n + 1 FROM "
              "c WHERE n < 60000) INSERT INTO ordersync_columns(sync, position,"
              " source_column, target_column, kind) SELECT 'open_orders', n, "
              "'c' || n, 'c' || n, 'string' FROM c")
        answer = host.refresh()
        expect_match("maps more than 2000 columns", answer.error, "the error")
        expect(answer.seconds < AT_ONCE, "it took %.1f s" % answer.seconds)


# ---- T-SQL from hostile configuration ----------------------------------------

NAME = r"\[(?:[^\]]|\]\])+\]"
SELECT = re.compile(r"SELECT (%s)(, %s)* FROM (%s)(\.%s){0,3}" %
                    (NAME, NAME, NAME, NAME), re.S)
PIECES = ["]", "]]", "[", "'", "''", '"', "--", "/*", "*/", ";", "\n", "\r",
          "\\", " ", ".", ",", "(", ")", "DROP TABLE x", "] FROM y --", "a",
          "é", "東", "🚚", "\u2019", "\u02bc", "\uff07", "\x01", "$", "@", "#",
          "FROM", "GO\n"]


def unquote(name):
    return name[1:-1].replace("]]", "]")


@test
def no_name_leaves_its_brackets():
    rng = random.Random(7)
    with Box("names") as b, b.host() as host:
        host.ok("INSERT INTO ordersync_syncs(name, source, target) "
                "VALUES('q', 'dbo.x', 'q')")
        host.ok("CREATE TABLE q(a, b)")
        host.ok("INSERT INTO ordersync_columns(sync, position, source_column, "
                "target_column) VALUES('q', 1, 'a', 'a'), ('q', 2, 'b', 'b')")
        made = refused = 0
        for _ in range(3000 if LONG else 400):
            name = "".join(rng.choices(PIECES, k=rng.randint(1, 6)))
            # A source that begins so is a query: T-SQL by purpose.
            as_source = rng.random() < 0.5 and not name.strip().startswith("(")
            if as_source:
                host.ok("UPDATE ordersync_syncs SET source = ? WHERE name = "
                        "'q'", name)
            else:
                host.ok("UPDATE ordersync_columns SET source_column = ? WHERE "
                        "sync = 'q' AND position = 1", name)
            answer = host.sql("SELECT ordersync_sql('q')")
            host.ok("UPDATE ordersync_syncs SET source = 'dbo.x' WHERE "
                    "name = 'q'")
            if answer.error:
                expect_match('sync "q"|source "|cannot be a name', answer.error,
                             "the error for %r" % name)
                refused += 1
                continue
            found = SELECT.fullmatch(answer.value)
            expect(found, "%r became %s" % (name, answer.value))
            expect(as_source or unquote(found.group(1)) == name,
                   "%r became %s" % (name, answer.value))
            made += 1
        expect(made > 100 and refused > 20, "%d, %d: a poor choice" %
               (made, refused))


@test
def a_nul_in_the_configuration_does_not_hide_text():
    with Box("nul") as b, b.host() as host:
        host.ok("UPDATE ordersync_syncs SET source = 'dbo.vwZSDOrder_Advanced'"
                " || char(0) || '; DROP TABLE x'")
        b.server.mark()
        host.refresh()
        for sql in b.server.sent():
            expect(sql.startswith("SELECT TOP (0) * FROM ") or
                   SELECT.fullmatch(sql), "it sent " + sql)
            expect("DROP" not in sql, "it sent " + sql)


@test
def a_nul_in_the_mapping_is_named():
    with Box("nul-column") as b, b.host() as host:
        host.ok("UPDATE ordersync_columns SET source_column = 'soldTo' || "
                "char(0) || 'x' WHERE position = 1")
        expect_match("position 1: source_column holds a NUL", host.refresh()
                     .error, "the error")


@test
def hostile_column_names_are_sent_whole_and_come_back():
    names = ["a]b", "it's", 'say "x"', "-- no", "/* no", "x; DROP TABLE y",
             "] FROM z --", "tab\tline\nend", "東京 🚚"]
    with Box("columns") as b, b.host() as host:
        quoted = ", ".join('"%s" int' % n.replace('"', '""') for n in names)
        b.server.query('CREATE TABLE "vw]Odd \'x\'"(%s);INSERT INTO '
                       '"vw]Odd \'x\'" VALUES(%s)' %
                       (quoted, ", ".join(map(str, range(len(names))))))
        host.ok("CREATE TABLE odd(%s)" % ", ".join(
            "c%d" % i for i in range(len(names))))
        host.ok("INSERT INTO ordersync_syncs(name, source, target, retries) "
                "VALUES(?, ?, 'odd', 0)", "it's", "dbo.[vw]]Odd 'x']")
        for i, name in enumerate(names):
            host.ok("INSERT INTO ordersync_columns VALUES(?, ?, ?, ?, "
                    "'integer', NULL)", "it's", i, name, "c%d" % i)
        b.server.mark()
        answer = host.sql("SELECT ordersync_refresh('it''s')")
        expect(answer.value == 1, "it failed: %s" % answer.error)
        expect(b.sql("SELECT * FROM odd") == [tuple(range(len(names)))],
               "it brought %r" % b.sql("SELECT * FROM odd"))
        sent = b.server.sent()
        expect(len(sent) == 2 and SELECT.fullmatch(sent[1]), "sent %r" % sent)
        expect([unquote(n) for n in re.findall(
            NAME, sent[1].split(" FROM [dbo]")[0])] == names, sent[1])


def misplace_row(path, table):
    """The table's third row, of few, is read by a scan and not by its row id."""
    db = sqlite3.connect(path)
    root = db.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?",
                      (table,)).fetchone()[0]
    start = (root - 1) * db.execute("PRAGMA page_size").fetchone()[0]
    db.close()
    with open(path, "r+b") as f:
        f.seek(start + 8 + 2 * 2)  # the third cell's place, behind the header
        f.seek(start + int.from_bytes(f.read(2), "big") + 1)
        f.write(b"\x4d")


@test
def a_row_that_a_damaged_file_hides_is_not_called_written():
    for key in (None, "id"):
        with Box("damaged-%s" % key, journal="delete") as b:
            b.server.query("CREATE TABLE vwFew(id int, v nvarchar(9)); INSERT "
                           "INTO vwFew VALUES(1, 'new'), (2, 'new'), (3, 'new')"
                           ", (4, 'new'), (5, 'new'), (6, 'new')")
            with b.host() as host:
                host.ok("CREATE TABLE few(id INTEGER, v TEXT)")
                host.ok("INSERT INTO few SELECT value, 'old' FROM "
                        "json_each('[1,2,3,4,5,6]')")
                host.ok("INSERT INTO ordersync_syncs(name, source, target, mode"
                        ", key, retries) VALUES('few', 'dbo.vwFew', 'few', "
                        "'diff', ?, 0)", key)
                host.ok("INSERT INTO ordersync_columns(sync, position, "
                        "source_column, target_column, kind) VALUES('few', 1, "
                        "'id', 'id', 'raw'), ('few', 2, 'v', 'v', 'raw')")
            misplace_row(b.db_path, "few")
            with b.host() as host:
                answer = host.sql("SELECT ordersync_refresh('few')")
                expect_match("6 rows were fetched, but the target would have",
                             answer.error, "key %s" % key)
                expect(b.sql("SELECT DISTINCT v FROM few") == [("old",)],
                       "rows were written")


@test
def hostile_sync_and_target_names_stay_names():
    with Box("sync-names") as b, b.host() as host:
        b.server.query("CREATE TABLE vwSimple(id int); INSERT INTO vwSimple "
                       "VALUES(1), (2)")
        for name in ("../../up", "a/b", "'; DROP TABLE open_orders; --",
                     'x"; DROP TABLE open_orders; --', "%s%n", "é\n🚚"):
            host.ok("INSERT INTO ordersync_syncs(name, source, target) "
                    "VALUES(?, 'dbo.vwSimple', ?)", name, "t" + name)
            host.ok('CREATE TABLE "t%s"(id)' % name.replace('"', '""'))
            host.ok("INSERT INTO ordersync_columns VALUES(?, 1, 'id', 'id', "
                    "'integer', NULL)", name)
            answer = host.sql("SELECT ordersync_refresh(?)", name)
            expect(answer.value == 2, "%r: %s" % (name, answer.error))
        locks = [n for n in os.listdir(b.folder) if n.endswith(".lock")]
        expect(len(locks) == 7, "the locks are %s" % locks)
        above = os.path.dirname(b.folder)  # others' folders come and go there
        for folder in (above, os.path.dirname(above)):
            expect([n for n in os.listdir(folder) if n.endswith(".lock")] == [],
                   "a file was made elsewhere")
        expect(len(b.sql("SELECT * FROM open_orders")) == b.rows,
               "open_orders was touched")


main(4)
