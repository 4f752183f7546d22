"""The Dockerfile, step by step in bare roots, since an image cannot be pulled
everywhere: FROM is a root, RUN a command in it, COPY a copy; then CMD runs as
its USER, and is told to stop. A step that this does not know is a failure."""
import json
import os
import re
import shlex
import signal
import subprocess
import threading
import time

from common import (CERTS, DIST, HERE, PASSWORD, ROOT, ROWS, WORK, bare_root,
                    check, inside, must, no_roots, read, skip, version)


def steps():
    text = re.sub(r"\\\n", "", read(HERE, "Dockerfile"))
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            yield line.split(None, 1)


class Image:
    def __init__(self, number):
        self.root = bare_root("image-%d" % number)
        self.user, self.folder, self.env = "root", "/", {}
        self.cmd = self.health = None


def copy(image, stages, words):
    source, target = words[-2:]
    if words[0].startswith("--from="):
        source = stages[words[0][len("--from="):]].root + source
    else:
        # What a build sends: the tree, less what Dockerfile.dockerignore names.
        source = WORK + "/context"
        must("rm", "-rf", source)
        os.makedirs(source)
        must("make", "-s", "-C", ROOT, "dist")
        must("tar", "-xf", DIST + "/ordersync-%s.tar.gz" % version(), "-C",
             source, "--strip-components=1")
    os.makedirs(image.root + target, exist_ok=True)
    must("cp", "-a", source + "/.", image.root + target)


def build():
    stages, image = {}, None
    for word, rest in steps():
        if word == "FROM":
            if not rest.startswith("debian:bookworm-slim"):
                raise RuntimeError("not a base that is known here: " + rest)
            image = stages[rest.split(" AS ")[-1]] = Image(len(stages))
        elif word == "RUN":
            code, out = inside(image.root, "sh", "-c", rest, env=image.env,
                               seconds=600)
            if not check("RUN " + rest[:60], code == 0, out):
                return None
        elif word == "COPY":
            copy(image, stages, rest.split())
        elif word == "ENV":
            image.env.update(x.split("=", 1) for x in shlex.split(rest))
        elif word == "USER":
            image.user = rest
        elif word == "WORKDIR":
            image.folder = rest
        elif word == "HEALTHCHECK":
            image.health = rest.split("CMD ", 1)[1]
        elif word == "CMD":
            image.cmd = json.loads(rest)
        elif word != "VOLUME":
            raise RuntimeError("not a step that is known here: " + word)
    return image


def start(image, env):
    """CMD as the container's user; its lines come in as it prints them."""
    words = ["/usr/sbin/chroot", "--userspec=%s:%s" % (image.user, image.user), image.root,
             "sh", "-c", "cd %s && exec \"$@\"" % image.folder, "sh"] + image.cmd
    process = subprocess.Popen(
        words, env={"PATH": "/usr/local/bin:/usr/bin:/bin", **env}, text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT)
    lines = []
    threading.Thread(target=lambda: lines.extend(iter(
        process.stdout.readline, "")), daemon=True).start()
    return process, lines


def wait_for(lines, pattern, seconds=30):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if re.search(pattern, "".join(lines), re.M):
            return True
        time.sleep(0.05)
    return False


def stop(process):
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
    return time.monotonic() - began


def healthy(image, env):
    return inside(image.root, "sh", "-c", image.health, user=image.user, env=env)


def local(image, sql):
    return must("sqlite3", image.root + "/data/orders.db", ".timeout 5000", sql)


def test(server):
    why = no_roots()
    if why:
        return skip("the Dockerfile", why)
    image = build()
    if image is None:
        return
    check("the container's user is not root", image.user not in ("root", "0"))
    # What `docker run` gives: the settings, the secret, the authority.
    env = dict(image.env, ORDERSYNC_SERVER="localhost", ORDERSYNC_DATABASE="Sales",
               ORDERSYNC_PORT=server.port, ORDERSYNC_USER="orders_reader",
               ORDERSYNC_CA_FILE="/run/ca.pem")
    must("cp", CERTS + "/ca.pem", image.root + "/run/ca.pem")
    secret = image.root + env["ORDERSYNC_PASSWORD_FILE"]
    os.makedirs(os.path.dirname(secret), exist_ok=True)
    with open(secret, "w") as f:
        f.write(PASSWORD + "\n")
    os.chown(secret, 1000, 1000)
    os.chmod(secret, 0o400)
    code, out = healthy(image, env)
    check("unhealthy before there is a database", code != 0, out)
    process, lines = start(image, env)
    check("the first refresh is printed to stdout",
          wait_for(lines, "^1$") and
          local(image, "SELECT count(*) FROM open_orders") == "%d\n" % ROWS, lines)
    code, out = healthy(image, env)
    check("healthy once synced", (code, out) == (0, ""), out)
    took = stop(process)
    check("SIGTERM while it sleeps ends it within 5 s: %.1f s, exit code %s" %
          (took, process.returncode), took < 5 and process.returncode == 0)

    os.kill(server.process.pid, signal.SIGSTOP)
    process, lines = start(image, env)
    begun = any(time.sleep(0.1) or "running" in local(
        image, "SELECT status FROM ordersync_runs") for _ in range(100))
    took = stop(process)
    os.kill(server.process.pid, signal.SIGCONT)
    check("SIGTERM while it refreshes ends it within 5 s: %.1f s, exit code %s" %
          (took, process.returncode), begun and took < 5 and
          process.returncode == 0, lines)
    status = local(image, "SELECT status FROM ordersync_runs ORDER BY id DESC "
                   "LIMIT 1; SELECT count(*) FROM open_orders")
    check("that run is logged as cancelled and the old rows stay",
          status == "cancelled\n%d\n" % ROWS, status)
    local(image, "DELETE FROM ordersync_runs")
    code, out = healthy(image, env)
    check("unhealthy when no run has succeeded", code == 1 and
          "open_orders is never" in out, out)
    for number in (0, 1):
        must("rm", "-rf", WORK + "/image-%d" % number)
