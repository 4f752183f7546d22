"""A folder with a server, a profile and a database that was refreshed once.

Whatever is done to a refresh, Box.fails() holds it to the same rules: the old
rows stay, the error is clear, the exit code is not 0, the run is logged, it
ended in time, nothing is left behind in the process, the next one works.
"""
import fcntl
import hashlib
import os
import shutil
import sqlite3
import subprocess
import threading

from harness import (AT_ONCE, CERTS, PASSWORD, ROOT, ROWS, USER, WORK,
                     Answer, Host, Server, Shell, clean_environment, expect,
                     expect_match)

template_lock = threading.Lock()


def server_template(rows):
    path = os.path.join(WORK, "template-%d.db" % rows)
    with template_lock:
        if not os.path.exists(path):
            subprocess.run(
                ["sqlite3", path + ".new", ".parameter init",
                 ".parameter set :rows %d" % rows,
                 ".read %s/tests/data/make-orders.sql" % ROOT,
                 'UPDATE "vwZSDOrder_Advanced" SET "transitTime" = 1'],
                check=True)
            os.rename(path + ".new", path)
    return path


class Box:
    """The stamp is a number in every row of the source (transitTime): what
    transit_time says is which refresh a local row comes from."""

    def __init__(self, name, rows=ROWS, journal="wal",
                 password=PASSWORD, cert="server", options=(), **profile):
        self.rows = rows
        self.folder = os.path.join(WORK, name)
        shutil.rmtree(self.folder, ignore_errors=True)
        os.makedirs(os.path.join(self.folder, "tmp"))
        self.db_path = os.path.join(self.folder, "orders.db")
        self.ini = os.path.join(self.folder, "ordersync.ini")
        shutil.copyfile(server_template(rows),
                        os.path.join(self.folder, "server.db"))
        self.env = clean_environment(
            ORDERSYNC_CONFIG=self.ini, HOME=self.folder,
            SQLITE_TMPDIR=os.path.join(self.folder, "tmp"),
            TMPDIR=os.path.join(self.folder, "tmp"))
        self.server = Server(self.folder, password, cert, options)
        self.server.start()
        self.settings = dict(
            server="localhost", port=self.server.port, database="Sales",
            user=USER, password=password, ca_file=CERTS + "/ca.pem",
            login_timeout=20, query_timeout=60)
        self.profile(**{key: value for key, value in profile.items()
                        if not key.endswith("_timeout")})
        self.make(journal)
        self.profile(**profile)

    def make(self, journal):
        with self.host() as host:
            host.ok("SELECT ordersync_install()")
            host.ok("PRAGMA journal_mode=%s" % journal)  # of a new file, WAL
            host.ok("UPDATE ordersync_syncs SET retries = 0")
            expect(host.ok("SELECT ordersync_refresh()").value == self.rows,
                   "the first refresh brought other rows")

    def host(self, **more):
        return Host(self, **more)

    def profile(self, **changes):
        self.settings.update(changes)
        with open(self.ini + ".new", "w") as f:
            os.chmod(self.ini + ".new", 0o600)
            f.write("[default]\n")
            for key, value in self.settings.items():
                if value is not None:
                    f.write("%s = %s\n" % (key, value))
        os.rename(self.ini + ".new", self.ini)

    def sql(self, sql, *args):
        """From outside, without the extension."""
        db = sqlite3.connect(self.db_path, timeout=20, isolation_level=None)
        try:
            return db.execute(sql, args).fetchall()
        finally:
            db.close()

    def checksum(self, table="open_orders"):
        digest = hashlib.sha256()
        for row in self.sql("SELECT * FROM %s ORDER BY rowid" % table):
            digest.update(repr(row).encode())
        return digest.hexdigest()

    def stamp(self, number):
        self.server.query('UPDATE "vwZSDOrder_Advanced" SET "transitTime" = %d'
                          % number)

    def stamps(self):
        return self.sql("SELECT transit_time, count(*) FROM open_orders "
                        "GROUP BY 1")

    def last_run(self):
        names = ("id", "status", "attempts", "error", "error_category",
                 "error_number", "finished_at", "rows")
        rows = self.sql("SELECT %s FROM ordersync_runs ORDER BY id DESC "
                        "LIMIT 1" % ", ".join(names))
        return Answer(dict(zip(names, rows[0])))

    def expect_lock_free(self):
        with open(self.db_path + "-ordersync-open_orders.lock") as f:
            fcntl.flock(f, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def expect_sound(self, checksum):
        expect(self.checksum() == checksum, "the old rows did not stay")
        found = self.sql("PRAGMA integrity_check")
        expect(found == [("ok",)], "integrity: %r" % found)

    def expect_logged(self, category, text, number=None, attempts=None):
        run = self.last_run()
        status = "cancelled" if category == "interrupt" else "error"
        expect(run.status == status, "logged as %s" % run.status)
        expect(run.error_category in category.split("|"), "logged as %s, not "
               "%s: %s" % (run.error_category, category, run.error))
        expect(run.error_number == number, "logged with number %s, not %s" %
               (run.error_number, number))
        expect(attempts in (None, run.attempts), "%s attempts, not %s" %
               (run.attempts, attempts))
        expect(run.finished_at and run.rows is None, "logged as unfinished")
        expect_match(text, run.error, "the run's error")

    def fails(self, category, text, within, number=None, attempts=1,
              heal=None, refresh="SELECT ordersync_refresh()", setup=(),
              logged=True, connects=True, prefix=()):
        """The refresh must fail thus, in a program and in the shell, each
        after the setup's SQL and under the prefix of a command; after heal()
        it must work. Within: seconds, AT_ONCE at least. Not logged: where
        nothing can be written. Not connects: known before the network."""
        within = max(within, AT_ONCE)
        with self.host(prefix=prefix) as host:
            host.ok("SELECT count(*) FROM open_orders")  # opens what it opens
            for sql in setup:
                host.ok(sql)
            before, old = host.probe(), self.checksum()
            runs = self.last_run().id
            mark = len(self.server.log())
            answer = host.sql(refresh, seconds=within + 15)
            expect(answer.error is not None, "it succeeded: %r" % answer.rows)
            expect_match(text, answer.error, "the error")
            expect(answer.seconds < within, "took %.1f s of %.1f: %s" %
                   (answer.seconds, within, answer.error))
            expect(not answer.in_transaction, "a transaction is open")
            host.expect_untouched(before)
            self.expect_sound(old)
            self.expect_lock_free()
            if logged:
                self.expect_logged(category, text, number, attempts)
            shell = Shell(self, *setup, refresh, seconds=within + 15,
                          prefix=prefix)
            expect(shell.code > 0, "the shell's exit code is %d" % shell.code)
            expect_match(text, shell.err, "the shell's error")
            expect(shell.seconds < within + 1, "the shell took %.1f s of %.1f"
                   % (shell.seconds, within + 1))
            self.expect_sound(old)
            expect(self.last_run().id == runs + (2 if logged else 0),
                   "%d runs were logged" % (self.last_run().id - runs))
            expect(connects or len(self.server.log()) == mark,
                   "the server was asked")
            if heal:
                heal(host)
            self.works(host)
            host.expect_untouched(before)
            return answer.error

    def works(self, host):
        """The next refresh does, given time: other programs run here too."""
        short = {key: self.settings[key] for key in ("login_timeout",
                                                     "query_timeout")}
        self.profile(login_timeout=20, query_timeout=60)
        answer = host.refresh(seconds=90)
        self.profile(**short)
        expect(answer.error is None, "the next refresh: %s" % answer.error)
        expect(answer.value == self.rows, "the next refresh brought %r rows" %
               answer.value)
        expect(self.last_run().status == "success", "not logged as a success")

    def close(self):
        self.server.stop()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def make_big(b, megabytes):
    """The sync "big": rows of one megabyte."""
    b.server.query(
        'CREATE TABLE "vwBig"(id int, t "varchar(max)");'
        "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c "
        "WHERE n < %d) INSERT INTO vwBig SELECT n, "
        "replace(hex(zeroblob(500000)), '0', 'x') FROM c" % megabytes)
    b.sql("CREATE TABLE big(id INTEGER PRIMARY KEY, t TEXT)")
    b.sql("INSERT INTO big VALUES(1, 'old')")
    b.sql("INSERT INTO ordersync_syncs(name, source, target, retries) "
          "VALUES('big', 'dbo.vwBig', 'big', 0)")
    b.sql("INSERT INTO ordersync_columns(sync, position, source_column, "
          "target_column, kind) VALUES('big', 1, 'id', 'id', 'integer'), "
          "('big', 2, 't', 't', 'raw')")
