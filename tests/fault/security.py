"""Secrets, certificates, and who may read the profile."""
import os
import re
import select
import socket
import subprocess
import threading

from box import Box
from harness import (CERTS, SLACK, SO, Host, Shell, Skip, expect, expect_match,
                     instead_of, main, test, wait_for)

SENTINEL = "Zq9x!W7-seNtineL'k]2"
ROWS_BATCH = 'when=batch match=[soldTo] '
PRELOGIN, LOGIN7 = 0x12, 0x10  # [MS-TDS] 2.2.3.1.1


def forms(secret):
    """How a secret may show: as text, in UTF-16, as LOGIN7 disguises it."""
    wide = secret.encode("utf-16-le")
    return {"utf-8": secret.encode(), "utf-16": wide,
            "login7": bytes(((c >> 4 | c << 4) & 255) ^ 0xa5 for c in wide)}


class Wire(threading.Thread):
    """Between client and server: notes what the client sends, and may change
    the first bytes of either side."""

    def __init__(self, port, ask=None, answer=None):
        super().__init__(daemon=True)
        self.listener = socket.socket()
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(16)
        self.port = self.listener.getsockname()[1]
        self.to = port
        self.change = {"ask": ask, "answer": answer}
        self.sent = []  # a bytearray a connection
        self.start()

    def run(self):
        while True:
            try:
                client = self.listener.accept()[0]
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self.to))
            note = bytearray()
            self.sent.append(note)
            for side, a, b in (("ask", client, server),
                               ("answer", server, client)):
                threading.Thread(target=self.pump, daemon=True, args=(
                    side, a, b, note if side == "ask" else None)).start()

    def pump(self, side, a, b, note):
        change = self.change[side]
        try:
            while True:
                data = a.recv(65536)
                if change and data:
                    data, change = change(data), None
                if note is not None:
                    note += data
                if not data:
                    break
                b.sendall(data)
        except OSError:
            pass
        for s in (a, b):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def packets(self):
        """The types of the plain TDS packets that were sent. TLS records
        (types 0x14 to 0x17) are passed over."""
        found = set()
        for data in self.sent:
            at = 0
            while at + 8 <= len(data):
                if 0x14 <= data[at] <= 0x17:
                    at += 5 + int.from_bytes(data[at + 3:at + 5], "big")
                else:
                    found.add(data[at])
                    at += max(8, int.from_bytes(data[at + 2:at + 4], "big"))
        return found

    def shows(self, secret):
        whole = b"".join(bytes(d) for d in self.sent)
        return [name for name, form in forms(secret).items() if form in whole]


def with_encryption(octet):
    """Changes the ENCRYPTION option of a PRELOGIN, [MS-TDS] 2.2.6.5."""
    def change(data):
        data, at = bytearray(data), 8
        while at < len(data) and data[at] != 0xff:
            if data[at] == 1:
                data[8 + int.from_bytes(data[at + 1:at + 3], "big")] = octet
            at += 5
        return bytes(data)
    return change


# ---- certificates -------------------------------------------------------------

def refuses(name, text, cert="server", ask=None, answer=None, packets=None,
            options=(), **profile):
    """Adds a test: under verify, the login is refused thus, and nothing but
    the handshake is sent."""
    def run():
        with Box(name, login_timeout=20, query_timeout=60) as b:
            b.server.stop()
            b.server.cert, b.server.options = cert, list(options)
            b.server.start()
            wire = Wire(b.server.port, ask, answer)
            old = dict(b.settings)

            def mend(_host):
                expect(wire.sent, "it did not come by the wire")
                sent = wire.packets()
                expect(sent <= (packets or {PRELOGIN}),
                       "packets of the types %r were sent in clear" % sent)
                shown = wire.shows(b.settings["password"])
                expect(not shown, "the password was sent as %r" % shown)
                expect(not b.server.sent(), "it asked %r" % b.server.sent())
                b.server.stop()
                b.server.cert, b.server.options = "server", []
                b.server.start()
                b.profile(**old)
            b.server.mark()
            b.profile(port=wire.port, **profile)
            b.fails("tls", text, 3 + SLACK, attempts=1, heal=mend)
    run.__name__ = name
    test(run)


