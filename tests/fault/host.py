"""A program that loads the extension, as the tests' victim.

    host.py EXTENSION DATABASE

It reads one JSON object a line and answers with one: {"op":"sql"} runs SQL on
its one connection, {"op":"probe"} tells what a library must leave as it found
it: signal handlers, the alarm, descriptors, threads, memory.
"""
import ctypes
import json
import os
import resource
import signal
import sqlite3
import sys
import threading
import time

libc = ctypes.CDLL(None, use_errno=True)
# The copy that Python's module is linked with.
libsqlite = ctypes.CDLL("libsqlite3.so.0")
libsqlite.sqlite3_memory_used.restype = ctypes.c_int64
held = []  # cursors


def handlers():
    """Every signal's handler, mask and flags, as libc's struct sigaction has
    them on 64-bit Linux; the kernel fills 8 of the mask's 128 bytes."""
    found = {}
    for number in range(1, 65):
        action = ctypes.create_string_buffer(256)
        if libc.sigaction(number, None, action) == 0:
            raw = action.raw
            found[number] = (raw[:16] + raw[136:140]).hex()
    return found


def descriptors():
    found = []
    for name in os.listdir("/proc/self/fd"):
        try:
            target = os.readlink("/proc/self/fd/" + name)
        except OSError:  # the listing's own
            continue
        found.append(target.split(":")[0])
    return sorted(found)


def resident_kb():
    with open("/proc/self/status") as status:
        for line in status:
            if line.startswith("VmRSS"):
                return int(line.split()[1])


def probe():
    return {
        "handlers": handlers(),
        "mask": sorted(signal.pthread_sigmask(signal.SIG_BLOCK, [])),
        "alarm": signal.getitimer(signal.ITIMER_REAL),
        "descriptors": descriptors(),
        "threads": len(os.listdir("/proc/self/task")),
        "directory": os.getcwd(),
        "resident_kb": resident_kb(),
        "sqlite_bytes": libsqlite.sqlite3_memory_used(),
    }


def cancel_once(db, at):
    """A progress handler that says it once, as Python's Ctrl-C does."""
    said = []

    def handler():
        if said or time.monotonic() < at:
            return 0
        said.append(1)
        return 1
    db.set_progress_handler(handler, 1000)


def run(db, request):
    started = time.monotonic()
    answer = {"rows": None, "error": None}
    timer = None
    if "cancel_once_ms" in request:
        cancel_once(db, started + request["cancel_once_ms"] / 1000)
    if "interrupt_ms" in request:
        timer = threading.Timer(request["interrupt_ms"] / 1000, db.interrupt)
        timer.start()
    try:
        cursor = db.execute(request["sql"], request.get("args", []))
        answer["rows"] = cursor.fetchall()
    except sqlite3.Error as error:
        answer["error"] = str(error)
        answer["code"] = getattr(error, "sqlite_errorname", None)
    answer["seconds"] = time.monotonic() - started
    answer["in_transaction"] = db.in_transaction
    answer["last_insert_rowid"] = libsqlite_rowid(db)
    db.set_progress_handler(None, 0)
    if timer:
        timer.cancel()
        timer.join()
    return answer


def refresh_again(extension, path, rounds, results):
    db = connect(extension, path)
    for _ in range(rounds):
        try:
            results.append([db.execute("SELECT ordersync_refresh()")
                            .fetchone()[0], None])
        except sqlite3.Error as error:
            results.append([None, str(error)])
    db.close()


def in_threads(request):
    """Each path refreshed by a thread of its own. until_one: a file that is
    emptied when only one of them is still at work."""
    results = [[] for _ in request["paths"]]
    threads = [threading.Thread(target=refresh_again, args=(
        request["extension"], path, request["rounds"], results[i]))
        for i, path in enumerate(request["paths"])]
    for thread in threads:
        thread.start()
    if "until_one" in request:
        while sum(thread.is_alive() for thread in threads) > 1:
            time.sleep(0.02)
        open(request["until_one"], "w").close()
    for thread in threads:
        thread.join()
    return {"results": results}


def their_handlers(sybdb):
    found = []
    for name in ("dberrhandle", "dbmsghandle"):
        swap = getattr(sybdb, name)
        swap.restype, swap.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
        found.append(swap(None))
        swap(found[-1])
    return found


def use_pymssql(request, done, said):
    import pymssql
    while not done.is_set() or said["queries"] < 5:
        try:
            theirs = pymssql.connect("theirs", request["user"],
                                     request["password"], "Sales",
                                     port=str(request["port"]))
            cursor = theirs.cursor()
            cursor.execute("SELECT 40 + 2")
            if cursor.fetchall() != [(42,)]:
                said["wrong"].append("another answer")
            try:
                cursor.execute("SELECT * FROM nowhere")
                said["wrong"].append("no error")
            except pymssql.Error as error:
                if error.args[0] != 208:
                    said["wrong"].append(str(error))
            theirs.close()
        except pymssql.Error as error:
            said["wrong"].append(str(error))
        said["queries"] += 1


