"""Every fault on demand, seen from the other end of the wire: a small TDS client that reads packets itself."""
import os
import socket
import ssl
import struct
import time
import warnings

PORT = int(os.environ["JUDGE_FAULTS"])
FAULTS = os.environ["JUDGE_FAULT_FILE"]


def check(name, good, why=""):
    print(f"ok {name}" if good else f"not ok {name}: {why!r}", flush=True)


def fault(*lines):
    with open(FAULTS + ".new", "w") as f:
        f.write("".join(line + "\n" for line in lines))
    os.rename(FAULTS + ".new", FAULTS)


class Client:
    """Plain or inside TLS; .end says how the connection ended: None, "fin", "reset", "bye"."""

    def __init__(self, tls=False, login=True, intent=False, odbc=True):
        self.sock = socket.create_connection(("127.0.0.1", PORT), 5)
        self.sock.settimeout(5)
        self.tls, self.plain, self.end, self.wrap = None, b"", None, True
        self.send(18, bytes.fromhex("00000b0006 0100110001 ff") + b"\0" * 6 + bytes([1 if tls else 2]))
        self.reply()
        if tls:
            self.handshake()
        if login:
            self.login = self.do_login(intent, odbc)

    def handshake(self):
        ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        ctx.check_hostname, ctx.verify_mode = False, ssl.CERT_NONE
        warnings.simplefilter("ignore", DeprecationWarning)  # TLS 1.0 on purpose
        ctx.minimum_version = ssl.TLSVersion.TLSv1
        ctx.set_ciphers("ALL:@SECLEVEL=0")
        self.inn, self.out = ssl.MemoryBIO(), ssl.MemoryBIO()
        obj = ctx.wrap_bio(self.inn, self.out)
        while True:
            try:
                obj.do_handshake()
                break
            except ssl.SSLWantReadError:
                if self.out.pending:
                    self.send(18, self.out.read())
                self.inn.write(self.packet()[1])
        if self.out.pending:
            self.send(18, self.out.read())
        self.tls = obj

    def send(self, kind, payload):
        data = struct.pack(">BBHHBB", kind, 1, len(payload) + 8, 0, 1, 0) + payload
        if self.tls:
            self.tls.write(data)
            data = self.out.read()
        self.sock.sendall(data)

    def fill(self):
        if self.end:
            return False
        try:
            data = self.sock.recv(65536)
        except ConnectionResetError:
            self.end = self.end or "reset"
            return False
        except TimeoutError:
            return False
        if not data:
            self.end = self.end or "fin"
            return False
        if not self.tls:
            self.plain += data
            return True
        self.inn.write(data)
        try:
            while True:
                got = self.tls.read(65536)
                if not got:
                    raise ssl.SSLZeroReturnError
                self.plain += got
        except ssl.SSLWantReadError:
            return True
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            self.end = "bye"
            return True  # of what came before it

    def packet(self):
        while len(self.plain) < 8 or len(self.plain) < struct.unpack(">H", self.plain[2:4])[0]:
            if not self.fill():
                raise EOFError(self.end)
        size = struct.unpack(">H", self.plain[2:4])[0]
        head, self.plain = self.plain[:size], self.plain[size:]
        return head[1] & 1, head[8:]

    def reply(self):
        whole, last = b"", False
        while not last:
            last, part = self.packet()
            whole += part
        return whole

    def do_login(self, intent, odbc):
        fields = ["judge", "reader", "secret", "faults.py", "sql.example.com", "", "", "", "Sales"]
        fixed, data, at = b"", b"", 94
        for i, text in enumerate(fields):
            raw = text.encode("utf-16le")
            if i == 2:
                raw = bytes((c << 4 & 0xF0 | c >> 4) ^ 0xA5 for c in raw)
            fixed += struct.pack("<HH", at + len(data), len(text))
            data += raw
        fixed += b"\0" * 6 + struct.pack("<HHHHHH", 0, 0, 0, 0, 0, 0) + b"\0" * 4
        head = struct.pack("<IIIIIBBBBII", 0x74000004, 4096, 7, 1, 0, 0xE0, 3 if odbc else 1, 0x20 if intent else 0, 0, 0, 0)
        body = head + fixed + data
        self.send(16, struct.pack("<I", len(body) + 4) + body)
        return self.reply()

    def ask(self, sql):
        self.send(1, struct.pack("<IIHQI", 22, 18, 2, 0, 1) + sql.encode("utf-16le"))
        return self.reply()

    def silent(self, wanted=True):
        """Nothing comes and the socket stays open; a wanted end is waited for."""
        self.sock.settimeout(0.3 if wanted else 5)
        try:
            self.sock.recv(1, socket.MSG_PEEK)
            return False
        except TimeoutError:
            return True
        except ConnectionResetError:
            return False
        finally:
            self.sock.settimeout(5)


