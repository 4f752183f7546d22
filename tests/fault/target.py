"""What the target table is like: triggers, keys, generated columns, defaults;
where it is: attached, in memory; who made it."""
import glob

from box import Box
from harness import WORK, expect, expect_match, main, test

INSERTED = "SELECT ordersync_refresh('simple')"


class SimpleBox(Box):
    """With a second sync, "simple": three rows, and a target that the test
    makes."""

    def __init__(self, name, create, old=True, target="simple", **more):
        super().__init__(name, **more)
        self.server.query("CREATE TABLE vwSimple(id int, v nvarchar(20));"
                          "INSERT INTO vwSimple VALUES(1, 'a'), (2, 'b'), "
                          "(3, NULL)")
        for sql in create:
            self.sql(sql)
        if old:
            self.sql("INSERT INTO %s(id, v) VALUES(1, 'old'), (7, 'old')" %
                     target)
        self.sql("INSERT INTO ordersync_syncs(name, source, target, retries) "
                 "VALUES('simple', 'dbo.vwSimple', ?, 0)", target)
        self.sql("INSERT INTO ordersync_columns(sync, position, source_column,"
                 " target_column, kind) VALUES('simple', 1, 'id', 'id', "
                 "'integer'), ('simple', 2, 'v', 'v', 'raw')")

    def refuses(self, category, text, setup=(), heal=None, **more):
        old = self.checksum("simple")

        def check(host):
            expect(self.checksum("simple") == old, "the old rows changed")
            if heal:
                host.ok(heal)
            answer = host.sql(INSERTED)
            expect(answer.value == 3, "the next refresh: %s" % answer.error)
            expect(self.sql("SELECT id, v FROM simple ORDER BY id") ==
                   [(1, "a"), (2, "b"), (3, None)], "it brought other rows")
        self.fails(category, 'sync "simple".*' + text, 3, refresh=INSERTED,
                   setup=setup, heal=check, **more)


PLAIN = "CREATE TABLE simple(id INTEGER PRIMARY KEY, v TEXT)"
EARLY = dict(connects=False, attempts=0)  # known before the network


# ---- triggers ---------------------------------------------------------------

def raising(how, text, name):
    def run():
        with SimpleBox(name, [
                PLAIN, "CREATE TRIGGER no_twos AFTER INSERT ON simple WHEN "
                "new.id = 2 BEGIN SELECT RAISE(%s); END" % how]) as b:
            b.refuses("local|data", text, heal="DROP TRIGGER no_twos")
    run.__name__ = name
    test(run)


raising("ABORT, 'no twos here'", r"\(row 2\).*no twos here",
        "a_trigger_that_aborts_is_quoted")
raising("FAIL, 'no twos here'", r"\(row 2\).*no twos here",
        "a_trigger_that_fails_is_quoted")
raising("ROLLBACK, 'no twos here'", r"\(row 2\).*no twos here",
        "a_trigger_that_rolls_back_is_quoted")


@test
def a_trigger_that_deletes_rows_is_noticed():
    with SimpleBox("deleting-trigger", [
            PLAIN, "CREATE TRIGGER eats AFTER INSERT ON simple WHEN new.id = 2 "
            "BEGIN DELETE FROM simple WHERE id = 2; END"]) as b:
        b.refuses("data", "3 rows were fetched, but the target would have 2; "
                  "does a trigger", heal="DROP TRIGGER eats")


@test
def a_trigger_that_ignores_rows_is_noticed():
    with SimpleBox("ignoring-trigger", [
            PLAIN, "CREATE TRIGGER skips BEFORE INSERT ON simple WHEN "
            "new.id = 2 BEGIN SELECT RAISE(IGNORE); END"]) as b:
        b.refuses("data", r"3 rows were fetched, but the target would have 2 "
                  r"\(row 2 was not inserted\); does a trigger, or a "
                  "constraint with ON CONFLICT", heal="DROP TRIGGER skips")


@test
def a_trigger_that_only_looks_on_is_left_in_peace():
    with SimpleBox("audit-trigger", [
            PLAIN, "CREATE TABLE audit(id)", "CREATE TRIGGER notes AFTER "
            "INSERT ON simple BEGIN INSERT INTO audit VALUES(new.id); END"],
            ) as b, b.host() as host:
        b.sql("DELETE FROM audit")
        expect(host.ok(INSERTED).value == 3, "other rows")
        expect(len(b.sql("SELECT * FROM audit")) == 3, "it did not fire")


# ---- foreign keys -----------------------------------------------------------

def child(action):
    return ["PRAGMA foreign_keys = 1", PLAIN,
            "CREATE TABLE child(id INTEGER PRIMARY KEY, simple_id INTEGER "
            "REFERENCES simple(id) %s)" % action]