def beside_pymssql(request):
    """pymssql at work in a thread, by a configuration file of its own, while
    this one refreshes."""
    import pymssql  # noqa: F401: loads libsybdb
    sybdb = ctypes.CDLL("libsybdb.so.5")
    sybdb.dbsetifile(request["conf"].encode())
    said = {"queries": 0, "wrong": [], "refreshes": [],
            "handlers_before": their_handlers(sybdb)}
    done = threading.Event()
    thread = threading.Thread(target=use_pymssql, args=(request, done, said))
    thread.start()
    refresh_again(request["extension"], request["path"], request["rounds"],
                  said["refreshes"])
    done.set()
    thread.join()
    said["handlers_after"] = their_handlers(sybdb)
    return said


def reconnect(request):
    results = []
    for _ in range(request["rounds"]):
        db = connect(request["extension"], request["path"])
        results.append([db.execute(sql).fetchone()[0] for sql in (
            "SELECT ordersync_refresh()", "SELECT count(*) FROM ordersync")])
        db.close()
    return {"results": results}


def in_child(function):
    """What the function returns in a forked child."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(read)
        os.write(write, json.dumps(function()).encode())
        os._exit(0)  # as a child should, without the parent's destructors
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        said = pipe.read()
    os.waitpid(pid, 0)
    return json.loads(said or b'"it died"')


def fork(request):
    def child():
        db = connect(request["extension"], request["path"])
        try:
            return [db.execute(request["sql"]).fetchall(), None]
        except sqlite3.Error as error:
            return [None, str(error)]
    return {"child": in_child(child)}


def fork_cursor(db, request):
    """Parent and child go on with a cursor that has given one row."""
    cursor = db.execute(request["sql"])
    cursor.fetchone()

    def child():
        try:
            return "%d rows" % len(cursor.fetchall())
        except sqlite3.Error as error:
            return str(error)
    said = in_child(child)
    return {"child": said, "parent": 1 + len(cursor.fetchall())}


def hold(db, extension, request):
    """Leaves a query half read, or with no row fetched, for some seconds or for
    good, on this connection or on another of this process."""
    if "path" in request:
        db = connect(extension, request["path"])
    cursor = db.execute(request["sql"])
    held.append(cursor)
    answer = {"row": None if request.get("unread") else cursor.fetchone()}
    if "seconds" in request:
        timer = threading.Timer(request["seconds"], cursor.close)
        timer.daemon = True
        timer.start()
    return answer


def ignore(db, request):
    """Has SQLite pass over what an authorizer is asked about thus, with these
    arguments if any are given."""
    wanted = request.get("arguments", [])
    db.set_authorizer(lambda action, *arguments: sqlite3.SQLITE_IGNORE
                      if action in request["actions"] and
                      wanted == list(arguments[:len(wanted)])
                      else sqlite3.SQLITE_OK)
    return {}


def leave_descriptors(request):
    """Lets the process open so many more; NULL: as many as before."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    while held and isinstance(held[-1], int):
        os.close(held.pop())
    if request["left"] is None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        return {}
    most = max(int(fd) for fd in os.listdir("/proc/self/fd"))
    held.append(os.open("/dev/null", os.O_RDONLY))
    while held[-1] < most:
        held.append(os.open("/dev/null", os.O_RDONLY))
    resource.setrlimit(resource.RLIMIT_NOFILE,
                       (held[-1] + 1 + request["left"], hard))
    return {}


def libsqlite_rowid(db):
    try:
        return db.execute("SELECT last_insert_rowid()").fetchone()[0]
    except sqlite3.Error:
        return None


def connect(extension, path):
    db = sqlite3.connect(path, isolation_level=None, timeout=0,
                         check_same_thread=False,
                         uri=path.startswith("file:"))
    db.enable_load_extension(True)
    db.load_extension(extension)
    db.create_function("nap", 1, time.sleep)  # for slow triggers
    return db


def main():
    # Python ignores SIGPIPE; most programs die of it.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    signal.signal(signal.SIGALRM, lambda *_: None)
    signal.signal(signal.SIGUSR1, lambda *_: None)
    db = connect(sys.argv[1], sys.argv[2])
    for line in sys.stdin:
        request = json.loads(line)
        answer = {"probe": lambda: probe(),
                  "sql": lambda: run(db, request),
                  "threads": lambda: in_threads(request),
                  "pymssql": lambda: beside_pymssql(request),
                  "reconnect": lambda: reconnect(request),
                  "fork": lambda: fork(request),
                  "fork_cursor": lambda: fork_cursor(db, request),
                  "hold": lambda: hold(db, sys.argv[1], request),
                  "ignore": lambda: ignore(db, request),
                  "descriptors": lambda: leave_descriptors(request),
                  }[request["op"]]()
        print(json.dumps(answer, default=repr), flush=True)


if __name__ == "__main__":
    main()
