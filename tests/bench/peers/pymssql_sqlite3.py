"""pymssql and Python's sqlite3: rows from a cursor into executemany()."""
import decimal
import os
import sqlite3

import pymssql

env = os.environ
sqlite3.register_adapter(decimal.Decimal, str)

source = pymssql.connect(
    server=env["BENCH_HOST"], port=env["BENCH_PORT"], user=env["BENCH_USER"],
    password=env["BENCH_PASSWORD"], database=env["BENCH_DATABASE"],
    tds_version="7.3")
rows = source.cursor()
rows.execute(env["BENCH_QUERY"])
insert = "INSERT INTO orders VALUES(%s)" % ",".join("?" * len(rows.description))

target = sqlite3.connect(env["BENCH_TARGET"])
with target:
    target.execute("DELETE FROM orders")
    target.executemany(insert, rows)
target.close()
source.close()
