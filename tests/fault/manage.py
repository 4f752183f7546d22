"""Syncs that are managed while others are at work: locks, interrupts, kills."""
import os

from box import Box
from harness import PASSWORD, expect, expect_match, main, test, wait_for

ADD = "SELECT ordersync_add('second', 'dbo.vwZSDOrder_Advanced')"
HANG = "when=batch match=[soldTo] do=hang"
CALLS = {
    "remove": "SELECT ordersync_remove('open_orders', '{\"drop_table\":true}')",
    "rename": "SELECT ordersync_rename('open_orders', 'orders')",
    "update": "SELECT ordersync_update('open_orders', '{\"apply\":true}')",
}


def one(function):
    def run():
        with Box("manage-" + function.__name__[:50], query_timeout=20) as b, \
                b.host() as host:
            b.stamp(2)
            function(b, host)
    run.__name__ = function.__name__
    return test(run)


def runs(b):
    return b.sql("SELECT sync, status FROM ordersync_runs WHERE id > 1 "
                 "ORDER BY id")


def configuration(b):
    return b.sql("SELECT * FROM ordersync_syncs ORDER BY name"), \
        b.sql("SELECT * FROM ordersync_columns ORDER BY sync, position")


@one
def nothing_is_managed_while_a_refresh_runs(b, host):
    before = configuration(b)
    b.server.faults("when=batch match=[soldTo] do=hold")
    b.profile(query_timeout=60)
    host.start("SELECT ordersync_refresh()")
    wait_for(lambda: runs(b), "the refresh")
    with b.host() as other:
        for name, sql in CALLS.items():
            answer = other.sql(sql)
            expect_match('sync "open_orders": a refresh of sync "open_orders" '
                         "is running; try again when it is over",
                         answer.error, name)
            expect(answer.seconds < 3, "%s waited" % name)
    expect(runs(b) == [("open_orders", "running")], "it was over: %s" % runs(b))
    b.server.faults()
    host.answer()
    expect(runs(b) == [("open_orders", "success")], "logged: %s" % runs(b))
    expect(configuration(b) == before, "the configuration has changed")
    b.expect_lock_free()
    b.works(host)


@one
def an_interrupt_ends_the_wait_for_another_writer(b, host):
    host.ok("ALTER TABLE open_orders DROP COLUMN name1")
    host.ok("DELETE FROM ordersync_columns WHERE target_column = 'name1'")
    before, old = configuration(b), b.checksum()
    with b.host() as other:
        other.ok("BEGIN IMMEDIATE")
        for name, sql in CALLS.items():
            answer = host.sql(sql, interrupt_ms=500)
            expect_match("interrupted", answer.error, name)
            expect(answer.seconds < 3, "%s took %.1f s" % (name,
                                                           answer.seconds))
            expect(not answer.in_transaction, "a transaction is open")
        other.ok("ROLLBACK")
    expect(configuration(b) == before, "the configuration has changed")
    b.expect_sound(old)
    b.expect_lock_free()
    expect(host.ok(CALLS["update"]).value != "[]", "nothing was new")
    b.works(host)


@one
def an_interrupt_ends_an_update_that_asks_a_silent_server(b, host):
    b.server.faults("when=batch match=TOP do=hang")
    answer = host.sql(CALLS["update"], interrupt_ms=700)
    expect_match("interrupted", answer.error, "the error")
    expect(answer.seconds < 0.7 + 1.5, "took %.1f s" % answer.seconds)
    b.server.faults()
    b.expect_lock_free()
    b.works(host)


@one
def an_interrupt_ends_all_refreshes(b, host):
    host.ok(ADD)
    b.server.faults(HANG)
    answer = host.sql("SELECT ordersync_refresh_all()", interrupt_ms=1000)
    expect_match("interrupted", answer.error, "the error")
    expect(answer.seconds < 1 + 1.5, "took %.1f s" % answer.seconds)
    expect(runs(b) == [("open_orders", "cancelled")],
           "it went on: %s" % runs(b))
    b.server.faults()
    expect(host.ok("SELECT ordersync_refresh_all()").value == 2, "the next one")


@one
def what_failed_before_an_interrupt_is_told(b, host):
    host.ok(ADD.replace("second", "a-broken"))
    host.ok("UPDATE ordersync_syncs SET target = 'nowhere' "
            "WHERE name = 'a-broken'")
    b.server.faults(HANG)
    answer = host.sql("SELECT ordersync_refresh_all()", interrupt_ms=2500)
    expect_match("interrupted", answer.error, "the error")
    expect_match('before that, 1 of 1 syncs failed: "a-broken": there is no '
                 "target table",
                 answer.error, "the error")
    b.server.faults()


@one
def each_has_its_own_deadline_and_retries(b, host):
    """The first uses up its whole time; the second still has its own."""
    host.ok(ADD)
    b.sql("UPDATE ordersync_syncs SET source = 'SELECT * FROM "
          "dbo.vwZSDOrder_Advanced WHERE plant >= 0' WHERE name = "
          "'open_orders'")
    b.profile(query_timeout=3)
    b.server.faults("when=batch match=>= do=hang")
    answer = host.sql("SELECT ordersync_refresh_all()")
    expect_match('^1 of 2 syncs failed: "open_orders": ', answer.error,
                 "the error")
    expect('"second"' not in answer.error, answer.error)
    expect(PASSWORD not in answer.error, "it tells the password")
    expect(runs(b) == [("open_orders", "error"), ("second", "success")],
           "logged: %s" % runs(b))
    b.server.faults()


@one
def what_was_killed_is_whole(b, host):
    """A program that dies between the steps of a removal leaves all or
    nothing: here, with the transaction of another one open around it."""
    before, old = configuration(b), b.checksum()
    with b.host() as victim:
        victim.ok("BEGIN")
        victim.ok(CALLS["remove"])
        victim.process.kill()
        victim.process.wait()
    expect(configuration(b) == before, "the configuration has changed")
    b.expect_sound(old)
    b.expect_lock_free()
    b.works(host)


@one
def a_lock_that_cannot_be_made_is_an_error(b, host):
    lock = b.db_path + "-ordersync-orders.lock"
    os.symlink("nowhere", lock)
    answer = host.sql(CALLS["rename"])
    expect_match("run lock .*orders.lock: it is a symbolic link", answer.error,
                 "the error")
    os.unlink(lock)
    expect_match('is "orders" now', host.ok(CALLS["rename"]).value, "then")
    expect(host.ok("SELECT ordersync_refresh()").value == b.rows, "the only one")


if __name__ == "__main__":
    main(4, again=True)
