"""Faults of the network and of the server."""
import contextlib
import os
import re
import signal
import socket
import threading
import time

from box import Box
from harness import (LONG, PASSWORD, SLACK, Shell, Skip, expect, expect_match,
                     instead_of, main, test)

LOGIN, QUERY = 2, 3  # seconds in the profile
ROWS_BATCH = 'when=batch match=[soldTo] '
DEAD = "the connection broke|ended the connection|incomplete"
NO_LOGIN = "localhost: no login within 2 seconds, while logging in"


mine = threading.local()  # a box for each of the threads that run tests


@contextlib.contextmanager
def box(_name, **profile):
    """A box that is well, short of time, and has new rows at the server, so
    that one that must not come would show."""
    if not getattr(mine, "box", None):
        mine.box = Box("network-%d" % threading.get_ident())
        mine.settings = dict(mine.box.settings)
    b = mine.box
    b.sql("UPDATE ordersync_syncs SET retries = 0")
    b.settings = dict(mine.settings, login_timeout=LOGIN, query_timeout=QUERY)
    b.profile(**profile)
    b.new = b.stamps()[0][0] + 1
    b.stamp(b.new)
    try:
        yield b
    except BaseException:
        mine.box = None  # whatever is wrong with it stays with this test
        b.close()
        raise
    b.server.faults()


def well(b):
    return lambda _host: b.server.faults()


def faulty(name, fault, category, text, within, number=None, long_only=False,
           **profile):
    """Adds a test: under the fault, fails() holds."""
    def run():
        with box(name, **profile) as b:
            b.server.faults(*fault.split("\n"))
            b.fails(category, text, within + SLACK, number, heal=well(b))
            expect(b.stamps() == [(b.new, b.rows)], "the next rows are not new")
    run.__name__ = name
    if LONG or not long_only:
        test(run)


# ---- stalls: the login's deadline, or the run's -----------------------------

for when, where in (("accept", "accepting"), ("prelogin", "prelogin"),
                    ("tls", "tls"), ("login", "login")):
    faulty("a_server_silent_in_%s_ends_by_the_login_timeout" % where,
           "when=%s do=hang" % when, "timeout", NO_LOGIN, LOGIN)
faulty("a_server_silent_inside_its_prelogin_ends_by_the_login_timeout",
       "when=prelogin after_bytes=9 do=hang", "timeout", NO_LOGIN, LOGIN)
faulty("a_server_silent_inside_the_handshake_ends_by_the_login_timeout",
       "when=tls after_bytes=400 do=hang", "timeout", NO_LOGIN, LOGIN)
faulty("a_server_silent_inside_its_login_answer_ends_by_the_login_timeout",
       "when=login after_bytes=60 do=hang", "timeout", NO_LOGIN, LOGIN)
faulty("a_server_silent_to_the_settings_ends_by_the_login_timeout",
       'when=batch match="SET LANGUAGE" do=hang', "timeout",
       "out of time while setting up the session", LOGIN)
faulty("a_server_silent_about_its_columns_ends_by_the_deadline",
       'when=batch match="TOP (0)" do=hang', "timeout",
       "out of time while running the query", QUERY)
faulty("a_server_silent_before_the_first_row_ends_by_the_deadline",
       ROWS_BATCH + "do=hang", "timeout",
       "out of time while running the query", QUERY)
faulty("a_server_silent_inside_a_row_ends_by_the_deadline",
       ROWS_BATCH + "after_bytes=60003 do=hang", "timeout",
       r"out of time while reading the rows; \d+ rows had come", QUERY)
faulty("a_server_silent_between_rows_ends_by_the_deadline",
       ROWS_BATCH + "after_rows=40 do=hang", "timeout",
       "out of time while reading the rows; 40 rows had come", QUERY)

# ---- slowness: every wait is short, the whole is too long -------------------

faulty("a_prelogin_that_drips_ends_by_the_login_timeout",
       "when=prelogin do=drip:5", "timeout", NO_LOGIN, LOGIN)
faulty("a_login_that_drips_ends_by_the_login_timeout",
       "when=login do=drip:20", "timeout", NO_LOGIN, LOGIN)
faulty("rows_that_drip_end_by_the_deadline",
       ROWS_BATCH + "after_bytes=20000 do=drip:4000", "timeout",
       "out of time while reading the rows", QUERY)