for action in ("CASCADE", "SET NULL", "SET DEFAULT"):
    def run(action=action):
        with SimpleBox("fk-" + action.replace(" ", "-"),
                       child("ON DELETE " + action)) as b:
            b.sql("INSERT INTO child VALUES(1, 1)")
            b.refuses("config", '"child" points at "simple" with ON DELETE %s'
                      ".*use mode 'diff' with a key" % action,
                      setup=["PRAGMA foreign_keys = 1"], **EARLY,
                      heal="UPDATE ordersync_syncs SET mode = 'diff', "
                      "key = 'id' WHERE name = 'simple'")
            expect(b.sql("SELECT * FROM child") == [(1, 1)],
                   "the child was touched")
    run.__name__ = ("children_with_on_delete_%s_are_protected" %
                    action.replace(" ", "_").lower())
    test(run)


@test
def children_without_an_action_need_only_be_right_at_commit():
    with SimpleBox("fk-deferred", child("")) as b, b.host() as host:
        b.sql("INSERT INTO child VALUES(1, 1)")
        host.ok("PRAGMA foreign_keys = 1")
        expect(host.ok(INSERTED).value == 3, "other rows")
        expect(b.sql("PRAGMA foreign_key_check") == [], "a key is broken")


@test
def children_that_would_lose_their_parent_stop_the_refresh():
    with SimpleBox("fk-broken", child("")) as b:
        b.sql("INSERT INTO simple VALUES(9, 'old')")
        b.sql("INSERT INTO child VALUES(1, 9)")
        b.refuses("local", "FOREIGN KEY constraint failed",
                  setup=["PRAGMA foreign_keys = 1"], heal="DELETE FROM child")


@test
def children_that_lose_their_parent_are_told_of_by_a_dry_run():
    with SimpleBox("fk-dry", child("")) as b, b.host() as host:
        b.sql("INSERT INTO simple VALUES(9, 'old')")
        b.sql("INSERT INTO child VALUES(4, 9)")
        host.ok("PRAGMA foreign_keys = 1")
        for options in ("{}", '{"dry_run":true}', '{"mode":"diff"}'):
            answer = host.sql("SELECT ordersync_refresh('simple', ?)", options)
            expect_match('FOREIGN KEY constraint failed: row 4 of "child" '
                         'would point at a row that "simple" does not have',
                         answer.error, options)
        expect(b.sql("SELECT count(*) FROM simple") == [(3,)], "rows changed")


@test
def children_may_be_wrong_for_a_moment_in_a_callers_transaction_too():
    with SimpleBox("fk-nested", child("")) as b, b.host() as host:
        def deferred():
            return host.ok("PRAGMA defer_foreign_keys").value
        b.sql("INSERT INTO child VALUES(1, 1)")
        host.ok("PRAGMA foreign_keys = 1")
        host.ok("BEGIN")
        expect(host.ok(INSERTED).value == 3, "other rows")
        expect(deferred() == 0, "the caller's setting changed")
        expect_match("FOREIGN KEY", host.sql(
            "INSERT INTO child VALUES(2, 77)").error, "the caller's own key")
        b.server.query("DELETE FROM vwSimple WHERE id = 1")
        expect_match('FOREIGN KEY constraint failed: row 1 of "child"',
                     host.sql(INSERTED).error, "the error")
        expect(deferred() == 0, "the caller's setting changed by a failure")
        expect(host.ok("SELECT count(*) FROM simple").value == 3,
               "the failure was not undone")
        host.ok("COMMIT")
        expect(b.sql("PRAGMA foreign_key_check") == [], "a key is broken")
        host.ok("BEGIN")
        host.ok("PRAGMA defer_foreign_keys = 1")
        expect(host.ok(INSERTED).value == 2, "other rows")
        expect(deferred() == 1, "the caller's setting changed")
        expect_match("FOREIGN KEY", host.sql("COMMIT").error, "the commit")
        host.ok("DELETE FROM child")
        host.ok("COMMIT")


@test
def a_caller_that_owes_a_key_still_owes_it_afterwards():
    with SimpleBox("fk-owing", child("DEFERRABLE INITIALLY DEFERRED")) as b, \
            b.host() as host:
        host.ok("PRAGMA foreign_keys = 1")
        host.ok("BEGIN")
        host.ok("INSERT INTO child VALUES(5, 77)")
        expect(host.ok(INSERTED).value == 3, "other rows")
        expect_match("FOREIGN KEY", host.sql("COMMIT").error, "the commit")
        host.ok("DELETE FROM child WHERE id = 5")
        host.ok("COMMIT")


@test
def what_a_caller_owes_hides_no_key_that_the_refresh_breaks():
    owed = "CREATE TABLE other(at INTEGER REFERENCES simple(id) " \
           "DEFERRABLE INITIALLY DEFERRED)"
    with SimpleBox("fk-both", child("") + [owed]) as b, b.host() as host:
        b.sql("INSERT INTO child VALUES(1, 7)")  # which the source has not
        host.ok("PRAGMA foreign_keys = 1")
        host.ok("BEGIN")
        host.ok("INSERT INTO other VALUES(77)")
        expect(host.ok(INSERTED).value == 3, "other rows")
        host.ok("DELETE FROM other")
        expect_match("FOREIGN KEY", host.sql("COMMIT").error, "the commit")
        host.ok("ROLLBACK")


