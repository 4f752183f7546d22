"""What a terminal shows of a run that takes its time, and what it does not."""
import fcntl
import os
import pty
import re
import socket
import struct
import subprocess
import termios
import time
from concurrent.futures import ThreadPoolExecutor

from box import Box
from harness import SO, expect, main, test, with_mounts

SLOW = "when=batch match=[soldTo] after_rows=200 do=delay:3500"
REFRESH = "SELECT ordersync_refresh()"
LIVE = "SELECT count(*) FROM ordersync"
ERASE = "\r\x1b[K"


def look(b, sql, columns=200, stdout=None, **env):
    """Everything that the terminal got."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ,
                struct.pack("HHHH", 24, columns, 0, 0))
    process = subprocess.Popen(
        ["sqlite3", "-batch", b.db_path, ".load " + SO, sql],
        stdin=subprocess.DEVNULL, stdout=stdout or theirs, stderr=theirs,
        cwd=b.folder, env={**b.env, "TERM": "xterm", **env})
    os.close(theirs)
    seen, until = b"", time.monotonic() + 60
    while time.monotonic() < until:
        try:
            more = os.read(ours, 65536)
        except OSError:  # EIO: nobody has it open any more
            break
        if not more:
            break
        seen += more
    os.close(ours)
    expect(process.wait(60) == 0, "it failed: %r" % seen)
    return seen.decode()


def drawn(seen):
    return [line for line in seen.split(ERASE) if line.startswith("ordersync:")]


@test
def a_slow_refresh_tells_phase_rows_rate_and_time():
    with Box("terminal-refresh") as b:
        b.server.faults(SLOW)
        lines = drawn(look(b, REFRESH))
        expect(len(lines) > 1, "drawn: %r" % lines)
        for line in lines:
            expect(re.match(r"ordersync: open_orders: [a-z ]+(, [\d,]+ rows of "
                            r"about [\d,]+ \(\d+ %\), [\d,]+ rows/s)?, \d+ s$",
                            line), "a line is %r" % line)
        expect(any("fetching, 200 rows" in x for x in lines) or
               any("fetching, 1" in x for x in lines), "no rows: %r" % lines)


@test
def the_line_is_wiped_at_the_end():
    with Box("terminal-wiped") as b:
        b.server.faults(SLOW)
        seen = look(b, REFRESH)
        expect(seen.endswith(ERASE + "%d\r\n" % b.rows),
               "it ends in %r" % seen[-80:])


@test
def a_narrow_terminal_gets_one_line_that_fits():
    with Box("terminal-narrow") as b:
        b.server.faults(SLOW)
        lines = drawn(look(b, REFRESH, columns=40))
        expect(lines and all(len(x) < 40 for x in lines), "drawn: %r" % lines)


@test
def a_wait_for_the_login_shows_too():
    with Box("terminal-login") as b:
        b.server.faults("when=login do=delay:3500")
        lines = drawn(look(b, REFRESH))
        # What comes after the login may take long, too.
        expect(lines and "connecting, " in lines[0], "drawn: %r" % lines)


@test
def a_live_query_shows_where_its_rows_go_elsewhere():
    with Box("terminal-live") as b:
        b.server.faults(SLOW.replace("[soldTo]", "vwZSD"))
        lines = drawn(look(b, LIVE, stdout=subprocess.DEVNULL))
        expect(any("reading" in x for x in lines), "drawn: %r" % lines)


@test
def a_live_query_never_mixes_with_its_rows():
    with Box("terminal-mixed") as b:
        b.server.faults(SLOW.replace("[soldTo]", "vwZSD"))
        seen = look(b, "SELECT 'row ' || sold_to FROM ordersync")
        expect(drawn(seen), "nothing was drawn")
        for line in seen.split("\r\n"):
            last = line.split(ERASE)[-1]
            expect(last == "" or re.match(r"row \d*$", last),
                   "a row reads %r" % line)


@test
def nothing_shows_where_nobody_wants_it():
    def nothing(number, env):
        with Box("terminal-off-%d" % number) as b:
            b.server.faults(SLOW.replace("[soldTo]", "vwZSD"))
            for sql in (REFRESH, LIVE):
                seen = look(b, sql, **env)
                expect("\x1b" not in seen, "%s: %r" % (env, seen))
    with ThreadPoolExecutor() as pool:  # they wait
        list(pool.map(nothing, range(3), (
            dict(ORDERSYNC_PROGRESS="off"), dict(TERM="dumb"),
            dict(ORDERSYNC_LOG="syslog"))))


@test
def a_syslog_daemon_that_reads_no_more_is_not_waited_for():
    with Box("terminal-syslog") as b:
        folder = os.path.join(b.folder, "dev")
        os.mkdir(folder)
        daemon = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        daemon.bind(os.path.join(folder, "log"))
        prefix = with_mounts(
            'for f in null zero random urandom; do : >"$1/$f"; mount --bind '
            '"/dev/$f" "$1/$f"; done; mount --rbind "$1" /dev', folder)
        with b.host(prefix=prefix, env=dict(
                b.env, ORDERSYNC_LOG="syslog")) as host:
            for _ in range(30):
                host.ok(REFRESH, seconds=10)
            daemon.setblocking(False)
            lines = []
            try:
                while True:
                    lines.append(daemon.recv(1000).decode())
            except BlockingIOError:
                pass
            expect(len(lines) > 3 and "ordersync: open_orders: " in lines[0],
                   "%r" % lines)
            host.ok(REFRESH)
            expect("ordersync: open_orders: connect" in
                   daemon.recv(1000).decode(), "it reads again")
        daemon.close()


@test
def a_quick_refresh_shows_nothing():
    with Box("terminal-quick") as b:
        expect("\x1b" not in look(b, REFRESH), "something was drawn")


@test
def the_log_stays_readable_beside_it():
    with Box("terminal-log") as b:
        b.server.faults(SLOW)
        seen = look(b, REFRESH, ORDERSYNC_LOG="stderr")
        expect(drawn(seen), "nothing was drawn")
        for line in seen.split("\r\n"):
            last = line.split(ERASE)[-1]
            expect(not last or re.match(r"ordersync: [A-Z]+ |\d+$", last),
                   "a line reads %r" % line)


main(again=True)