faulty("a_drip_before_the_first_row_ends_by_the_deadline",
       ROWS_BATCH + "do=drip:30", "timeout",
       "out of time while running the query", QUERY)
faulty("login_and_rows_share_the_runs_deadline",
       "when=login do=delay:1500\n" + ROWS_BATCH + "do=hang", "timeout",
       "out of time while running the query", QUERY)

# ---- links that end ---------------------------------------------------------

for action, word in (("cut", "closed"), ("reset", "reset"),
                     ("close", "dropped"), ("garbage", "broken_by_garbage")):
    # What a client cannot read is, at best, known to be no answer.
    bad = DEAD + "|cannot connect to|TLS handshake failed|no login within"
    category = "network|tls|timeout" if action == "garbage" else "network|tls"
    for when in ("accept", "prelogin", "tls", "login"):
        faulty("a_link_%s_in_%s_is_an_error" % (word, when),
               "when=%s do=%s" % (when, action), category, bad, LOGIN,
               long_only=action == "close")
    category = "network|data|timeout" if action == "garbage" else "network"
    bad = DEAD + "|out of time while|no valid Unicode"
    faulty("a_link_%s_before_the_rows_is_an_error" % word,
           ROWS_BATCH + "do=" + action, category, bad, QUERY,
           long_only=action in ("close", "garbage"))
    faulty("a_link_%s_inside_a_row_is_an_error" % word,
           ROWS_BATCH + "after_bytes=60003 do=" + action, category, bad, QUERY)
    faulty("a_link_%s_between_rows_is_an_error" % word,
           ROWS_BATCH + "after_rows=200 do=" + action, category, bad, QUERY,
           long_only=action == "close")
    faulty("a_link_%s_after_the_last_row_is_an_error" % word,
           ROWS_BATCH + "after_rows=300 do=" + action, category, bad, QUERY)

# TLS's own goodbye, with the socket left open and closed.
for action, word in (("bye", "and_stays"), ("bye:close", "and_closes")):
    for place, moment in (
            ("when=tls ", "in_the_handshake"), ("when=login ", "at_the_login"),
            ('when=batch match="TOP (0)" ', "about_its_columns"),
            (ROWS_BATCH, "before_the_rows"),
            (ROWS_BATCH + "after_bytes=60003 ", "inside_a_row"),
            (ROWS_BATCH + "after_rows=300 ", "after_the_last_row")):
        faulty("a_server_that_ends_tls_%s_%s_is_an_error" % (moment, word),
               place + "do=" + action, "network|tls",
               DEAD + "|TLS handshake failed", 1,
               long_only="about" in moment or "before" in moment)

# ---- answers that look complete and are not ---------------------------------

for bits in ("2", "0x100"):
    faulty("an_end_marked_%s_as_an_error_is_one" % bits,
           ROWS_BATCH + "after_rows=100 do=done_bits:" + bits, "data",
           "marked its answer as failed", QUERY)
faulty("a_count_of_other_rows_is_an_error",
       ROWS_BATCH + "after_rows=100 do=miscount:200", "data",
       "incomplete: it ended after 100 rows with another count", QUERY)


@test
def a_marked_end_is_an_error_in_the_live_view():
    with box("marked-live") as b, b.host() as host:
        b.server.faults("when=batch match=[material] after_rows=100 "
                        "do=done_bits:2")
        expect_match("marked its answer as failed",
                     host.sql("SELECT material FROM ordersync").error,
                     "the error")
        b.server.faults()
        b.works(host)


@test
def a_kept_link_that_ended_or_speaks_unasked_is_replaced():
    with box("kept") as b, b.host() as host:
        for action in ("bye", "bye:close", "again", "stray", "cut", "reset"):
            b.server.faults("when=idle match=[material] times=1 do=" + action)
            for _ in range(2):
                rows = host.ok("SELECT count(material) FROM ordersync").rows
                expect(rows == [[b.rows]], "after %s: %r" % (action, rows))
                time.sleep(0.05)


faulty("an_answer_without_its_end_is_an_error", ROWS_BATCH + "do=drop_done",
       "network|timeout|data", "out of time while|incomplete|broke", QUERY)
faulty("an_answer_without_a_count_is_an_error", ROWS_BATCH + "do=no_count",
       "data", "incomplete: it ended after 300 rows without a count", QUERY)