@test
def diff_without_a_key_spares_no_children():
    with SimpleBox("fk-keyless", child("ON DELETE CASCADE")) as b:
        b.sql("INSERT INTO child VALUES(1, 1)")
        b.sql("UPDATE ordersync_syncs SET mode = 'diff', key = ' ' "
              "WHERE name = 'simple'")
        b.refuses("config", "mode 'diff' without a key deletes every row that "
                  "changed; use mode 'diff' with a key", **EARLY,
                  setup=["PRAGMA foreign_keys = 1"],
                  heal="UPDATE ordersync_syncs SET key = 'id' "
                  "WHERE name = 'simple'")
        expect(b.sql("SELECT * FROM child") == [(1, 1)], "the child is gone")


def attach(b, host):
    """From now on the target, and what b.sql() looks at, is in aux.db."""
    b.db_path = b.db_path.replace("orders.db", "aux.db")
    b.sql(PLAIN)
    host.ok("ATTACH ? AS aux", b.db_path)
    host.ok("SELECT * FROM aux.simple")
    host.ok("UPDATE ordersync_syncs SET target = 'aux.simple'")


def changed_meanwhile(name, change, text, value, mode="replace",
                      attached=False):
    """The change is made while the rows are being fetched."""
    def run():
        with SimpleBox(name, [PLAIN], old=False) as b, b.host() as host:
            host.ok("PRAGMA foreign_keys = 1")
            if attached:
                attach(b, host)
            b.sql("INSERT INTO simple VALUES(1, 'old')")
            host.ok("UPDATE ordersync_syncs SET mode = ?, key = 'id' "
                    "WHERE name = 'simple'", mode)
            b.server.faults("when=batch match=vwSimple skip=1 do=hold")
            b.server.mark()
            host.start(INSERTED)
            b.server.wait_for_fetch()
            for sql in change:
                b.sql(sql)
            b.server.faults()
            answer = host.answer()
            if text:
                expect_match(text, answer.error, "the error")
            else:
                expect(answer.value == 3, answer.error)
            expect(b.sql("SELECT * FROM simple ORDER BY id LIMIT 1") == value,
                   "now there: %r" % b.sql("SELECT * FROM simple"))
            if "child" in change[0]:
                expect(b.sql("SELECT count(*) FROM child") == [(1,)],
                       "the child was touched")
    run.__name__ = name
    test(run)


changed_meanwhile(
    "children_that_come_while_the_rows_are_fetched_are_protected",
    ["CREATE TABLE child(s REFERENCES simple ON DELETE CASCADE)",
     "INSERT INTO child VALUES(1)"],
    "replace mode deletes every row.*changed while the rows", [(1, "old")])
changed_meanwhile(
    "children_that_come_to_an_attached_table_are_protected",
    ["CREATE TABLE child(s REFERENCES simple ON DELETE CASCADE)",
     "INSERT INTO child VALUES(1)"],
    "replace mode deletes every row.*changed while the rows", [(1, "old")],
    attached=True)
changed_meanwhile(
    "a_table_that_is_made_anew_while_the_rows_are_fetched_is_looked_at",
    ["DROP TABLE simple", "CREATE TABLE simple(id, v, rowid DEFAULT 5)",
     "INSERT INTO simple(id) VALUES(1), (2), (9)"], None, [(1, "a", 5)],
    mode="diff")

changed_meanwhile(
    "a_row_id_that_the_table_has_got_while_rows_are_fetched_is_not_made_up",
    ["DROP TABLE simple", "CREATE TABLE simple(id, v INTEGER PRIMARY KEY)",
     "INSERT INTO simple VALUES(1, 7)"],
    r'\(row 3\): "v" is NULL, which the INTEGER PRIMARY KEY of "simple"',
    [(1, 7)], mode="diff")


# ---- columns ----------------------------------------------------------------

@test
def a_generated_column_beside_the_mapped_ones_follows():
    with SimpleBox("generated", [
            "CREATE TABLE simple(id INTEGER PRIMARY KEY, v TEXT, "
            "w AS (upper(v)) STORED, x AS (id + 1))"]) as b, \
            b.host() as host:
        expect(host.ok(INSERTED).value == 3, "other rows")
        expect(b.sql("SELECT w, x FROM simple ORDER BY id") ==
               [("A", 2), ("B", 3), (None, 4)], "wrong generated values")


@test
def a_generated_column_cannot_be_mapped():
    with SimpleBox("generated-mapped", [
            "CREATE TABLE simple(id INTEGER PRIMARY KEY, v TEXT AS ('x'))",
            "CREATE TABLE other(id INTEGER PRIMARY KEY, v TEXT)"],
            old=False) as b:
        b.sql("INSERT INTO simple(id) VALUES(7)")

        def mend(host):
            host.ok("UPDATE ordersync_syncs SET target = 'other' "
                    "WHERE name = 'simple'")
            expect(host.ok(INSERTED).value == 3, "other rows")
        b.fails("config", 'target column "simple"."v" is generated', 1,
                refresh=INSERTED, heal=mend, **EARLY)
        expect(b.sql("SELECT id FROM simple") == [(7,)], "the row changed")