refuses("a_certificate_for_another_host_is_refused",
        "certificate is for elsewhere.example, not localhost.*Set server to",
        cert="wrong-host")
refuses("an_expired_certificate_is_refused",
        "certificate expired on 2020-02-01.*renewed there.*clock", cert="expired")
refuses("an_authority_that_has_expired_is_told_from_the_certificate",
        "from an authority whose own has expired.*new certificate",
        cert="old-chain", ca_file=CERTS + "/old-ca.pem")
refuses("a_self_signed_certificate_is_refused",
        "certificate is self-signed.*set ca_file", cert="self-signed")
refuses("a_certificate_of_an_unknown_authority_is_refused",
        "issued by an unknown authority.*set ca_file", cert="unknown-ca")
refuses("a_trusted_authority_that_is_another_one_is_refused",
        "issued by an unknown authority", ca_file=CERTS + "/other-ca.pem")
refuses("a_server_without_encryption_is_refused", "offers no encryption",
        options=["--encrypt", "unsupported"])
refuses("a_server_that_says_it_has_no_encryption_is_refused",
        "no encryption", answer=with_encryption(2))
# Somebody between them asks for an encrypted login only.
refuses("a_downgrade_to_an_encrypted_login_is_refused",
        "encrypt the login only: the data would be sent in clear",
        ask=with_encryption(0))


@test
def a_self_signed_certificate_can_be_trusted_by_itself():
    with Box("pinned") as b, b.host() as host:
        b.server.stop()
        b.server.cert = "self-signed"
        b.server.start()
        b.profile(ca_file=CERTS + "/self-signed.pem")
        b.works(host)


@test
def under_verify_nothing_is_sent_in_clear():
    with Box("sealed", password=SENTINEL) as b, b.host() as host:
        wire = Wire(b.server.port)
        b.profile(port=wire.port)
        b.works(host)
        expect(wire.packets() == {PRELOGIN}, "packets: %r" % wire.packets())
        expect(not wire.shows(SENTINEL), "the password shows")
        # In clear, the same watch sees the password: it would not miss it.
        b.profile(encrypt="off", ca_file=None)
        b.works(host)
        expect(LOGIN7 in wire.packets() and "login7" in wire.shows(SENTINEL),
               "the watch sees nothing: the test proves nothing")


# ---- the password --------------------------------------------------------------

def expect_no_secret(text, where, secret=SENTINEL):
    data = text if isinstance(text, bytes) else text.encode()
    for name, form in forms(secret).items():
        expect(form not in data, "%s has the password, as %s" % (where, name))


@test
def the_password_shows_nowhere():
    echo = ":16:Login with %s and password=%s; failed" % (SENTINEL, SENTINEL)
    with Box("sentinel", password=SENTINEL) as b:
        b.env["ORDERSYNC_LOG"] = "stderr:info"
        b.server.query("CREATE TABLE vwPlain(a int)")
        cases = [(), ("when=login do=refuse_login",), ("when=login do=cut",),
                 ("when=login do=garbage",), ("when=accept do=hang",),
                 (ROWS_BATCH + "do=error:50000" + echo,),
                 (ROWS_BATCH + "after_rows=9 do=error:50000" + echo,),
                 ('when=batch match="TOP (0)" do=error:229' + echo,),
                 ('when=batch match="SET NOCOUNT" do=error:50001' + echo,)]
        statements = ["SELECT ordersync_refresh()",
                      "SELECT count(*) FROM ordersync",
                      "SELECT ordersync_add('x%d', 'dbo.vwPlain')",
                      "SELECT * FROM ordersync_check"]
        said = 0
        for i, faults in enumerate(cases):
            b.server.faults(*faults)
            b.profile(login_timeout=2 if "do=hang" in repr(faults) else 20)
            for sql in statements[:None if i in (0, 5, 7, 8) else 1]:
                shell = Shell(b, sql.replace("%d", str(i)))
                what = "%s under %s" % (sql, faults)
                expect_no_secret(shell.out, "the output of " + what)
                expect_no_secret(shell.err, "the error of " + what)
                said += "***" in shell.err
        expect(said >= 6, "the masked echo was seen %d times" % said)
        b.profile(password="wrong" + SENTINEL)
        shell = Shell(b, "SELECT ordersync_refresh()")
        expect_no_secret(shell.err, "the error of a wrong password")
        expect_no_secret(Shell(b, ".dump").out, "the dump")
        for name in os.listdir(b.folder):
            if name.startswith("orders.db"):
                with open(os.path.join(b.folder, name), "rb") as f:
                    expect_no_secret(f.read(), name)


