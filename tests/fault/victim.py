"""A shell that refreshes, to be killed after a time or at a system call."""
import os
import signal
import subprocess
import time

from harness import HERE, SO, WORK, expect

KILL_AT = os.path.join(WORK, "kill_at.so")


def build():
    os.makedirs(os.path.dirname(KILL_AT), exist_ok=True)
    subprocess.run(
        [os.environ.get("CC", "cc"), "-std=c11", "-D_GNU_SOURCE", "-O1",
         "-fPIC", "-shared", "-o", KILL_AT + ".new",
         os.path.join(HERE, "kill_at.c"), "-ldl"], check=True)
    os.rename(KILL_AT + ".new", KILL_AT)


class Victim:
    def __init__(self, box, sql, **env):
        """env: what kill_at.c reads."""
        self.started = time.monotonic()
        if env:
            env["LD_PRELOAD"] = KILL_AT
        self.process = subprocess.Popen(
            ["sqlite3", "-batch", box.db_path, ".load " + SO, sql],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, cwd=box.folder, env=dict(box.env, **env))

    def wait(self, seconds):
        try:
            out, _ = self.process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()
            return -signal.SIGKILL, ""
        return self.process.returncode, out.decode()


def measure(box, sql):
    """How many calls of each kind a whole run makes, and its time."""
    path = os.path.join(box.folder, "counts")
    victim = Victim(box, sql, KILL_COUNT=path)
    code, out = victim.wait(60)
    took = time.monotonic() - victim.started
    expect(code == 0, "the measured run failed: " + out)
    with open(path) as f:
        counts = {kind: int(n) for kind, n in map(str.split, f)}
    os.unlink(path)
    expect(all(counts.values()), "calls were not seen: %r" % counts)
    return counts, took