@test
def a_not_null_column_without_a_value_is_named_before_the_network():
    with SimpleBox("not-null", [
            "CREATE TABLE simple(id INTEGER PRIMARY KEY, v TEXT, must TEXT "
            "NOT NULL DEFAULT 'x')"]) as b:
        b.sql("CREATE TABLE new AS SELECT * FROM simple")
        b.sql("DROP TABLE simple")
        b.sql("CREATE TABLE simple(id INTEGER PRIMARY KEY, v TEXT, must TEXT "
              "NOT NULL)")
        b.sql("INSERT INTO simple SELECT * FROM new")
        b.refuses("config", '"simple"."must" is NOT NULL, has no default',
                  heal="ALTER TABLE simple DROP COLUMN must", **EARLY)


@test
def a_key_that_is_no_row_id_needs_a_value():
    with SimpleBox("no-rowid-key", [
            "CREATE TABLE simple(pk INTEGER PRIMARY KEY DEFAULT 7, id INT, v) "
            "WITHOUT ROWID"], old=False) as b:
        b.sql("INSERT INTO simple(id, v) VALUES(1, 'old')")
        b.sql("DROP TABLE simple")
        b.sql("CREATE TABLE simple(pk INTEGER PRIMARY KEY, id INT, v) "
              "WITHOUT ROWID")
        old = b.sql("PRAGMA table_info(simple)")
        with b.host() as host:
            mark = len(b.server.log())
            expect_match('"simple"."pk" is NOT NULL, has no default',
                         host.sql(INSERTED).error, "the error")
            expect(len(b.server.log()) == mark, "the server was asked")
        expect(b.sql("PRAGMA table_info(simple)") == old, "the table changed")


@test
def a_null_for_a_not_null_column_names_the_row():
    with SimpleBox("null-value", [
            "CREATE TABLE simple(id INTEGER PRIMARY KEY, v TEXT NOT NULL)"],
            ) as b:
        def mend(host):
            b.server.query("UPDATE vwSimple SET v = 'c' WHERE v IS NULL")
            expect(host.ok(INSERTED).value == 3, "other rows")
        old = b.checksum("simple")
        b.fails("local", r'sync "simple" \(row 3\).*NOT NULL constraint '
                r"failed: simple\.v", 3, refresh=INSERTED, heal=mend)
        expect(b.checksum("simple") != old, "the new rows did not come")


@test
def a_unique_index_that_is_violated_names_the_row():
    with SimpleBox("unique", [
            PLAIN, "CREATE UNIQUE INDEX one_each ON simple(v COLLATE nocase) "
            "WHERE v <> 'old'"]) as b:
        b.server.query("UPDATE vwSimple SET v = 'A' WHERE id = 2")

        def mend(host):
            b.server.query("UPDATE vwSimple SET v = 'b' WHERE id = 2")
            expect(host.ok(INSERTED).value == 3, "other rows")
        b.fails("local", r"\(row 2\).*UNIQUE constraint failed", 3,
                refresh=INSERTED, heal=mend)


@test
def a_check_that_is_violated_names_the_row():
    with SimpleBox("check", [
            "CREATE TABLE simple(id INTEGER PRIMARY KEY, v TEXT, "
            "CONSTRAINT small CHECK(id <> 3))"]) as b:
        def mend(host):
            b.server.query("DELETE FROM vwSimple WHERE id = 3")
            expect(host.ok(INSERTED).value == 2, "other rows")
        b.fails("local", r"\(row 3\).*CHECK constraint failed: small", 3,
                refresh=INSERTED, heal=mend)


# ---- what a difference is written to ----------------------------------------

@test
def a_null_for_the_integer_primary_key_is_an_error():
    """SQLite would make up a number, in mode diff another one at each run."""
    with SimpleBox("null-key", [PLAIN]) as b, b.host() as host:
        old = b.checksum("simple")
        b.server.query("UPDATE vwSimple SET id = NULL WHERE id = 2")
        for options in ('{"mode":"replace"}', '{"mode":"diff"}',
                        '{"mode":"diff","key":"v"}', '{"dry_run":true}'):
            answer = host.sql("SELECT ordersync_refresh('simple', ?)", options)
            expect_match(r'sync "simple", column "id" \(row 2\): NULL cannot '
                         'become an INTEGER PRIMARY KEY',
                         answer.error, "the error under " + options)
            expect(b.checksum("simple") == old, "the old rows changed")
            b.expect_logged("data", 'NULL cannot become')
        b.server.query("UPDATE vwSimple SET id = 2 WHERE id IS NULL")
        expect(host.ok(INSERTED).value == 3, "other rows")