def done(reply):
    """Status and count of the last DONE."""
    kind, status, _, count = struct.unpack("<BHHQ", reply[-13:])
    return (status, count) if kind == 0xFD else None


def fails(call):
    try:
        return f"answered {call()!r}"[:80]
    except EOFError as e:
        return e.args[0]


def message(text):
    return text.encode("utf-16le")


MANY = "SELECT n FROM many"
fault()
check("the client itself", done(Client(tls=True).ask(MANY)) == (0x10, 50000))

# the orderly end of TLS
for tail, then in (("bye", True), ("bye:close", False)):
    fault(f"when=idle times=1 do={tail}")
    c = Client(tls=True)
    check(f"{tail} after the login", fails(c.packet) == "bye" and c.silent(then) == then, c.end)
    fault(f"when=idle skip=2 times=1 do={tail}")
    c = Client(tls=True)
    both = done(c.ask("SELECT 1")), done(c.ask("SELECT 2"))
    check(f"{tail} after two batches", both == ((0x10, 1),) * 2 and fails(c.packet) == "bye" and c.silent(then) == then, c.end)
    fault(f"when=batch after_rows=500 do={tail}")
    c = Client(tls=True)
    check(f"{tail} in mid-result", fails(lambda: c.ask(MANY)) == "bye" and c.silent(then) == then, c.end)
    fault(f"when=batch after_bytes=5001 do={tail}")
    c = Client(tls=True)
    check(f"{tail} in mid-row", fails(lambda: c.ask(MANY)) == "bye" and c.silent(then) == then, c.end)
    fault(f"when=login after_bytes=20 do={tail}")
    c = Client(tls=True, login=False)
    check(f"{tail} in the login", fails(lambda: c.do_login(False, True)) == "bye" and c.silent(then) == then, c.end)
fault("when=tls do=bye")
try:
    Client(tls=True)
    check("bye in the handshake", False)
except ssl.SSLError:
    check("bye in the handshake", True)
fault("when=idle do=delay:200", "when=idle do=bye:close")
start = time.monotonic()
c = Client(tls=True)
check("bye after a while", fails(c.packet) == "bye" and time.monotonic() - start > 0.2, c.end)

# what DONE says
fault("when=batch do=done_bits:2")
check("DONE_ERROR alone", done(Client().ask(MANY)) == (0x12, 50000))
fault("when=batch after_rows=100 do=done_bits:0x100")
reply = Client().ask(MANY)
check("DONE_SRVERROR after 100 rows, and no ERROR token", done(reply) == (0x110, 100) and reply.count(b"\xaa") == 0, done(reply))
fault("when=batch do=miscount:-1")
check("one row too few counted", done(Client().ask(MANY)) == (0x10, 49999))
fault("when=batch after_rows=10 do=miscount:49990")
reply = Client().ask(MANY)
check("rows that never came counted", done(reply) == (0x10, 50000) and len(reply) < 500, len(reply))

# what nobody asked for
fault("when=idle skip=1 times=1 do=again")
c = Client()
first, second, third = c.ask("SELECT 1 AS a"), c.ask("SELECT 2 AS a"), c.reply()
check("a response that comes twice", first == second != third, second)
fault("when=idle skip=1 times=1 do=stray:5")
c = Client()
c.ask("SELECT 1")
check("stray bytes after a response", (c.plain or c.fill()) and len(c.plain) == 5, c.plain)

# slowly
fault("when=batch after_rows=1 do=drip:1/10")
took = [9.0]
while len(took) < 5 and min(took) >= 2:  # a busy machine is slower still
    c = Client()
    start = time.monotonic()
    rows = done(c.ask("SELECT TOP 2 n FROM many"))[1]
    took.append(time.monotonic() - start)
