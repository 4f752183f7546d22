#!/bin/bash
# The live view against a full local copy, by random queries:
#   tests/diff/run.sh BUILD_DIR QUERIES [newest]
# newest: in the SQLite that better-sqlite3 brings, which check-hosts installs.
# Half of them with a server that ignores case, in a host whose numbers have a
# comma. The seed is fresh each time and
# printed; SEED=n runs the same again.
set -u
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
build=$(cd "${1:-$root/build}" && pwd) || exit 2
queries=${2:-2000}
seed=${SEED:-$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')}
so=${EXTENSION:-$root/ordersync.so}
work=$build/diff${3:+-$3}
sqlite=(-lsqlite3)
echo "SEED=$seed"

mkdir -p "$work"
if [ "${3:-}" = newest ]; then
  newest=$build/hosts/npm/node_modules/better-sqlite3/deps/sqlite3
  if [ ! -f "$newest/sqlite3.c" ]; then
    echo "skip newest: no better-sqlite3 in $build/hosts; make check-hosts"
    echo "diff: 0 passed, 0 failed, 1 skipped"
    exit 0
  fi
  ${CC:-cc} -O1 -w -c -DSQLITE_ENABLE_COLUMN_METADATA -o "$work/sqlite3.o" \
    "$newest/sqlite3.c" || exit 2
  sqlite=(-I "$newest" "$work/sqlite3.o" -lm -ldl -lpthread)
fi
${CC:-cc} -std=c11 -D_GNU_SOURCE -O1 -g -o "$work/diff-test" "$here"/diff*.c \
  "${sqlite[@]}" || exit 2
[ -d "$build/certs" ] || "$root/tests/server/make-cert.sh" "$build/certs" \
  >/dev/null 2>&1 || { echo "cannot make certificates"; exit 1; }

export LOCPATH=$work/locale
mkdir -p "$LOCPATH"
for l in de_DE tr_TR; do
  localedef -i $l -f UTF-8 "$LOCPATH/$l.UTF-8" || exit 2
done

# Its own folder, server and profile, as the .sql tests have them.
one() { # collation seed queries locale
  local dir=$work/$1
  rm -rf "$dir" && mkdir -p "$dir" && cd "$dir" || return 1
  export PATH="$root/tests/sql/bin:$PATH" BUILD="$build" HOME="$dir"
  export ORDERSYNC_CONFIG="$dir/ordersync.ini"
  export SERVER_OPTIONS="--collation $1"
  unset ORDERSYNC_LOG XDG_CONFIG_HOME
  : >faults
  sqlite3 server.db "PRAGMA journal_mode=WAL" >/dev/null
  server start || { echo "the server did not start"; return 1; }
  LC_ALL=$4 "$work/diff-test" "$so" server.db . "$2" "$3" >counts 2>failures
  echo "exit $?" >>failures
  server stop
  # A condition that the server refuses is done without, unseen but for this.
  # Columns that the source has not are asked for by name, once.
  if grep '"event":"batch".*"error":[1-9]' server.log |
    grep -v 'SELECT TOP (0) \[gone\]' >refused; then
    echo "FAIL the server refused a condition:" >>failures
    sed -n 1,5p refused >>failures
  fi
}

(one ci "$seed" $((queries / 2)) de_DE.UTF-8) &
(one cs $((seed + 1)) $((queries - queries / 2)) tr_TR.UTF-8) &
wait
passed=0 failed=0
for c in ci cs; do
  read -r p f <"$work/$c/counts" 2>/dev/null || { p=0 f=1; }
  passed=$((passed + ${p:-0})) failed=$((failed + ${f:-1}))
  grep -q '^FAIL the server refused' "$work/$c/failures" && failed=$((failed + 1))
  [ "$(cat "$work/$c/failures")" = "exit 0" ] || {
    echo "== --collation $c"
    sed -n 1,200p "$work/$c/failures"
  }
done
echo "diff: $passed passed, $failed failed"
[ "$failed" = 0 ]
