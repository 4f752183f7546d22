"""What the target table is like: triggers, keys, generated columns, defaults;
where it is: attached, in memory; who made it."""
from box import Box
from harness import expect, expect_match, main, test

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
        b.refuses("data", "3 rows were fetched, but the target would have 2",
                  heal="DROP TRIGGER skips")


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
                      ".*use mode 'diff'" % action,
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
        expect_match("no such attached database", host.sql(INSERTED).error,
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
    run.__name__ = name
    test(run)


nameless(":memory:", "a_database_in_memory_is_refreshed_and_kept")
nameless("", "a_temporary_database_is_refreshed_and_kept")


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
