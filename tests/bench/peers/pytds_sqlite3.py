"""python-tds, which is Python only, and sqlite3."""
import decimal
import os
import sqlite3

import pytds

env = os.environ
sqlite3.register_adapter(decimal.Decimal, str)

source = pytds.connect(
    env["BENCH_HOST"], env["BENCH_DATABASE"], env["BENCH_USER"],
    env["BENCH_PASSWORD"], port=int(env["BENCH_PORT"]))
rows = source.cursor()
rows.execute(env["BENCH_QUERY"])
insert = "INSERT INTO orders VALUES(%s)" % ",".join("?" * len(rows.description))

target = sqlite3.connect(env["BENCH_TARGET"])
with target:
    target.execute("DELETE FROM orders")
    target.executemany(insert, rows)
target.close()
source.close()