faulty("an_error_after_the_last_row_is_an_error",
       ROWS_BATCH + "after_rows=300 do=error:3624:20:An assertion failed",
       "server", r"An assertion failed \(message 3624, severity 20", QUERY,
       3624)
faulty("a_conversion_error_between_rows_is_an_error",
       ROWS_BATCH + "after_rows=150 do=error:245:16:Conversion failed",
       "server", r"Conversion failed \(message 245.*150 rows had come", QUERY,
       245)


# ---- no link at all ---------------------------------------------------------

def unreachable(b, category, text, within, **profile):
    old = dict(b.settings)
    b.profile(**profile)
    b.fails(category, text, within + SLACK,
            heal=lambda _host: b.profile(**old))


@test
def a_port_where_nobody_listens_is_refused():
    holder = socket.socket()
    holder.bind(("127.0.0.1", 0))  # taken, and not listening
    with holder, box("refused") as b:
        unreachable(b, "network", r"cannot connect to localhost( port \d+)?: "
                    "Connection refused. Nothing listens there: check server "
                    "and port",
                    1, port=holder.getsockname()[1])


@test
def a_process_without_free_descriptors_says_so():
    with box("no-descriptors") as b:
        for more in ({}, dict(encrypt="off", ca_file=None)):
            b.profile(**more)
            errors = 0
            for left in range(8):
                with b.host() as host:
                    host.ok("SELECT count(*) FROM ordersync_runs")
                    host.ask(dict(op="descriptors", left=left))
                    error = host.sql("SELECT count(*) FROM ordersync").error
                    host.ask(dict(op="descriptors", left=None))
                    errors += bool(error)
                    expect(not error or "Too many open files" in error or
                           "file descriptors, and this process can open" in
                           error, error)
                    host.ok("SELECT count(*) FROM ordersync")
            expect(3 <= errors <= 6, "%d errors" % errors)


@test
def a_host_without_a_route_is_unreachable():
    # Linux gives a broadcast address no TCP route: nothing leaves the host.
    with box("no-route") as b:
        unreachable(b, "network", r"cannot connect to 255.255.255.255( port "
                    r"\d+)?: (Network is unreachable|Permission denied)", 1,
                    server="255.255.255.255")


@contextlib.contextmanager
def black_hole():
    """A port with a full backlog: the kernel ignores further SYNs, as a
    firewall would."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    waiting = [socket.socket() for _ in range(8)]
    for s in waiting:
        s.setblocking(False)
        s.connect_ex(listener.getsockname())
    try:
        yield listener.getsockname()[1]
    finally:
        for s in waiting + [listener]:
            s.close()


def expect_prompt(host, sql):
    """Interrupted at 0.3 s it ends within 0.2 s: the best of five, for what a
    busy machine adds is not the extension's."""
    took = []
    while len(took) < 5 and (not took or min(took) > 0.5):
        answer = host.sql(sql, interrupt_ms=300)
        took.append(answer.seconds)
    expect(min(took) <= 0.5, "interrupted at 0.3 s, it took %s s" % took)
    return answer


@test
def a_host_that_drops_packets_ends_by_the_login_timeout():
    with black_hole() as port, box("black-hole") as b:
        unreachable(b, "timeout", "no login within 2 seconds, while connecting",
                    LOGIN, server="localhost", port=port)


@test
def an_interrupt_ends_a_connect():
    with black_hole() as port, box("black-hole-interrupted") as b:
        old = dict(b.settings)
        b.profile(server="localhost", port=port, login_timeout=20)
        with b.host() as host:
            answer = expect_prompt(host, "SELECT ordersync_refresh()")
            expect_match("interrupted", answer.error, "the error")
        b.profile(**old)


@test
def a_host_that_accepts_and_says_nothing_ends_by_the_login_timeout():
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(8)
    with listener, box("mute") as b:
        unreachable(b, "timeout", NO_LOGIN, LOGIN,
                    port=listener.getsockname()[1])


@test
def a_name_that_does_not_resolve_is_named():
    with box("dns") as b:
        unreachable(b, "network|timeout", 'cannot resolve the server\'s name '
                    '"no-such-host.invalid"|no-such-host.invalid: no login '
                    "within 2 seconds, while looking up the name", LOGIN,
                    server="no-such-host.invalid")


