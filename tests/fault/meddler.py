"""A program that refreshes while somebody else writes: meddler.py EXTENSION
DATABASE REFRESH MEDDLE FIRST TIMES. Its progress handler runs MEDDLE over another
connection, from its FIRST call on, as often as that is let in and at most TIMES.
Prints JSON; "left" is the memory that SQLite has when both are closed."""
import ctypes
import json
import sqlite3
import sys

# The copy that Python's module is linked with.
used = ctypes.CDLL("libsqlite3.so.0").sqlite3_memory_used
used.restype = ctypes.c_int64


def main():
    extension, path, refresh, meddle, first, times = sys.argv[1:]
    before = used()
    db = sqlite3.connect(path, isolation_level=None, timeout=20)
    db.enable_load_extension(True)
    db.load_extension(extension)
    other = sqlite3.connect(path, isolation_level=None, timeout=0)
    said = {"value": None, "error": None, "writes": 0, "refused": 0,
            "calls": 0}

    def handler():
        said["calls"] += 1
        if said["calls"] > int(first) and said["writes"] < int(times):
            try:
                other.executescript(meddle)
                said["writes"] += 1
            except sqlite3.OperationalError:
                said["refused"] += 1
        return 0

    db.set_progress_handler(handler, 250)
    try:
        said["value"] = db.execute(refresh).fetchone()[0]
    except sqlite3.Error as error:
        said["error"] = str(error)
    db.close()
    other.close()
    said["left"] = used() - before
    print(json.dumps(said))


if __name__ == "__main__":
    main()
