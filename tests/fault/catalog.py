"""ordersync_catalog() over a server with thousands of objects: all of it, a
part of it, and ended at every stage, by the clock, by sqlite3_interrupt(), or
by a progress handler."""
import os
import time

from box import Box
from harness import LONG, SLACK, expect, expect_match, main, test

# Fewer would fit into the sockets' buffers before anybody could stop them.
OBJECTS, COLUMNS = 5000 if LONG else 2000, 20
COUNT = "SELECT count(*) FROM ordersync_catalog"
ASKS = "when=batch match=base_object_name "


def large_box():
    """A schema in four has its tables; each column's name is long, so that the
    whole answer of the long form has 16 MB."""
    b = Box("large", rows=2)
    columns = ", ".join("[%s%02d] int NOT NULL" % ("name of a column " * 6, k)
                        for k in range(COLUMNS))
    b.server.query("BEGIN; %s; COMMIT" % "; ".join(
        "CREATE TABLE [%stable%05d](%s)" % (
            ("", "crm.", "hr.", "sales.")[i % 4], i, columns)
        for i in range(OBJECTS)))
    return b


box = large_box()
own = 1  # the view that every box has


def batch():
    """What the log says of the catalog's query, which may come late."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        for e in box.server.log():
            if e["event"] == "batch" and "base_object_name" in e["sql"]:
                return e
        time.sleep(0.05)
    raise AssertionError("the server was not asked")


def peak_kb(host):
    with open("/proc/%d/status" % host.pid) as f:
        return next(int(line.split()[1]) for line in f if
                    line.startswith("VmHWM"))


@test
def all_of_it_needs_little_memory_and_leaves_no_file():
    with box.host() as host:
        host.ok(COUNT + " WHERE name = 'table00001'")
        before, probed = peak_kb(host), host.probe()
        box.server.mark()
        answer = host.ok(
            "SELECT count(*), count(DISTINCT schema), sum(length(columns)), "
            "sum(json_array_length(columns)) FROM ordersync_catalog", seconds=90)
        objects, schemas, length, columns = answer.rows[0]
        expect((objects, schemas) == (OBJECTS + own, 4), answer.rows)
        expect(columns > OBJECTS * COLUMNS and length > OBJECTS * 3200, answer.rows)
        more = peak_kb(host) - before
        expect(more < 12 << 10, "%d KB more" % more)
        expect(box.server.logins() == 1, "%d logins" % box.server.logins())
        host.expect_untouched(probed)
    expect(os.listdir(os.path.join(box.folder, "tmp")) == [], "a file is left")


@test
def a_limit_ends_the_reading():
    with box.host() as host:
        box.server.mark()
        first = host.ok("SELECT name FROM ordersync_catalog LIMIT 10").rows
        expect(len(first) == 10, first)
        got = batch()
        expect(got["rows"] < OBJECTS * COLUMNS / 2, "%(rows)d rows sent" % got)
        box.server.mark()
        expect(host.ok("SELECT name FROM ordersync_catalog LIMIT 3 OFFSET 7")
               .rows == first[7:], "another part")
        got = batch()
        expect(got["rows"] < OBJECTS * COLUMNS / 2, "%(rows)d rows sent" % got)
        # The rest of the conditions is SQLite's, and its order: all are read.
        last = "table%05d" % (OBJECTS - 1)
        expect(host.ok("SELECT name FROM ordersync_catalog WHERE name LIKE "
                       "'%9999' OR name = ? LIMIT 10", last).rows == [[last]],
               "the last one is not found")
        expect(host.ok("SELECT name FROM ordersync_catalog ORDER BY name DESC "
                       "LIMIT 2").rows[1] == [last], "another order")


@test
def an_object_is_asked_for_by_name():
    with box.host() as host:
        box.server.mark()
        rows = host.ok("SELECT json_array_length(columns) FROM "
                       "ordersync_catalog WHERE schema = 'crm' AND "
                       "name = 'table00005' LIMIT 1").rows
        expect(rows == [[COLUMNS]], rows)
        expect(batch()["rows"] == COLUMNS, "%(rows)d rows sent" % batch())
        box.server.mark()
        rows = host.ok(COUNT + " WHERE name IN ('table00001', 'table00002', "
                       "'table00003') AND schema = 'crm'").rows
        expect(rows == [[1]], rows)
        expect(box.server.logins() == 1, "%d logins" % box.server.logins())
        box.server.mark()
        expect(host.ok(COUNT + " WHERE name = NULL").rows == [[0]], "a row")
        expect(box.server.logins() == 0, "the server was asked")


STAGES = {
    "accepting": "when=accept do=hang",
    "prelogin": "when=prelogin do=hang",
    "tls": "when=tls do=hang",
    "login": "when=login do=hang",
    "settings": 'when=batch match="SET LANGUAGE" do=hang',
    "the_query": ASKS + "do=hang",
    "the_columns": ASKS + "after_bytes=60 do=hang",
    "the_first_rows": ASKS + "after_rows=30 do=hang",
    "half_of_the_rows": ASKS + "after_rows=%d do=hang" %
                        (OBJECTS * COLUMNS // 2),
    "slow_rows": ASKS + "after_rows=1000 do=drip:2000",
    "the_end": ASKS + "after_rows=%d do=hang" % (OBJECTS * COLUMNS),
}


def ends(stage, how, text, seconds, **request):
    """At once, whatever the server is at: what it needs until there are rows
    depends on the machine."""
    def run():
        with box.host() as host:
            host.ok("SELECT count(*) FROM open_orders")  # opens what it opens
            before = host.probe()
            box.server.faults(STAGES[stage])
            box.profile(query_timeout=seconds if how == "the_deadline" else 60)
            answer = host.sql(COUNT, seconds=90, **request)
            box.server.faults()
            box.profile(query_timeout=60)
            expect(answer.error is not None, "it ended well: %r" % answer.rows)
            expect_match(text, answer.error, "the error")
            expect(answer.seconds < seconds + SLACK, "took %.1f s: %s" %
                   (answer.seconds, answer.error))
            host.expect_untouched(before)
            expect(host.ok(COUNT + " WHERE name = 'table00001'").value == 1,
                   "not the next time")
    run.__name__ = "%s_ends_%s" % (how, stage)
    test(run)


# By one of the three at each stage, in long form by each.
for i, name in enumerate(STAGES):
    at = 2.5 if "rows" in name or name == "the_end" else 0.4
    three = [
        ("an_interrupt", "interrupt", at, {"interrupt_ms": at * 1000}),
        ("a_progress_handler", "interrupt", at, {"cancel_once_ms": at * 1000}),
        ("the_deadline", "out of time|no login within", 2, {})]
    for how, error, after, more in three if LONG else [three[i % 3]]:
        ends(name, how, error, after, **more)

main(threads=1, again=True)
