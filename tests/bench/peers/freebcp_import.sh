#!/bin/sh
# FreeTDS's freebcp into a file, and the sqlite3 shell's .import. Texts hold
# line ends, so fields and records end as .mode ascii has them.
set -eu
rows=$BENCH_TARGET.rows
trap 'rm -f "$rows"' EXIT
freebcp "$BENCH_QUERY" queryout "$rows" -S "$BENCH_HOST:$BENCH_PORT" \
  -U "$BENCH_USER" -P "$BENCH_PASSWORD" -D "$BENCH_DATABASE" -c \
  -t "$(printf '\037')" -r "$(printf '\036')" >/dev/null
sqlite3 -bail "$BENCH_TARGET" "BEGIN IMMEDIATE" "DELETE FROM orders" \
  ".mode ascii" ".import $rows orders" "COMMIT"