@test
def a_name_whose_addresses_all_refuse_is_refused():
    holder = socket.socket()
    holder.bind(("127.0.0.1", 0))  # taken, and not listening
    with holder, box("refused-twice", login_timeout=15, query_timeout=20) as b:
        old = dict(b.settings)
        b.profile(port=holder.getsockname()[1])
        prefix = instead_of("/etc/hosts", b.folder, "127.0.0.1 localhost\n"
                            "127.0.0.2 localhost\n127.0.0.3 localhost\n")
        shell = Shell(b, "SELECT ordersync_refresh()", prefix=prefix)
        expect_match(r"cannot connect to localhost port \d+: Connection "
                     "refused. Nothing listens there", shell.err, "the error")
        expect(shell.seconds < 1 + SLACK, "it took %.1f s" % shell.seconds)
        b.expect_logged("network", "Connection refused", None, 1)
        b.profile(**old)


@test
def a_server_of_which_one_address_refuses_is_reached():
    with box("one-refuses") as b:
        prefix = instead_of("/etc/hosts", b.folder, "127.0.0.2 localhost\n"
                            "127.0.0.1 localhost\n")
        with b.host(prefix=prefix) as host:
            b.works(host)
            steps = host.ok("SELECT step, ok FROM ordersync_check").rows
        expect(["tcp", 1] in steps and ["login", 1] in steps, steps)


OWN_FAULTS = (signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL,
              signal.SIGABRT, signal.SIGTRAP)


def blocked_by_threads(pid):
    """A thread's blocked signals, the first thread's left out."""
    found = []
    for task in os.listdir("/proc/%d/task" % pid):
        with open("/proc/%d/task/%s/status" % (pid, task)) as status:
            mask = re.search(r"SigBlk:\s*([0-9a-f]+)", status.read())[1]
        if int(task) != pid:
            found.append({s for s in signal.Signals
                          if int(mask, 16) >> (s - 1) & 1})
    return found


def expect_signals_left_to_the_host(host):
    """A look-up's thread handles none but its own faults. One that libc is
    just making still blocks everything."""
    threads, until = [], time.monotonic() + 10
    while time.monotonic() < until and (not threads or any(
            blocked.intersection(OWN_FAULTS) for blocked in threads)):
        time.sleep(0.02)
        threads = blocked_by_threads(host.pid)
    expect(threads, "no thread was seen")
    for blocked in threads:
        expect(not blocked.intersection(OWN_FAULTS),
               "its own faults are blocked: %s" % blocked)
        expect({signal.SIGTERM, signal.SIGINT, signal.SIGUSR1, signal.SIGALRM,
                signal.SIGPIPE} <= blocked, "it blocks only %s" % blocked)


@test
def a_silent_resolver_ends_by_the_login_timeout():
    resolver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    # Another run of the tests may be at work.
    address = "127.9.%d.%d" % divmod(os.getpid() % 65536, 256)
    try:
        resolver.bind((address, 53))
    except PermissionError:
        raise Skip("may not listen on port 53")
    with resolver, box("silent-dns") as b:
        prefix = instead_of("/etc/resolv.conf", b.folder,
                            "nameserver %s\noptions timeout:9 attempts:2\n" %
                            address)
        old = dict(b.settings)
        b.profile(server="sql.example.com")
        with b.host(prefix=prefix) as host:
            host.start("SELECT ordersync_refresh()")
            expect_signals_left_to_the_host(host)
            answer = host.answer()
            expect_match("sql.example.com: no login within 2 seconds, while "
                         "looking up the name", answer.error, "the error")
            expect(answer.seconds < LOGIN + SLACK, "%.1f s" % answer.seconds)
            check = "SELECT step, ok, detail FROM ordersync_check"
            answer = host.sql(check)
            expect(answer.seconds < LOGIN + SLACK, "%.1f s" % answer.seconds)
            found = {step: (ok, text) for step, ok, text in answer.rows}
            expect(found["dns"][0] == 0 and found["login"][0] is None,
                   "it says %s" % found)
            expect_match("while looking up the name", found["dns"][1], "dns")
            expect_prompt(host, check)
        b.profile(**old)


