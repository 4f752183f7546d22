#!/bin/bash
# make lint: both compilers, the static analyzers, the formatter; silent when
# clean, and no finding is allowed.
set -u
cd "$(dirname "$0")/.." || exit 2
scratch=$(mktemp -d) || exit 2
trap 'rm -rf "$scratch"' EXIT
# An archive has no repository: an empty one lends git's ways of listing files.
if [ ! -e .git ]; then
  export GIT_DIR=$scratch/git GIT_WORK_TREE=$PWD
  git init -q && git add -A || exit 2
fi
failed=0 passed=0
warn='-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wstrict-prototypes
  -Wmissing-prototypes -Wformat=2 -Wcast-qual -Wvla -Werror'
flags='-std=c11 -D_GNU_SOURCE -Iinclude -Iext -Ibuild -fPIC'
mapfile -t ext < <(git ls-files "ext/*.c")
mapfile -t other < <(git ls-files 'tests/*.c')
mapfile -t all < <(git ls-files '*.c' '*.h')
mapfile -t scripts < <(git ls-files '*.sh' .ci/run sql/schedule/ordersync-loop \
  'tests/sql/bin/*' ':!tests/sql/bin/live')

check() { # name command...
  local name=$1 out
  shift
  if out=$("$@" 2>&1) && [ -z "$out" ]; then
    passed=$((passed + 1))
    echo "ok   $name"
  else
    failed=$((failed + 1))
    echo "FAIL $name"
    head -n 60 <<<"$out"
  fi
}

compile() { # compiler extra file...
  local cc=$1 extra=$2
  shift 2
  # shellcheck disable=SC2086
  printf '%s\n' "$@" | xargs -P "$(nproc)" -I{} \
    $cc $flags $warn $extra -c {} -o /dev/null
}
tidy() {
  # shellcheck disable=SC2086
  printf '%s\n' "${ext[@]}" | xargs -P "$(nproc)" -I{} \
    clang-tidy --quiet {} -- $flags 2>/dev/null
}
format() { clang-format --dry-run --Werror "${all[@]}"; }
cpp() {
  cppcheck --quiet --std=c11 --error-exitcode=1 --inline-suppr \
    --enable=warning,performance,portability -j "$(nproc)" \
    --suppress=missingIncludeSystem --suppress=normalCheckLevelMaxBranches \
    -D_GNU_SOURCE -DSQLITE_VERSION_NUMBER=3038000 -Iinclude -Iext "${ext[@]}"
}
# Nothing but the entry point may be visible, and nothing of SQLite may be
# linked: the host's own copy comes through the API table.
symbols() {
  nm -D --defined-only ordersync.so | awk '{print $3}' |
    grep -vx 'sqlite3_ordersync_init'
  nm -D --undefined-only ordersync.so |
    grep -oE ' (sqlite3_|db[a-z]|tds[0-9a-z_]|gss_|box_|tls_|text_).*'
  true
}

# Includes are the dependency graph. Down the list only; what stands in one row
# does not meet; no circle among the files of a folder.
arrows() {
  git grep -H '^#include "' -- 'ext/*.[ch]' |
    sed 's/^ext\///; s/\.[ch]:#include "/ /; s/\.h"$//' |
    grep -vE ' (sql_embedded|ordersync)$' >"$graph"
  awk '
    BEGIN {
      n = split("base|value|profile|mssql tsql|source|local|sync live|.", row, "|")
      for (i = 1; i <= n; i++) {
        k = split(row[i], folder, " ")
        for (j = 1; j <= k; j++) rank[folder[j]] = i
      }
    }
    function of(name) { return name ~ /\// ? substr(name, 1, index(name, "/") - 1) : "." }
    of($1) != of($2) && rank[of($1)] <= rank[of($2)] { print $1 " -> " $2 " goes up" }
    !(of($2) in rank) { print $2 " is in no folder of the list" }' "$graph"
  awk '$1 != $2' "$graph" | { tsort 2>&1 >/dev/null; } | sed 's/^tsort: //'
  git grep -lE '<(sybdb|sybfront|sqlfront)\.h>' -- ext ':!ext/mssql'
  git grep -lE '<gnutls/' -- ext ':!ext/mssql/tls.[ch]'
  true
}

graph=$scratch/graph
check "arrows" arrows
check "gcc" compile gcc -O2 "${ext[@]}" "${other[@]}"
check "clang" compile clang -O1 "${ext[@]}" "${other[@]}"
check "gcc -fanalyzer" compile gcc "-O1 -fanalyzer" "${ext[@]}"
check "clang-tidy" tidy
check "cppcheck" cpp
check "clang-format" format
check "shellcheck" shellcheck -e SC1091 "${scripts[@]}"
check "symbols" symbols
echo "lint: $passed passed, $failed failed"
[ $failed = 0 ]