check("a drip inside a row", rows == 2 and 0.15 < min(took) < 2, took)
fault("when=login do=drip:20/10")
start = time.monotonic()
Client()
check("a drip inside the login", time.monotonic() - start > 0.1)
fault("when=tls do=drip:50/10")
start = time.monotonic()
Client(tls=True)
check("a drip inside the handshake", time.monotonic() - start > 0.2)
fault("when=tls after_bytes=300 do=hang")
c = Client.__new__(Client)
try:
    socket.setdefaulttimeout(1)
    c.__init__(tls=True)
    check("a stall inside the handshake", False)
except EOFError:
    check("a stall inside the handshake", c.end is None, c.end)
finally:
    socket.setdefaulttimeout(None)

# routing, TLS versions
fault("when=login match=intent=readonly do=route:sql.example.com,1433")
reply = Client(intent=True).login
check("ROUTING", bytes([20]) + struct.pack("<HBHH", 5 + 30, 0, 1433, 15) + message("sql.example.com") in reply, reply)
check("ROUTING by intent", message("sql.example.com") not in Client().login)
for version, name in (("1.0", "TLSv1"), ("1.1", "TLSv1.1"), ("1.2", "TLSv1.2"), ("1.3", "TLSv1.3")):
    fault(f"when=tls do=tls:{version}")
    c = Client(tls=True)
    check(f"only TLS {version}", c.tls.version() == name, c.tls.version())

# errors
fault("when=login do=refuse_login:4060")
reply = Client().login
check("4060 and 18456", struct.pack("<I", 4060) in reply and struct.pack("<I", 18456) in reply and message('"Sales"') in reply, reply)
fault("when=login do=refuse_login:40532")
reply = Client().login
check("40532 and 18456", struct.pack("<I", 40532) in reply and struct.pack("<I", 18456) in reply and message('"sql.example.com"') in reply, reply)
for number, words in ((17187, "not ready"), (17188, "shutting down")):
    fault(f"when=login do=refuse_login:{number}")
    reply = Client().login
    check(f"{number}", struct.pack("<I", number) in reply and struct.pack("<I", 18456) not in reply and message(words) in reply, reply)
fault("when=batch after_rows=7 do=error:245")
reply = Client().ask(MANY)
check("245 after 7 rows", struct.pack("<I", 245) in reply and message("Conversion failed") in reply and done(reply)[0] & 2, reply)

# "SET statements" and [MS-TDS] 2.2.6.4: what a login starts with
fault()
for odbc, options, size in ((False, 0, 4096), (True, 5432, 0x7FFFFFFF)):
    reply = Client(odbc=odbc).ask("SELECT @@OPTIONS AS a, @@TEXTSIZE AS b")
    check(f"settings of a login with fODBC {odbc}", struct.pack("<BBIBI", 0xD1, 4, options, 4, size) in reply, reply)

check("the login's default language", message("Changed language setting to Deutsch.") in Client().login)
check("which reads dates", message("2024-03-02") in Client().ask("SELECT CONVERT(nvarchar(10), CAST('2024-02-03' AS datetime), 23) AS a"))

# locks, and the fixture changed meanwhile
fault("when=batch match=many do=lock:200")
start = time.monotonic()
check("a lock that ends", done(Client().ask(MANY)) == (0x10, 50000) and time.monotonic() - start >= 0.2)
fault("when=batch match=many do=lock")
c = Client()
c.ask("SET LOCK_TIMEOUT 50")
check("1222", struct.pack("<I", 1222) in c.ask(MANY))
c.ask("SET LOCK_TIMEOUT 0")
check("1222 at once", struct.pack("<I", 1222) in c.ask(MANY))
fault("when=batch match=changing times=1 do=sql:DROP TABLE changing; CREATE TABLE changing(a int)", "when=batch match=changing times=1 skip=1 do=sql:DROP TABLE changing; CREATE TABLE changing(a nvarchar(9)); INSERT INTO changing VALUES ('x')")
c = Client()
before, after = c.ask("SELECT a FROM changing"), c.ask("SELECT a FROM changing")
check("a type that changes between two queries", before[9] == 0x26 and after[9] == 0xE7, (before, after))
fault()