@test
def a_time_out_says_what_it_was_waiting_for():
    said = {"accept": "never answered", "prelogin": "never answered",
            "tls": r"after \d+ bytes", "login": r"after \d+ bytes"}
    with box("waiting-for", login_timeout=1, query_timeout=9) as b:
        for when, text in said.items():
            b.server.faults("when=%s do=hang" % when)
            expect_match("no login within 1 seconds, while logging in; it .*" +
                         text, Shell(b, "SELECT ordersync_refresh()").err,
                         when)


@test
def something_that_is_no_sql_server_is_an_error():
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(8)

    def answer():
        while True:
            try:
                peer = listener.accept()[0]
            except OSError:
                return
            with peer:
                peer.recv(4096)
                peer.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n" * 20)

    threading.Thread(target=answer, daemon=True).start()
    with box("http") as b:
        unreachable(b, "network|tls|timeout", "localhost", LOGIN,
                    port=listener.getsockname()[1])
    listener.close()


# ---- what is tried again, and what is not -----------------------------------

def retried(name, fault, profile=None):
    """Adds a test: the first attempt fails, the second brings the rows."""
    def run():
        with box(name, query_timeout=20, **(profile or {})) as b:
            b.sql("UPDATE ordersync_syncs SET retries = 3")
            b.server.faults(fault)
            b.server.mark()
            with b.host() as host:
                b.works(host)
            run = b.last_run()
            expect(run.attempts == 2, "%d attempts" % run.attempts)
            expect(b.stamps() == [(b.new, b.rows)], "the rows are not new")
            warned = b.sql("SELECT message FROM ordersync_run_details WHERE "
                           "run_id = ? AND level = 'WARN' AND message LIKE "
                           "'attempt 1 failed, trying again%'", run.id)
            expect(len(warned) == 1, "no detail tells of the first attempt")
    run.__name__ = name
    test(run)


retried("a_deadlock_between_rows_is_tried_again",
        ROWS_BATCH + "times=1 after_rows=99 do=error:1205:13:Deadlock")
retried("a_link_reset_inside_a_row_is_tried_again",
        ROWS_BATCH + "times=1 after_bytes=60003 do=reset")
retried("a_link_closed_in_login_is_tried_again", "when=login times=1 do=cut")
retried("a_link_closed_in_the_handshake_is_tried_again",
        "when=tls times=1 do=cut")
retried("a_link_reset_inside_the_handshake_is_tried_again",
        "when=tls times=1 after_bytes=400 do=reset")
retried("a_busy_azure_is_tried_again",
        "when=login times=1 do=refuse_login:40613")
retried("a_login_without_an_answer_is_tried_again",
        "when=login times=1 do=hang")
retried("an_answer_without_a_count_is_tried_again",
        ROWS_BATCH + "times=1 do=no_count")


@test
def a_database_that_azure_is_moving_is_tried_again():
    """Its gateway then says 4060; from another server that is final."""
    with box("azure", query_timeout=20) as b:
        b.sql("UPDATE ordersync_syncs SET retries = 3")
        old = dict(b.settings)
        name = "name.database.windows.net"
        b.profile(server=name, encrypt="require", ca_file=None)
        prefix = instead_of("/etc/hosts", b.folder,
                            "127.0.0.1 localhost %s\n" % name)
        b.server.faults("when=login times=1 do=refuse_login:4060")
        shell = Shell(b, "SELECT ordersync_refresh()", prefix=prefix)
        expect(shell.code == 0, "it failed: %s" % shell.err)
        expect(b.last_run().attempts == 2, "%d attempts" %
               b.last_run().attempts)
        b.server.faults()
        b.profile(**old)


@test
def attempts_end_after_the_configured_retries():
    with box("retries", query_timeout=30) as b:
        b.sql("UPDATE ordersync_syncs SET retries = 2")
        b.server.faults(ROWS_BATCH +
                        "after_rows=99 do=error:1205:13:Deadlock")
        b.server.mark()
        b.fails("server", "Deadlock.*gave up after 3 attempts", 4 + SLACK,
                1205, attempts=3, heal=well(b))
        expect(b.server.logins() == 3 + 3 + 1, "%d logins" % b.server.logins())


@test
def attempts_end_at_the_runs_deadline():
    with box("retry-deadline", login_timeout=1) as b:
        b.sql("UPDATE ordersync_syncs SET retries = 50")
        b.server.faults("when=login do=hang")
        b.fails("timeout", "no login within 1 second", QUERY + SLACK,
                attempts=None, heal=well(b))


