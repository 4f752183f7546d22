"""Logins by a Kerberos ticket: what goes well, and what each failure says.

A realm of its own (realm.py) and its packages are for check-long.
"""
import contextlib
import os
import re
import shutil
import socket
import subprocess
import time

from box import Box
from harness import (HERE, LONG, SLACK, SO, WORK, Shell, Skip, expect,
                     expect_match, main, test)
from realm import Realm

AS_KERBEROS = {"auth": "kerberos", "user": None, "password": None}


def with_realm(function):
    return test(function) if LONG else function


def full_name(host):
    """As FreeTDS has it: what has no dot is looked up."""
    found = socket.getaddrinfo(host, None, flags=socket.AI_CANONNAME)[0][3]
    return found if "." in found else host


def spn(b, host="localhost"):
    return "MSSQLSvc/%s:%d" % (full_name(host), b.server.port)


@contextlib.contextmanager
def realm(name, **profile):
    """A box whose server takes tickets, and the realm, where nobody has one."""
    with Box(name, options=["--keytab", "%s/%s/realm/sql.keytab" %
                            (WORK, name)]) as b:
        r = Realm(b.folder)
        try:
            b.env.update(r.env)
            r.service(spn(b))
            b.profile(**AS_KERBEROS, **profile)
            b.sql("UPDATE ordersync_syncs SET retries = 1")
            yield b, r
        finally:
            r.stop()


def refused(b, text, heal, category="auth", attempts=1, **more):
    """The refresh fails thus, at once, and works after heal()."""
    error = b.fails(category, text, 3 + SLACK, attempts=attempts,
                    heal=lambda host: heal(), **more)
    expect(error.count("Kerberos:") < 2 and "(null)" not in error, error)


# ---- without a realm ----------------------------------------------------------

def as_before(b):
    old = {key: b.settings[key] for key in AS_KERBEROS if key in b.settings}
    b.profile(**AS_KERBEROS)
    return lambda: b.profile(**dict({"auth": None}, **old))


@test
def without_a_ticket_it_says_so_and_what_to_do():
    with Box("no-ticket") as b:
        config = os.path.join(b.folder, "krb5.conf")
        with open(config, "w") as f:
            f.write("[libdefaults]\n default_realm = EXAMPLE.COM\n")
        b.env.update(KRB5_CONFIG=config, LC_ALL="C",
                     KRB5CCNAME="FILE:%s/none" % b.folder)
        b.sql("UPDATE ordersync_syncs SET retries = 3")
        heal = as_before(b)
        refused(b, r"localhost: Kerberos: No Kerberos credentials available "
                r"\(default cache: FILE:%s/none\)\. Get a ticket by kinit.*"
                r"KRB5_CLIENT_KTNAME.*klist.*%s" % (b.folder, spn(b)), heal)


@test
def a_broken_krb5_conf_is_named():
    with Box("broken-conf") as b:
        config = os.path.join(b.folder, "krb5.conf")
        with open(config, "w") as f:
            f.write("[libdefaults\n default_realm = EXAMPLE.COM\n")
        b.env.update(KRB5_CONFIG=config, LC_ALL="C")
        b.sql("UPDATE ordersync_syncs SET retries = 3")
        heal = as_before(b)
        refused(b, r"localhost: Kerberos: Improper format of Kerberos config.*"
                r"\. Look at krb5\.conf", heal)


@contextlib.contextmanager
def library_away(b):
    """A command prefix under which it is, until what is yielded beside it is
    called."""
    shim, flag = b.folder + "/no_gssapi.so", b.folder + "/no-gssapi"
    subprocess.run(["cc", "-shared", "-fPIC", "-D_GNU_SOURCE", "-o", shim,
                    HERE + "/no_gssapi.c"], check=True)
    with open(flag, "w"):
        pass
    yield (["env", "LD_PRELOAD=" + shim, "NO_GSSAPI=" + flag],
           lambda: os.unlink(flag))


@test
def without_the_library_it_names_the_package():
    with Box("no-library") as b, library_away(b) as (prefix, _):
        b.sql("UPDATE ordersync_syncs SET retries = 3")
        heal = as_before(b)
        refused(b, r"auth = kerberos needs libgssapi_krb5\.so\.2: .*cannot "
                r"open shared object.*Install the package libgssapi-krb5-2",
                heal, category="profile", prefix=prefix)