class DiffBox(SimpleBox):
    """In mode diff, refreshed once, in a program of its own."""

    def __init__(self, name, create, key="id", first=True):
        super().__init__(name, create, old=False)
        self.sql("UPDATE ordersync_syncs SET mode = 'diff', key = ? WHERE "
                 "name = 'simple'", key)
        self.program = self.host()
        if first:
            expect(self.program.ok(INSERTED).value == 3, "the first refresh")

    def again(self, updated):
        answer = self.program.sql(INSERTED)
        expect(answer.error is None, answer.error)
        now = self.sql("SELECT id, v FROM simple ORDER BY id, v")
        wanted = self.source()
        expect(now == wanted, "not the server's rows: %r" % now)
        counts = self.sql("SELECT rows_inserted, rows_updated, rows_deleted "
                          "FROM ordersync_runs ORDER BY id DESC LIMIT 1")
        expect(counts == [(0, updated, 0)], "logged: %r" % counts)

    def source(self):
        return self.server.run("SELECT id, v FROM vwSimple ORDER BY id, v")

    def stays(self, text):
        """The refresh must fail, and every row stay."""
        old = self.checksum("simple")
        expect_match(text, self.program.sql(INSERTED).error, "the error")
        expect(self.checksum("simple") == old, "the rows changed")
        expect(self.last_run().status == "error", "logged as a success")

    def swap(self):
        self.server.query("UPDATE vwSimple SET v = CASE v WHEN 'a' THEN 'b' "
                          "ELSE 'a' END WHERE id < 3")

    def close(self):
        self.program.close()
        super().close()


@test
def a_deadline_that_passes_while_rows_are_written_ends_the_run():
    with SimpleBox("slow", [
            PLAIN, "CREATE TRIGGER naps AFTER INSERT ON simple BEGIN "
            "SELECT nap(1.1); END"], old=False) as b, b.host() as host:
        error = host.sql("SELECT ordersync_refresh('simple', "
                         "'{\"query_timeout\":3}')").error
        expect_match("deadline passed while writing.*query_timeout", error,
                     "the error")
        expect(b.sql("SELECT count(*) FROM simple") == [(0,)], "rows came")
        run = b.last_run()
        expect((run.status, run.error_category, run.rows) ==
               ("error", "timeout", None), "logged as %s" % vars(run))


@test
def rows_that_share_a_key_are_told_apart():
    """The very same row is kept, wherever it stands."""
    with DiffBox("same-key", ["CREATE TABLE simple(id INT, v TEXT, note)"]) \
            as b:
        b.server.query("DELETE FROM vwSimple; INSERT INTO vwSimple VALUES"
                       "(1, 'a'), (1, 'b'), (1, 'c'), (2, 'a'), (2, 'a')")
        expect(b.program.ok(INSERTED).value == 5, "other rows")
        b.sql("UPDATE simple SET note = id || v")
        b.server.query("DELETE FROM vwSimple; INSERT INTO vwSimple VALUES"
                       "(2, 'a'), (1, 'c'), (1, 'b'), (2, 'a'), (1, 'a')")
        b.again(updated=0)
        b.server.query("UPDATE vwSimple SET v = 'B' WHERE v = 'b'")
        b.again(updated=1)
        expect(b.sql("SELECT v, note FROM simple ORDER BY note") ==
               [("a", "1a"), ("B", "1b"), ("c", "1c"), ("a", "2a"),
                ("a", "2a")], "another row was updated")


@test
def unique_values_that_rows_exchange_are_written():
    with DiffBox("swap", [
            "CREATE TABLE simple(id INT, v TEXT UNIQUE, note DEFAULT 'none', "
            "w AS (upper(v)) STORED, created_at, updated_at)"]) as b:
        b.sql("UPDATE simple SET note = 'mine' WHERE id = 1")
        b.sql("UPDATE simple SET note = x'00ff' WHERE id = 2")
        b.sql("UPDATE simple SET rowid = rowid + 100")
        b.sql("UPDATE simple SET created_at = 'then', updated_at = 'then'")
        b.swap()
        b.again(updated=2)
        expect(b.sql("SELECT rowid, id, v, note, w, created_at, "
                     "updated_at = 'then' FROM simple ORDER BY id") ==
               [(101, 1, "b", "mine", "B", "then", 0),
                (102, 2, "a", b"\0\xff", "A", "then", 0),
                (103, 3, None, "none", None, "then", 1)],
               "the rows' other values did not stay")
        old = b.checksum("simple")
        b.again(updated=0)
        expect(b.checksum("simple") == old, "something was written")


@test
def unique_values_that_move_through_many_rows_are_written():
    with DiffBox("chain", ["CREATE TABLE simple(id INTEGER PRIMARY KEY, v "
                           "TEXT UNIQUE, note)"]) as b:
        b.server.query(
            "DELETE FROM vwSimple; WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL "
            "SELECT n + 1 FROM c WHERE n < 3000) INSERT INTO vwSimple "
            "SELECT n, 'v' || n FROM c")
        expect(b.program.ok(INSERTED).value == 3000, "other rows")
        b.sql("UPDATE simple SET note = id")
        b.server.query("UPDATE vwSimple SET v = 'v' || (id + 1)")
        b.again(updated=3000)
        b.server.query("UPDATE vwSimple SET v = 'v' || id")
        b.again(updated=3000)
        b.server.query("UPDATE vwSimple SET v = 'v' || (id * 7 % 3001)")
        b.again(updated=3000)  # 3001 is a prime: in cycles, no row stays
        expect(b.sql("SELECT count(*) FROM simple WHERE note = id") ==
               [(3000,)], "the rows' other values did not stay")


