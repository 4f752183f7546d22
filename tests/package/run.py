#!/usr/bin/python3
"""The packages, built and tried: tests/package/run.py BUILD_DIR [PART ...]

In two lanes, for they wait for the network as much as they compile."""
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor

sys.dont_write_bytecode = True  # beside the sources
import archive
import container
import debian
import language
from common import WORK, Server, check, counts

LANES = (("debian", debian), ("container", container)), \
    (("archive", archive), ("language", language))
wanted = sys.argv[2:]


def lane(number):
    server = Server("%s/server-%d" % (WORK, number))
    try:
        for name, part in LANES[number]:
            if wanted and name not in wanted:
                continue
            try:
                part.test(server)
            except Exception:  # whatever it is, the others go on
                check(name, False, traceback.format_exc())
    finally:
        server.close()


with ThreadPoolExecutor(len(LANES)) as pool:
    for done in [pool.submit(lane, number) for number in range(len(LANES))]:
        done.result()
print("packages: %d passed, %d failed, %d skipped" % (
    counts["ok"], counts["FAIL"], counts["skip"]))
sys.exit(0 if counts["ok"] and not counts["FAIL"] else 1)