@test
def a_long_message_shows_no_part_of_the_password():
    """Wherever the message is cut."""
    with Box("long-echo", password=SENTINEL) as b:
        b.profile(retries=None)
        for sql in ("SELECT ordersync_refresh()",
                    "SELECT count(*) FROM ordersync"):
            for length in list(range(480, 520, 7)) + list(range(900, 1030, 7)):
                b.server.faults('when=batch match="FROM [dbo]" do=error:50000:'
                                "16:%s%s and more" % ("x" * length, SENTINEL))
                shell = Shell(b, sql)
                expect_match("xxxxx", shell.err, "the error")
                expect(SENTINEL[:6] not in shell.err,
                       "%s, %d bytes before the password: %s" %
                       (sql, length, shell.err))
        b.server.faults('when=batch match="FROM [dbo]" do=error:50000:16:%s'
                        % SENTINEL)
        expect_match(r"query: \*\*\* \(message 50000",
                     Shell(b, "SELECT ordersync_refresh()").err, "the error")
        expect(not b.sql("SELECT 1 FROM ordersync_runs WHERE instr(error, ?)",
                         SENTINEL[:6]), "a part is in the run log")


@test
def other_spellings_of_the_password_are_masked():
    spellings = [SENTINEL.upper(), SENTINEL.replace("'", "''"),
                 SENTINEL.replace("]", "]]"), "".join(
                     c if c.isalnum() else "%%%02X" % ord(c)
                     for c in SENTINEL)]
    with Box("spellings", password=SENTINEL) as b:
        for said in spellings:
            b.server.faults('when=batch match="FROM [dbo]" do=error:50000:16:'
                            "near %s here" % said)
            for sql in ("SELECT ordersync_refresh()",
                        "SELECT count(*) FROM ordersync"):
                expect_match(r"near \*\*\* here", Shell(b, sql).err, said)
        found = b.sql("SELECT error FROM ordersync_runs WHERE error NOT LIKE "
                      "'%near *** here%'")
        expect(not found, "the run log has %r" % found)


@test
def warnings_of_a_successful_run_have_no_password():
    with Box("warnings", password=SENTINEL) as b:
        b.env["ORDERSYNC_LOG"] = "stderr"
        b.server.query('ALTER TABLE "vwZSDOrder_Advanced" ADD COLUMN "%s" int'
                       % SENTINEL)
        shell = Shell(b, "SELECT ordersync_refresh()")
        expect(shell.code == 0 and "***" in shell.err, "said: " + shell.err)
        expect_no_secret(shell.err, "a column's name")
        b.server.faults('when=batch match="TOP (0)" do=error:102:15:Incorrect '
                        "syntax near '%s'" % SENTINEL)
        shell = Shell(b, "SELECT ordersync_refresh()")
        expect(shell.code == 1 and "***" in shell.err, "said: " + shell.err)
        expect_no_secret(shell.err, "an error")
        for name in os.listdir(b.folder):
            if name.startswith("orders.db"):
                with open(os.path.join(b.folder, name), "rb") as f:
                    expect_no_secret(f.read(), name)