@test
def primary_keys_that_rows_exchange_are_written():
    with DiffBox("swap-key", [
            "CREATE TABLE simple(id INTEGER PRIMARY KEY, v TEXT, note)"],
            key="v") as b:
        b.sql("UPDATE simple SET note = v")
        b.swap()
        b.again(updated=2)
        expect(b.sql("SELECT count(*) FROM simple WHERE note IS v") ==
               [(3,)], "the rows' other values did not stay")


def swap_on_conflict(how):
    def run():
        with DiffBox("swap-" + how.lower(), [
                "CREATE TABLE simple(id INTEGER PRIMARY KEY, v TEXT UNIQUE ON "
                "CONFLICT %s)" % how]) as b:
            b.swap()
            b.again(updated=2)
    run.__name__ = "on_conflict_%s_loses_no_exchanged_value" % how.lower()
    test(run)


for how in ("ROLLBACK", "ABORT", "FAIL", "IGNORE", "REPLACE"):
    swap_on_conflict(how)


@test
def a_trigger_whose_own_table_rolls_back_ends_the_run():
    """A value is taken there, too; but nothing can be tried again."""
    with DiffBox("rolls-back", [
            PLAIN, "CREATE TABLE seen(x UNIQUE ON CONFLICT ROLLBACK)",
            "INSERT INTO seen VALUES(2)", "CREATE TRIGGER sees AFTER UPDATE "
            "ON simple BEGIN INSERT INTO seen VALUES(new.id); END"]) as b:
        b.server.query("UPDATE vwSimple SET v = 'z' WHERE id < 3")
        b.stays(r"\(row 2\).*UNIQUE constraint failed: seen.x")


@test
def an_update_that_a_constraint_ignores_is_an_error():
    with DiffBox("ignore-null", [
            "CREATE TABLE simple(id INTEGER PRIMARY KEY, v TEXT NOT NULL ON "
            "CONFLICT IGNORE)"], first=False) as b:
        b.server.query("UPDATE vwSimple SET v = 'c' WHERE v IS NULL")
        expect(b.program.ok(INSERTED).value == 3, "other rows")
        b.server.query("UPDATE vwSimple SET v = NULL WHERE id = 2")
        b.stays(r"\(row 2, id 2\): the row was not updated.*ON CONFLICT "
                "IGNORE")


@test
def a_constraint_that_replaces_nulls_still_may():
    with DiffBox("replace-null", [
            "CREATE TABLE simple(id INTEGER PRIMARY KEY, v TEXT NOT NULL ON "
            "CONFLICT REPLACE DEFAULT 'x')"]) as b:
        b.server.query("UPDATE vwSimple SET v = NULL WHERE id = 2")
        expect(b.program.ok(INSERTED).value == 3, "other rows")
        expect(b.sql("SELECT v FROM simple ORDER BY id") ==
               [("a",), ("x",), ("x",)], "the default did not come")


def ignored_by_a_trigger(verb, change, text):
    def run():
        with DiffBox("ignored-" + verb.lower(), [PLAIN]) as b:
            b.sql("CREATE TRIGGER skips BEFORE %s ON simple BEGIN "
                  "SELECT RAISE(IGNORE); END" % verb)
            b.server.query(change)
            b.stays(text + r".*RAISE\(IGNORE\)")
            b.sql("DROP TRIGGER skips")
            expect(b.program.sql(INSERTED).error is None, "the next refresh")
            expect(b.sql("SELECT id, v FROM simple ORDER BY id") == b.source(),
                   "other rows")
    run.__name__ = ("a_trigger_that_ignores_a_%s_of_a_difference_is_noticed" %
                    verb.lower())
    test(run)


ignored_by_a_trigger("UPDATE", "UPDATE vwSimple SET v = 'z' WHERE id = 2",
                     r"\(row 2, id 2\): the row was not updated")
ignored_by_a_trigger("INSERT", "INSERT INTO vwSimple VALUES(4, 'd')",
                     r"\(row 4, id 4\): the row was not inserted")
ignored_by_a_trigger("DELETE", "DELETE FROM vwSimple WHERE id = 2",
                     "the row with rowid 2 was not deleted")


@test
def a_row_that_a_trigger_keeps_from_an_exchange_is_named_by_its_key():
    with DiffBox("kept", [
            "CREATE TABLE simple(id INT, v TEXT UNIQUE)",
            "CREATE TRIGGER keep BEFORE DELETE ON simple BEGIN "
            "SELECT RAISE(IGNORE); END"]) as b:
        b.swap()
        b.stays(r"\(row 1, id 1\): the row was not updated")