@test
def a_program_that_needs_no_kerberos_has_none():
    with Box("unloaded") as b, b.host() as host:
        b.works(host)
        host.ok("SELECT count(*) FROM ordersync")
        with open("/proc/%d/maps" % host.pid) as maps:
            expect(not re.search("gssapi|krb5", maps.read()), "it is loaded")


# ---- with one ------------------------------------------------------------------

@with_realm
def a_ticket_brings_the_rows():
    with realm("ticket") as (b, r), b.host() as host:
        r.ticket()
        b.works(host)  # loads the library
        before = host.probe()
        for n, encrypt in enumerate(("verify", "require", "off")):
            b.server.mark()
            b.stamp(10 + n)
            b.profile(encrypt=encrypt,
                      ca_file=None if n else b.settings["ca_file"])
            b.works(host)
            expect(b.stamps() == [(10 + n, b.rows)], "the rows are not new")
            logins = [(e["user"], e["tls"], e["ok"]) for e in b.server.log()
                      if e["event"] == "login"]
            expect(logins == [("EXAMPLE\\alice", encrypt != "off", True)],
                   "%r" % logins)
        host.expect_untouched(before)
        expect(host.ok("SELECT count(*) FROM ordersync").value == b.rows,
               "the live view has other rows")


@with_realm
def a_keytab_does_for_a_service():
    with realm("client-keytab") as (b, r):
        keytab = b.folder + "/alice.keytab"
        r.admin("ktadd -k %s alice" % keytab)
        b.env["KRB5_CLIENT_KTNAME"] = "FILE:" + keytab
        with b.host() as host:
            b.works(host)


@with_realm
def an_expired_ticket_is_named():
    with realm("expired") as (b, r):
        r.ticket("alice", "-l", "1s")
        time.sleep(2)
        refused(b, r"Kerberos: Ticket expired\. Get a ticket by kinit",
                r.ticket)


@with_realm
def a_name_that_the_domain_does_not_know_is_named():
    with realm("unknown") as (b, r):
        r.ticket()
        r.admin("delprinc -force " + spn(b))
        refused(b, r"Kerberos: Server %s@EXAMPLE\.COM not found in Kerberos "
                r"database\. Server and port must.*setspn" % spn(b),
                lambda: r.service(spn(b)))


@with_realm
def a_realm_that_is_away_is_asked_again():
    with realm("away") as (b, r):
        r.ticket()
        r.stop()
        refused(b, r"Kerberos: Cannot contact any KDC for realm 'EXAMPLE\.COM'"
                r"\. Look at krb5\.conf.*gave up after 2 attempts",
                r.start, category="network", attempts=2)


@with_realm
def a_login_that_the_server_does_not_know():
    with realm("no-login") as (b, r):
        r.ticket()
        b.server.faults("when=login match=user=EXAMPLE\\alice do=refuse_login")
        refused(b, r"Login failed for user 'EXAMPLE\\alice'\. \(message 18456.*"
                r"The ticket's user \(klist\) needs a login there",
                b.server.faults, number=18456)


@with_realm
def a_server_without_the_key_refuses():
    with realm("other-key") as (b, r):
        r.ticket()
        os.rename(r.keytab, r.keytab + ".good")
        r.service("MSSQLSvc/elsewhere.example.com:1433")
        refused(b, r"untrusted domain.*\(message 18452.*the server the key of "
                + spn(b), lambda: os.rename(r.keytab + ".good", r.keytab),
                number=18452)


@with_realm
def a_server_that_does_not_prove_itself_is_refused():
    """Its answer to the ticket is another one by a bit: [MS-TDS] 2.2.7.22."""
    with realm("mutual", encrypt="off", ca_file=None) as (b, r):
        r.ticket()
        b.server.faults("when=login do=flip:60")
        refused(b, "localhost: Kerberos: Decrypt integrity check failed. The "
                "server's answer to the ticket for %s proves nothing" % spn(b),
                b.server.faults)


@with_realm
def an_answer_that_is_no_token_is_refused():
    with realm("no-token", encrypt="off", ca_file=None) as (b, r):
        r.ticket()
        b.server.faults("when=login do=flip:11")
        refused(b, r"Kerberos: Invalid token was supplied\. The server's "
                "answer", b.server.faults)


@with_realm
def a_redirected_login_asks_for_the_other_servers_name():
    """[MS-TDS] 2.2.7.9: to another name of the same server, which the domain
    does not know at first."""
    with realm("redirected", encrypt="require", ca_file=None) as (b, r):
        r.ticket()
        b.server.faults('when=login match="server=localhost" do=route:127.0.0.1'
                        ",%d" % b.server.port)
        refused(b, r"redirects the login to 127\.0\.0\.1.*Server %s@.* not "
                r"found" % spn(b, "127.0.0.1"),
                lambda: r.service(spn(b, "127.0.0.1")))