def final(name, category, text, number, change=None, fault=None,
          heal=None, **profile):
    """Adds a test: a failure for a person to mend is not tried again."""
    def run():
        with box(name, query_timeout=20) as b:
            b.sql("UPDATE ordersync_syncs SET retries = 3")
            old = dict(b.settings)
            b.profile(**profile)
            if change:
                b.sql(change)
            if fault:
                b.server.faults(fault)
            b.server.mark()

            def mend(_host):
                expect(b.server.logins() == 2, "%d logins for two runs" %
                       b.server.logins())
                b.profile(**old)
                b.server.faults()
                if heal:
                    b.sql(heal)
            b.fails(category, text, SLACK, number, attempts=1, heal=mend)
    run.__name__ = name
    test(run)


final("a_wrong_password_is_not_tried_again", "auth",
      'refused the login of "orders_reader".*Check user and password', 18456,
      password="not this one")
final("quotes_around_a_password_are_named", "auth",
      "The quotes around the password were sent", 18456,
      password='"%s"' % PASSWORD)
final("a_missing_database_is_not_tried_again", "auth",
      "Check database of profile", 4060, database="NoSuchDatabase")
final("a_missing_view_is_not_tried_again", "server",
      "Invalid object name 'dbo.vwNoSuchView'.*ordersync_catalog lists", 208,
      "UPDATE ordersync_syncs SET source = 'dbo.vwNoSuchView'",
      heal="UPDATE ordersync_syncs SET source = 'dbo.vwZSDOrder_Advanced'")
final("a_conversion_error_is_not_tried_again", "server", "Conversion failed",
      245, fault=ROWS_BATCH + "after_rows=9 do=error:245:16:Conversion failed")


@test
def a_server_that_dies_and_comes_back_is_tried_again():
    with box("restart", query_timeout=20) as b:
        b.sql("UPDATE ordersync_syncs SET retries = 8")
        b.server.faults(ROWS_BATCH + "times=1 after_rows=100 do=hang")

        def restart():
            b.server.stop()
            b.server.faults()
            threading.Timer(1, b.server.start).start()
        threading.Timer(1, restart).start()
        with b.host() as host:
            b.works(host)
        run = b.last_run()
        expect(run.attempts > 1, "one attempt was enough")
        expect(b.stamps() == [(b.new, b.rows)], "the rows are not new")


# ---- interrupts while the server is silent ----------------------------------

def interrupted(name, fault):
    def run():
        with box(name, login_timeout=20, query_timeout=20) as b:
            b.server.faults(fault)
            with b.host() as host:
                host.ok("SELECT count(*) FROM open_orders")
                before, old = host.probe(), b.checksum()
                answer = host.refresh(interrupt_ms=700)
                expect_match("interrupted", answer.error, "the error")
                expect(answer.seconds < 0.7 + 1.5, "took %.1f s" %
                       answer.seconds)
                host.expect_untouched(before)
                b.expect_sound(old)
                b.expect_logged("interrupt", "interrupted")
                b.server.faults()
                b.works(host)
    run.__name__ = name
    test(run)


interrupted("an_interrupt_ends_a_silent_login", "when=login do=hang")
interrupted("an_interrupt_ends_a_silent_query", ROWS_BATCH + "do=hang")
interrupted("an_interrupt_ends_a_stall_inside_a_row",
            ROWS_BATCH + "after_bytes=60003 do=hang")
interrupted("an_interrupt_needs_no_consent_of_the_server",
            ROWS_BATCH + "do=hang\n" + ROWS_BATCH + "do=ignore_attention")


@test
def a_handler_that_cancels_once_ends_the_pause_between_attempts():
    with box("cancel-once", query_timeout=20) as b, b.host() as host:
        b.sql("UPDATE ordersync_syncs SET retries = 9")
        b.server.faults("when=login do=cut")
        answer = host.refresh(cancel_once_ms=1500)
        expect_match("interrupted", answer.error, "the error")
        expect(answer.seconds < 1.5 + 1.5, "took %.1f s" % answer.seconds)
        b.expect_logged("interrupt", "interrupted")
        b.server.faults()
        b.works(host)


main(8, again=True)