@test
def a_row_that_was_not_written_is_named_by_a_key_of_any_type():
    """A long one is cut, at a character's end."""
    with DiffBox("named", ["CREATE TABLE simple(id INT, v TEXT)"],
                 key="v") as b:
        b.server.query("DROP TABLE vwSimple; CREATE TABLE vwSimple(id int, v "
                       "nvarchar(60)); INSERT INTO vwSimple VALUES(1, 'a'), "
                       "(2, 'a%s'), (3, NULL)" % ("\u00e4" * 40))
        expect(b.program.ok(INSERTED).value == 3, "other rows")
        b.sql("CREATE TRIGGER skips BEFORE UPDATE ON simple BEGIN "
              "SELECT RAISE(IGNORE); END")
        for row, key in ((1, "'a'"), (2, "'a%s'" % ("\u00e4" * 29)),
                         (3, "NULL")):
            b.server.query("UPDATE vwSimple SET id = -id WHERE id = %d" % row)
            b.stays(r"\(row %d, v %s\): the row was not updated" % (row, key))
            b.server.query("UPDATE vwSimple SET id = -id WHERE id < 0")


@test
def values_are_not_exchanged_at_the_cost_of_children():
    with DiffBox("swap-child", [
            "CREATE TABLE simple(id INTEGER PRIMARY KEY, v TEXT UNIQUE)",
            "CREATE TABLE child(s REFERENCES simple ON DELETE CASCADE)"]) as b:
        b.sql("INSERT INTO child VALUES(1), (2)")
        b.program.ok("PRAGMA foreign_keys = 1")
        b.server.query("UPDATE vwSimple SET v = CASE id WHEN 1 THEN 'b' ELSE "
                       "'c' END WHERE id < 3")
        b.again(updated=2)  # no exchange: one after the other
        b.server.query("UPDATE vwSimple SET v = CASE id WHEN 1 THEN 'c' ELSE "
                       "'b' END WHERE id < 3")
        b.stays('2 rows exchange values of a UNIQUE column.*"child"')
        expect(b.sql("SELECT count(*) FROM child") == [(2,)], "a child went")
        b.program.ok("PRAGMA foreign_keys = 0")
        b.again(updated=2)
        expect(b.sql("SELECT count(*) FROM child") == [(2,)], "a child went")


def hides_rowid(name, columns):
    """Columns, mapped or not, that are called what the row id is called."""
    def run():
        with DiffBox(name, ["CREATE TABLE simple(id INT, v TEXT, %s)" %
                            columns]) as b:
            b.server.query("UPDATE vwSimple SET v = 'z' WHERE id = 1")
            b.again(updated=1)
            b.server.query("UPDATE vwSimple SET v = 'y' WHERE id = 3")
            b.again(updated=1)
    run.__name__ = name
    test(run)


hides_rowid("an_unmapped_column_called_rowid_is_not_the_row_id",
            "rowid INT DEFAULT 5")
hides_rowid("the_third_name_of_the_row_id_will_do", "rowid, _ROWID_")
hides_rowid("generated_columns_called_like_row_ids_are_not_row_ids",
            "ROWID AS (5), oid INT AS (6) STORED")
hides_rowid("an_integer_primary_key_is_the_row_id_where_all_names_are_hidden",
            "rowid INT DEFAULT 5, oid DEFAULT 5, _rowid_ DEFAULT 5, "
            "\"my \"\"id\" INTEGER PRIMARY KEY")


def refuses_to_compare(name, create, text):
    def run():
        with SimpleBox(name[:12], [create]) as b:
            b.sql("UPDATE ordersync_syncs SET mode = 'diff', key = 'id' WHERE "
                  "name = 'simple'")
            with b.host() as host:
                mark = len(b.server.log())
                expect_match(text, host.sql(INSERTED).error, "the error")
                expect(len(b.server.log()) == mark, "the server was asked")
                expect(b.sql("SELECT id, v FROM simple") ==
                       [(1, "old"), (7, "old")], "the rows changed")
                host.ok("UPDATE ordersync_syncs SET mode = 'replace'")
                expect(host.ok(INSERTED).value == 3, "other rows")
    run.__name__ = name
    test(run)


refuses_to_compare(
    "row_ids_without_a_name_are_refused_before_the_network",
    "CREATE TABLE simple(id INT, v, rowid DEFAULT 5, oid, _rowid_, "
    "PRIMARY KEY(id, v))",
    "columns called rowid, _rowid_ and oid.*hide its row ids")
refuses_to_compare(
    "a_table_without_row_ids_is_refused_before_the_network",
    "CREATE TABLE simple(id INTEGER PRIMARY KEY, v TEXT) WITHOUT ROWID",
    "\"simple\" is WITHOUT ROWID: mode 'diff' needs row ids")


@test
def a_strict_table_takes_any_value_as_it_is():
    with DiffBox("strict-any", [
            "CREATE TABLE simple(id INTEGER PRIMARY KEY, v ANY) STRICT"],
            first=False) as b:
        b.server.query("UPDATE vwSimple SET v = '00' || id")
        expect(b.program.ok(INSERTED).value == 3, "other rows")
        b.again(updated=0)
        b.sql("UPDATE ordersync_syncs SET key = 'v'")
        b.again(updated=0)


