"""A Kerberos realm of a test's own: EXAMPLE.COM, on free ports of 127.0.0.1, all
of its files in one folder."""
import os
import random
import shutil
import socket
import subprocess
import time

from harness import Skip, expect, processes

PROGRAMS = ("kdb5_util", "krb5kdc", "kadmin.local", "kinit", "kdestroy")
PASSWORD = "Krb-p4ssword"
# A KDC's port is one for UDP and TCP.
CONF = """[libdefaults]
 default_realm = EXAMPLE.COM
 dns_lookup_kdc = false
 dns_lookup_realm = false
 dns_canonicalize_hostname = false
 rdns = false
 default_client_keytab_name = FILE:%(folder)s/none.keytab
[realms]
 EXAMPLE.COM = {
  kdc = 127.0.0.1:%(port)d
 }
"""
KDC_CONF = """[kdcdefaults]
 kdc_listen = 127.0.0.1:%(port)d
 kdc_tcp_listen = 127.0.0.1:%(port)d
[realms]
 EXAMPLE.COM = {
  database_name = %(folder)s/principal
  key_stash_file = %(folder)s/stash
  acl_file = %(folder)s/acl
  max_life = 10h
 }
[logging]
 kdc = FILE:%(folder)s/kdc.log
"""


def free_port():
    """One that is free for UDP and TCP, and that no connection gets by chance:
    the system's own choice begins at 32768."""
    while True:
        port = random.randint(20000, 32000)
        with socket.socket() as tcp, \
                socket.socket(type=socket.SOCK_DGRAM) as udp:
            try:
                tcp.bind(("127.0.0.1", port))
                udp.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


class Realm:
    def __init__(self, folder):
        self.path = os.environ["PATH"] + ":/usr/sbin:/sbin"
        away = [p for p in PROGRAMS if not shutil.which(p, path=self.path)]
        if away:
            raise Skip("no Kerberos here: %s" % " ".join(away))
        self.folder = os.path.join(folder, "realm")
        os.makedirs(self.folder)
        self.keytab = os.path.join(self.folder, "sql.keytab")
        self.port = free_port()
        self.process = None
        self.env = {"KRB5_CONFIG": self.write("krb5.conf", CONF),
                    "KRB5_KDC_PROFILE": self.write("kdc.conf", KDC_CONF),
                    "KRB5CCNAME": "FILE:%s/ccache" % self.folder,
                    "KRB5RCACHENAME": "none:"}
        self.do("kdb5_util", "create", "-s", "-r", "EXAMPLE.COM", "-P",
                PASSWORD)
        self.admin("addprinc -pw %s alice" % PASSWORD)
        self.start()

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w") as f:
            f.write(text % {"folder": self.folder, "port": self.port})
        return path

    def do(self, *command, feed=""):
        done = subprocess.run(
            command, input=feed, text=True, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, cwd=self.folder, timeout=60,
            env=dict(os.environ, PATH=self.path, **self.env))
        expect(done.returncode == 0, "%s: %s" % (command, done.stdout))
        return done.stdout

    def admin(self, query):
        return self.do("kadmin.local", "-r", "EXAMPLE.COM", "-q", query)

    def log(self):
        try:
            with open(os.path.join(self.folder, "kdc.log")) as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def start(self):
        said = len(self.log())
        with open(os.path.join(self.folder, "kdc.out"), "ab") as out:
            self.process = subprocess.Popen(
                ["krb5kdc", "-n", "-r", "EXAMPLE.COM"], cwd=self.folder,
                stdout=out, stderr=out,
                env=dict(os.environ, PATH=self.path, **self.env))
        processes.append(self.process)
        deadline = time.monotonic() + 20
        while "commencing operation" not in self.log()[said:]:
            expect(self.process.poll() is None and
                   time.monotonic() < deadline, "the KDC does not start: " +
                   self.log()[said:])
            time.sleep(0.02)

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def service(self, name, keytab=None):
        """A principal, its key in the server's keytab."""
        self.admin("addprinc -randkey " + name)
        self.admin("ktadd -k %s %s" % (keytab or self.keytab, name))

    def ticket(self, user="alice", *more):
        self.do("kinit", *more, user, feed=PASSWORD + "\n")
