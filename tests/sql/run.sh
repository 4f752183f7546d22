#!/bin/bash
# The .sql regression tests, through the real sqlite3 shell:
#   tests/sql/run.sh [-u] [-n] [BUILD_DIR] [NAME ...]
# Each NAME.sql runs in a folder of its own, with its own server (server.db has
# twelve orders and fixture.sql), its own ordersync.ini, and ./ordersync.so; what the
# shell prints, and its exit code in the last line, must be NAME.out.
#   -u  writes NAME.out instead (read it before you commit it)
#   -n  without valgrind
# In a test, `.shell sent` prints the T-SQL that the server got since the last
# call, `.shell fault 'when=batch do=cut'` asks it to misbehave, `.shell server
# stop` and `start` do what they say, `.shell change "..."` changes the source.
#
# With LIVE_PROFILE (live.sh sets it) the server is somebody else's: `change`
# makes the tables of server.db there, `sent` prints nothing, and what a server
# says in its own words is not compared.
set -u
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
update='' valgrind=1
while getopts un option; do
  case $option in
    u) update=1 ;;
    n) valgrind= ;;
    *) exit 2 ;;
  esac
done
shift $((OPTIND - 1))
build=$(cd "${1:-$root/build}" && pwd) || exit 2
[ $# -gt 0 ] && shift
live=${LIVE_PROFILE:-} jobs=$(nproc)
[ -z "$live" ] || jobs=1 # they share the tables
work=$build/sql${live:+-live}
mkdir -p "$work"
command -v valgrind >/dev/null || valgrind=

[ -d "$build/certs" ] || "$root/tests/server/make-cert.sh" "$build/certs" \
  >/dev/null 2>&1 || { echo "cannot make certificates"; exit 1; }

# What differs from run to run, or from shell to shell: ports, temporary folders,
# how the shell begins its errors; and FreeTDS does not always get to know why a
# link broke. On somebody else's server also the words of its messages, the lines
# of its profile, and the T-SQL, which it does not tell.
plain() { # file
  local more=()
  [ -z "$live" ] || more=(-e '/^SELECT/d' -e 's/ordersync\.ini:[0-9]*:/ordersync.ini:N:/'
    -e 's/: [^:]* (message \([0-9]*\),[^)]*)/: ... (message \1)/')
  sed -e "s#$dir#.#g" -e 's/port [0-9][0-9]*/port N/g' \
    -e 's/^Runtime error near line/Error near line/' -e 's/^Error: stepping, //' \
    -e 's/^Error in [0-9]*[a-z]* command line argument: //' \
    -e '/^\(Error near line\|sync "\)/s/ ([0-9]*)$//' \
    -e '/^Program interrupted\.$/d' -e 's/\(the connection broke [a-z ]*\): Connection reset by peer/\1/' \
    "${more[@]}" "$1"
}

source_start() {
  if [ -n "$live" ]; then live profile upload; else server start; fi
}
source_stop() {
  if [ -n "$live" ]; then live drop; else server stop; fi
}

one() {
  name=$1
  dir=$work/$name
  rm -rf "$dir" && mkdir -p "$dir" && cd "$dir" || return 1
  ln -s "$root/ordersync.so" ordersync.so
  : >faults
  sqlite3 server.db ".parameter init" ".parameter set :rows 12" \
    ".read $root/tests/data/make-orders.sql" ".read $here/fixture.sql" || return 1
  sqlite3 server.db "DROP TABLE IF EXISTS sqlite_parameters"
  export PATH="$here/bin:$PATH" BUILD="$build" HOME="$dir"
  export ORDERSYNC_CONFIG="$dir/ordersync.ini"
  unset ORDERSYNC_LOG XDG_CONFIG_HOME
  source_start || { echo "FAIL $name: there is no source"; return 1; }
  # As the library is by itself; newer shells turn it off.
  shell=(sqlite3 -batch -cmd "PRAGMA trusted_schema = ON" orders.db)
  run=(timeout --foreground 300 "${shell[@]}")
  [ -n "$valgrind" ] && run=(timeout --foreground 900 valgrind -q --leak-check=full
    --errors-for-leak-kinds=definite --show-leak-kinds=definite
    --error-exitcode=99 --keep-debuginfo=yes --log-file=valgrind.log
    "${shell[@]}")
  { "${run[@]}" <"$here/$name.sql"; echo "exit $?"; } >out.raw 2>&1
  source_stop
  plain out.raw >out
  if [ -n "$valgrind" ] && [ -s valgrind.log ]; then
    echo "FAIL $name: valgrind"; sed -n 1,40p valgrind.log; return 1
  fi
  if [ -n "$update" ]; then cp out "$here/$name.out"; fi
  plain "$here/$name.out" >wanted
  if diff -u wanted out >diff.txt 2>&1; then
    echo "ok   $name"
  else
    echo "FAIL $name"; sed -n 1,60p diff.txt; return 1
  fi
}
export -f one plain source_start source_stop
export here root build work update valgrind live

if [ $# -gt 0 ]; then
  names=("$@")
else
  names=()
  for f in "$here"/*.sql; do
    n=$(basename "$f" .sql)
    case $n in fixture) ;; *) names+=("$n") ;; esac
  done
fi
# shellcheck disable=SC2016
printf '%s\n' "${names[@]}" |
  xargs -P "$jobs" -I{} bash -c 'one "{}" >"$work/{}.result" 2>&1; cat "$work/{}.result"'
passed=0 failed=0
for n in "${names[@]}"; do
  if grep -q '^ok ' "$work/$n.result"; then passed=$((passed + 1));
  else failed=$((failed + 1)); fi
done
echo "sql: $passed passed, $failed failed"
[ "$failed" = 0 ]