@test
def a_server_cannot_forge_lines_of_the_log():
    with Box("forged") as b:
        b.env["ORDERSYNC_LOG"] = "stderr"
        b.server.query('ALTER TABLE "vwZSDOrder_Advanced" ADD COLUMN "x\ny" '
                       "int")
        b.server.query('ALTER TABLE "vwZSDOrder_Advanced" ADD COLUMN "z\x1b[2'
                       'J\nordersync: INFO open_orders: apply: 99 rows" int')
        shell = Shell(b, "SELECT ordersync_refresh()")
        expect("apply: 99 rows" in shell.err, "said: " + shell.err)
        expect("\x1b" not in shell.err and "\nordersync: INFO open_orders: "
               "apply: 99" not in shell.err, "a line was forged: " + shell.err)


@test
def the_command_line_has_no_password():
    with Box("cmdline", password=SENTINEL) as b:
        b.server.faults(ROWS_BATCH + "do=hold")
        host = Host(b)
        before = b.server.logins()
        host.start("SELECT ordersync_refresh()")
        wait_for(lambda: b.server.logins() > before, "the login")
        for name in ("cmdline", "environ", "comm"):
            with open("/proc/%d/%s" % (host.pid, name), "rb") as f:
                expect_no_secret(f.read(), name)
        # It fails when a descriptor is closed meanwhile; what it saw counts.
        names = subprocess.run(["ls", "-l", "/proc/%d/fd" % host.pid],
                               capture_output=True, check=False).stdout
        expect(b"socket:" in names, "its link was not seen: %r" % names)
        expect_no_secret(names, "a descriptor's name")
        expect(not select.select([host.process.stdout], [], [], 0)[0],
               "the refresh had ended: the test proves nothing")
        b.server.faults()
        expect(host.answer().value == b.rows, "other rows")
        host.close()


def memory(pid):
    """What a process has in its writable memory."""
    with open("/proc/%d/maps" % pid) as maps, \
            open("/proc/%d/mem" % pid, "rb", 0) as mem:
        for line in maps:
            found = re.match(r"([0-9a-f]+)-([0-9a-f]+) rw", line)
            if not found:
                continue
            low, high = (int(x, 16) for x in found.groups())
            try:
                mem.seek(low)
                yield line.strip(), mem.read(high - low)
            except (OSError, ValueError):
                continue


def places(pid, secret, but=None):
    return sorted({"%s in %s" % (name, line.split()[-1])
                   for line, data in memory(pid)
                   for name, form in forms(secret).items()
                   if form in data and name != but})


@test
def the_password_is_wiped_from_memory():
    for how in ("password", "password_file"):
        with Box("wiped-" + how, password=SENTINEL) as b:
            secret = os.path.join(b.folder, "secret")
            with open(secret, "w") as f:
                f.write(SENTINEL + "\n")
            os.chmod(secret, 0o600)
            if how == "password_file":
                b.profile(password=None, password_file=secret)
            with b.host() as host:
                b.works(host)
                expect(not places(host.pid, SENTINEL), "after a success it is "
                       "still there: %s" % places(host.pid, SENTINEL))
                b.server.faults("when=login do=refuse_login")
                expect(host.refresh().error, "the fault did nothing")
                # FreeTDS frees its packet without wiping it.
                found = places(host.pid, SENTINEL, but="login7")
                expect(not found, "after a failure it is still there: %s" %
                       found)


@test
def a_system_without_authorities_says_so():
    bundle = "/etc/ssl/certs/ca-certificates.crt"
    with Box("no-authorities") as b:
        b.profile(ca_file=None)
        prefix = (instead_of(bundle, b.folder, "") if os.path.exists(bundle)
                  else [])
        shell = Shell(b, "SELECT ordersync_refresh()", prefix=prefix)
        expect_match("localhost: this system trusts no certificate authority "
                     "at all. Install the package ca-certificates, or set "
                     "ca_file", shell.err, "the error")
        b.expect_logged("tls", "trusts no certificate authority", None, 1)


# ---- who may read the profile ---------------------------------------------------

@test
def a_profile_that_others_can_read_is_refused():
    with Box("modes") as b:
        for mode in (0o644, 0o640, 0o604, 0o660, 0o602):
            os.chmod(b.ini, mode)
            if mode == 0o640 and os.geteuid() == 0:
                continue  # root's group may, where root is who wrote it
            b.fails("profile", "ordersync.ini holds a password and others may "
                    r"read or change it \(mode %04o\).*chmod 600" % mode, 1,
                    attempts=0, connects=False,
                    heal=lambda _: os.chmod(b.ini, 0o600))


