#!/bin/bash
# tds_fdw: a foreign table in PostgreSQL, and a materialized view of it.
# TDS 7.2, because a date of 7.3 comes as 'Jun 10 2025 12:00:00:AM', which
# PostgreSQL cannot read.
#   tds_fdw.sh setup|run|dump|pid|stop FOLDER
# setup makes a cluster in FOLDER, of the user postgres if we are root.
set -eu
folder=$2/pg
for bin in /usr/lib/postgresql/*/bin; do :; done

as_user() {
  if [ "$(id -u)" = 0 ]; then setpriv --reuid postgres --regid postgres \
    --clear-groups "$@"; else "$@"; fi
}
sql() { as_user "$bin/psql" -qAtX -v ON_ERROR_STOP=1 -h "$folder" -d postgres "$@"; }

case $1 in
  setup)
    mkdir -p "$folder"
    [ "$(id -u)" != 0 ] || chown postgres "$folder"
    cd "$folder"
    as_user "$bin/initdb" -D data -A trust -E UTF8 --locale=C.UTF-8 >initdb.log
    as_user "$bin/pg_ctl" -D data -w -l data/log \
      -o "-c listen_addresses= -c unix_socket_directories=$folder" start >/dev/null
    columns=$(tr '\n' ',' <"$2/columns.pg")
    sql <<SQL
CREATE EXTENSION tds_fdw;
CREATE SERVER source FOREIGN DATA WRAPPER tds_fdw OPTIONS (
  servername '$BENCH_HOST', port '$BENCH_PORT', database '$BENCH_DATABASE',
  tds_version '7.2', character_set 'UTF-8');
CREATE USER MAPPING FOR CURRENT_USER SERVER source OPTIONS (
  username '$BENCH_USER', password '$BENCH_PASSWORD');
CREATE FOREIGN TABLE source_orders (${columns%,}) SERVER source OPTIONS (
  query '${BENCH_QUERY//\'/\'\'}', match_column_names '0');
CREATE MATERIALIZED VIEW orders AS SELECT * FROM source_orders;
$(cat "$2/indexes.sql")
SQL
    ;;
  run)
    cd /
    sql -c "REFRESH MATERIALIZED VIEW orders" \
      -c "SELECT pg_read_file('/proc/self/status')"
    ;;
  dump) cd / && sql -c "COPY (SELECT * FROM orders) TO STDOUT" ;;
  pid) head -n 1 "$folder/data/postmaster.pid" ;;
  stop) cd / && as_user "$bin/pg_ctl" -D "$folder/data" -m immediate stop >/dev/null ;;
esac
