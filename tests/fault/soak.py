"""Refreshes without end in one process, every third of them failing: memory,
descriptors and threads stay where they were."""
from box import Box
from harness import LONG, SO, expect, main, test

ROUNDS = 2000 if LONG else 100
ROWS_BATCH = 'when=batch match=[soldTo] '
FAULTS = ["when=login do=refuse_login",
          ROWS_BATCH + "do=reset",
          ROWS_BATCH + "after_rows=20 do=cut",
          ROWS_BATCH + "after_rows=20 do=error:245:16:Conversion failed",
          "when=prelogin do=close",
          ROWS_BATCH + "after_bytes=5000 do=garbage",
          ROWS_BATCH + "do=no_count",
          'when=batch match="TOP (0)" do=error:229:14:Denied']
ALLOWED_KB = 3000


def refresh(box, host, i):
    fails = i % 3 == 2
    box.server.faults(*([FAULTS[i // 3 % len(FAULTS)]] if fails else []))
    mode = '{"mode":"%s"}' % ("diff" if i % 2 else "replace")
    answer = host.sql("SELECT ordersync_refresh('open_orders', ?)", mode)
    expect((answer.error is not None) == fails, "round %d: %s" %
           (i, answer.error))


@test
def many_refreshes_in_one_process_leave_nothing_behind():
    with Box("soak", rows=40, query_timeout=10) as box, box.host() as host:
        # Two rounds of everything: caches and libraries are warm then.
        warm = 6 * len(FAULTS)
        for i in range(warm):
            refresh(box, host, i)
        # The page cache is the host's; let it be as full as it may be.
        host.ok("PRAGMA cache_size = 50")
        for i in range(12):
            refresh(box, host, i)
        before = host.probe()
        for i in range(ROUNDS):
            refresh(box, host, i)
            if i % 500 == 499:
                box.server.mark()
                now = host.probe()
                print("     after %d: %d KiB resident, %d bytes of SQLite's" %
                      (i + 1, now.resident_kb, now.sqlite_bytes), flush=True)
        box.server.faults()
        host.expect_untouched(before)
        now = host.probe()
        grown = now.resident_kb - before.resident_kb
        expect(grown < ALLOWED_KB, "resident memory grew by %d KiB in %d "
               "rounds" % (grown, ROUNDS))
        grown = now.sqlite_bytes - before.sqlite_bytes
        expect(abs(grown) < 65536, "SQLite's memory grew by %d bytes" % grown)
        box.works(host)
        runs = dict(box.sql("SELECT status, count(*) FROM ordersync_runs "
                            "GROUP BY 1"))
        expect(set(runs) == {"success", "error"}, "the runs are %r" % runs)


@test
def connections_that_come_and_go_leave_nothing_behind():
    """Loading, a refresh, the live view, closing: all of it again and again
    in one process."""
    rounds = 200 if LONG else 15
    with Box("soak-connections", rows=40) as box, box.host() as host:
        def again(count):
            answer = host.ask({"op": "reconnect", "extension": SO, "path":
                               box.db_path, "rounds": count}, 600)
            expect(answer.results == [[box.rows, box.rows]] * count,
                   "they returned %r" % answer.results[:3])
        again(15)
        before = host.probe()
        again(rounds)
        host.expect_untouched(before)
        now = host.probe()
        grown = now.resident_kb - before.resident_kb
        expect(grown < ALLOWED_KB, "resident memory grew by %d KiB in %d "
               "rounds" % (grown, rounds))
        grown = now.sqlite_bytes - before.sqlite_bytes
        expect(abs(grown) < 65536, "SQLite's memory grew by %d bytes" % grown)


main(2)