@with_realm
def the_library_may_come_later():
    with realm("late") as (b, r), library_away(b) as (prefix, heal):
        r.ticket()
        refused(b, "needs libgssapi_krb5", heal, category="profile",
                prefix=prefix)


@with_realm
def threads_log_in_at_once():
    with realm("threads") as (b, r), b.host() as host:
        r.ticket()
        paths = [b.db_path]
        for i in range(3):
            paths.append("%s/copy-%d.db" % (b.folder, i))
            b.sql("VACUUM INTO '%s'" % paths[-1])
        answer = host.ask({"op": "threads", "extension": SO, "rounds": 5,
                           "paths": paths}, 120)
        expect(answer.results == [[[b.rows, None]] * 5] * 4, "%r" %
               answer.results)


# ---- a KDC that swallows what it is asked ----------------------------------------

@contextlib.contextmanager
def silence(r):
    r.stop()
    with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
        tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        tcp.bind(("127.0.0.1", r.port))
        tcp.listen()
        udp.bind(("127.0.0.1", r.port))
        yield
    r.start()


def asks_a_silent_kdc(b, r, host, ask, text, category, within):
    """The error comes in time; the thread that was left ends, and it takes its
    descriptors with it."""
    r.ticket()
    host.ok("SELECT count(*) FROM open_orders")
    before, old = host.probe(), b.checksum()
    with silence(r):
        answer = ask()
        expect_match(text, answer.error, "the error")
        expect(answer.seconds < within, "took %.1f s" % answer.seconds)
        b.expect_sound(old)
        b.expect_lock_free()
        b.expect_logged(category, text)
    b.works(host)
    # libkrb5 gives up after half a minute, if nobody comes.
    deadline = time.monotonic() + 60
    while host.probe().threads != before.threads:
        expect(time.monotonic() < deadline, "the thread does not end")
        time.sleep(0.5)
    host.expect_untouched(before)
    b.works(host)


@with_realm
def a_silent_kdc_costs_no_more_than_the_login_timeout():
    with realm("silent") as (b, r), b.host() as host:
        b.sql("UPDATE ordersync_syncs SET retries = 0")
        b.profile(login_timeout=2)
        asks_a_silent_kdc(
            b, r, host, host.refresh, "no login within 2 seconds, while asking "
            "Kerberos for a ticket; no KDC answers", "timeout", 2 + SLACK)


@with_realm
def an_interrupt_ends_a_silent_kdc():
    with realm("interrupted") as (b, r), b.host() as host:
        asks_a_silent_kdc(b, r, host, lambda: host.refresh(interrupt_ms=700),
                          "interrupted", "interrupt", 0.7 + 1.5)


@with_realm
def a_program_may_end_while_a_kdc_is_silent():
    with realm("ends", login_timeout=1) as (b, r):
        r.ticket()
        with silence(r):
            shell = Shell(b, "SELECT ordersync_refresh(NULL, "
                          "'{\"retries\":0}')", seconds=20)
        expect(shell.code == 1, "the shell's exit code is %d: %s" %
               (shell.code, shell.err))
        expect_match("asking Kerberos for a ticket", shell.err, "the error")
        expect(shell.seconds < 1 + SLACK, "took %.1f s" % shell.seconds)


# ---- the server, judged ----------------------------------------------------------

@with_realm
def tsql_logs_in_as_well():
    """FreeTDS as it is, by libgssapi_krb5 that it is linked with."""
    if not shutil.which("tsql"):
        raise Skip("no tsql here (freetds-bin)")
    with realm("tsql") as (b, r):
        r.ticket()
        for encryption in ("off", "request", "require"):
            conf = b.folder + "/freetds.conf"
            with open(conf, "w") as f:
                f.write("[krb]\nhost = localhost\nport = %d\ntds version = "
                        "7.4\nencryption = %s\n" % (b.server.port, encryption))
            done = subprocess.run(
                ["tsql", "-S", "krb", "-U", "", "-P", "", "-D", "Sales", "-o",
                 "qfh"], input="SELECT SUSER_SNAME()\ngo\n", text=True,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60,
                env=dict(b.env, FREETDSCONF=conf))
            expect(done.stdout.strip() == "EXAMPLE\\alice", "encryption = %s: "
                   "%s" % (encryption, done.stdout))


main(4, again=True)