@test
def a_password_file_that_others_can_read_is_refused():
    with Box("file-modes") as b:
        secret = os.path.join(b.folder, "secret")
        with open(secret, "w") as f:
            f.write(b.settings["password"] + "\n")
        os.chmod(secret, 0o644)
        b.profile(password=None, password_file=secret)
        os.chmod(b.ini, 0o644)  # holds no secret any more
        b.fails("profile", "secret holds a password and others may read", 1,
                attempts=None, heal=lambda _: os.chmod(secret, 0o600))


@test
def a_profile_of_somebody_else_is_refused():
    with Box("owner") as b:
        if os.geteuid() != 0:
            raise Skip("only root can give a file away")
        os.chown(b.ini, 65534, 65534)
        b.fails("profile", "belongs to another user|others may read", 1,
                attempts=0, connects=False,
                heal=lambda _: os.chown(b.ini, 0, 0))


@test
def the_working_directory_has_no_profile():
    with Box("cwd") as b:
        env = dict(b.env)
        del env["ORDERSYNC_CONFIG"]
        env["HOME"] = os.path.join(b.folder, "tmp")
        os.makedirs(os.path.join(b.folder, ".config"))
        for name in ("ordersync.ini", ".config/ordersync.ini"):
            path = os.path.join(b.folder, name)
            if not os.path.exists(path):
                os.symlink(b.ini, path)
        b.server.mark()
        shell = Shell(b, "SELECT ordersync_refresh()", env=env)
        expect(shell.code > 0, "exit code %d" % shell.code)
        expect_match(r"there is no configuration file\. Write %s/\.config/"
                     "ordersync.ini or /etc/ordersync.ini" % env["HOME"],
                     shell.err, "the error")
        del env["HOME"]  # as cron's and services' may be
        shell = Shell(b, "SELECT ordersync_refresh()", env=env)
        expect_match("HOME is not set: write /etc/ordersync.ini, or set",
                     shell.err, "the error")
        expect(not b.server.logins(), "it connected")


@test
def the_library_keeps_freetds_to_itself():
    def names(which):
        out = subprocess.run(["nm", "-D", which, SO], check=True,
                             capture_output=True, text=True).stdout
        return {line.split()[-1] for line in out.splitlines()}
    expect(names("--defined-only") == {"sqlite3_ordersync_init"},
           "it exports %s" % names("--defined-only"))
    wanted = [name for name in names("--undefined-only")
              if re.match("(db|tds|bcp|box|tls|text)_?[a-z0-9]*$", name)]
    expect(not wanted, "it wants %s" % wanted)


def logins_of(b):
    return [event for event in b.server.log() if event["event"] == "login"]


@test
def freetds_variables_override_nothing():
    with Box("environment") as b:
        dump = os.path.join(b.folder, "dump")
        for name, value in (("TDSHOST", "127.0.0.9"), ("TDSPORT", "1"),
                            ("TDSVER", "5.0"), ("TDSDUMP", dump),
                            ("TDSDUMPCONFIG", dump), ("FREETDSCONF", dump)):
            b.server.mark()
            shell = Shell(b, "SELECT ordersync_refresh()",
                          env=dict(b.env, **{name: value}))
            expect(shell.code == 0, "%s: %s" % (name, shell.err))
            logins = logins_of(b)
            expect(len(logins) == 1 and logins[0]["tls"] and
                   logins[0]["tds"] == "7.4", "%s: %r" % (name, logins))
        expect(not os.path.exists(dump), "a dump file")


@test
def the_login_bears_the_servers_own_name():
    with Box("server-name") as b:
        b.server.mark()
        expect(Shell(b, "SELECT ordersync_refresh()").code == 0, "it fails")
        names = [login["server"] for login in logins_of(b)]
        expect(names == ["localhost"], "it was called %r" % names)


main(5)