@test
def a_strict_table_refuses_a_value_by_name():
    with DiffBox("strict-int", [
            "CREATE TABLE simple(id INTEGER PRIMARY KEY, v INT) STRICT"],
            first=False) as b:
        b.server.query("UPDATE vwSimple SET v = '00' || id")
        expect(b.program.ok(INSERTED).value == 3, "other rows")
        b.sql("UPDATE simple SET v = 7 WHERE id = 2")
        b.program.ok(INSERTED)
        expect(b.sql("SELECT v FROM simple") == [(1,), (2,), (3,)], "rows")
        b.server.query("UPDATE vwSimple SET v = '2e' WHERE id = 2")
        b.stays(r"\(row 2\).*cannot store TEXT value in INT column simple\.v")


# ---- where ------------------------------------------------------------------

@test
def a_target_in_an_attached_database_is_kept_and_filled():
    with SimpleBox("attached", [PLAIN]) as b, b.host() as host:
        b.stamp(2)
        aux = b.db_path.replace("orders.db", "aux.db")
        host.ok("ATTACH ? AS aux", aux)
        host.ok("CREATE TABLE aux.simple(id INTEGER PRIMARY KEY, v TEXT)")
        host.ok("INSERT INTO aux.simple VALUES(8, 'old')")
        host.ok("UPDATE ordersync_syncs SET target = 'aux.simple'")
        b.server.faults("when=batch match=vwSimple do=reset")
        answer = host.sql(INSERTED)
        expect_match("broke", answer.error, "the error")
        expect(host.ok("SELECT v FROM aux.simple").rows == [["old"]],
               "the old row did not stay")
        b.server.faults()
        expect(host.ok(INSERTED).value == 3, "other rows")
        expect(host.ok("SELECT count(*) FROM aux.simple").value == 3, "rows")
        expect(host.ok("SELECT v FROM main.simple WHERE id = 1").value ==
               "old", "the table of the same name in main was written")
        host.ok("DETACH aux")
        expect_match('there is no attached database "aux"', host.sql(INSERTED).error,
                     "the error")


def nameless(path, name):
    def run():
        with Box(name) as b, b.host(path=path) as host:
            host.ok("SELECT ordersync_install()")
            host.ok("UPDATE ordersync_syncs SET retries = 0")
            b.server.faults("when=batch match=[soldTo] do=reset")
            expect_match("broke", host.refresh().error, "the error")
            b.server.faults()
            expect(host.refresh().value == b.rows, "other rows")
            b.server.faults("when=batch match=[soldTo] after_rows=9 do=cut")
            expect_match("broke", host.refresh().error, "the error")
            expect(host.ok("SELECT count(*) FROM open_orders").value == b.rows,
                   "the old rows did not stay")
            statuses = host.ok("SELECT group_concat(status) FROM (SELECT "
                               "status FROM ordersync_runs ORDER BY "
                               "id)").value
            expect(statuses == "error,success,error", "logged: %s" % statuses)
            expect(not glob.glob(WORK + "/a-name*"), "a file was made")
    run.__name__ = name
    test(run)


nameless(":memory:", "a_database_in_memory_is_refreshed_and_kept")
nameless("", "a_temporary_database_is_refreshed_and_kept")
# In memory as well, though SQLite tells a path.
nameless("file:%s/a-name?vfs=memdb" % WORK,
         "a_database_in_memory_may_have_a_name")


@test
def a_table_made_by_a_rails_migration_is_kept():
    with Box("rails") as b:
        columns = b.sql("SELECT name, type FROM pragma_table_info("
                        "'open_orders') WHERE name NOT IN ('id', 'created_at',"
                        " 'updated_at')")
        rails = ('CREATE TABLE "open_orders" ("id" integer PRIMARY KEY '
                 "AUTOINCREMENT NOT NULL, %s, \"note\" varchar DEFAULT 'none' "
                 'NOT NULL, "created_at" datetime(6) NOT NULL, "updated_at" '
                 "datetime(6) NOT NULL)" % ", ".join(
                     '"%s" %s' % (n, "varchar" if t == "TEXT" else "integer")
                     for n, t in columns))
        b.sql("DROP TABLE open_orders")
        b.sql(rails)
        b.sql('CREATE INDEX "of_rails" ON "open_orders" ("material")')
        b.sql("INSERT INTO open_orders(sales_doc, created_at, updated_at) "
              "VALUES('old', 1, 1)")
        schema = b.sql("SELECT sql FROM sqlite_schema WHERE tbl_name = "
                       "'open_orders' AND sql IS NOT NULL ORDER BY name")
        with b.host() as host:
            host.ok("SELECT ordersync_install()")
        b.server.faults("when=batch match=[soldTo] after_rows=9 do=reset")
        b.fails("network", "broke", 3, heal=lambda _: b.server.faults())
        now = b.sql("SELECT sql FROM sqlite_schema WHERE tbl_name = "
                    "'open_orders' AND sql IS NOT NULL ORDER BY name")
        expect(set(schema) <= set(now), "the migration's schema was changed")
        expect(b.sql("SELECT count(*) FROM open_orders WHERE note = 'none' AND"
                     " created_at LIKE '____-__-__ __:__:__.______'")
               == [(b.rows,)], "Rails could not read the rows")


main(6)
