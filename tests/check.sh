#!/bin/bash
# Runs test suites and adds up what they counted:
#   tests/check.sh short|long|unit|sql|fault|judges|hosts|diff|docs|packages|roots|replica|
#     live
# Every suite ends with a line "... N passed, M failed[, K skipped]"; one that
# ends without it has failed, and so has one that does not end. At the end, before
# the sum, stands a line for each test that failed: FAIL SUITE: TEST: why.
set -u
cd "$(dirname "$0")/.." || exit 2
build=build
mkdir -p $build/log
passed=0 failed=0 skipped=0 failures=

# guard SECONDS COMMAND...: the command's exit code; 124, with a line that says
# so, when it did not end in time or has left a process running. Either is
# killed, with what it started. To be run with its output in a file: whoever
# reads a pipe waits for what was left running, too.
guard() {
  local limit=$1 pid rc p stat state group left
  shift
  timeout -k 10 "$limit" "$@" </dev/null & # it leads a process group of its own
  pid=$!
  # shellcheck disable=SC2064 # which a terminal's Ctrl-C does not reach
  trap "kill -KILL -- -$pid; exit 130" INT TERM
  wait $pid
  rc=$?
  trap - INT TERM
  [ $rc = 124 ] && echo "FAIL $(basename "$1") hung: killed after $limit s"
  # What was told to end may be about to.
  for _ in $(seq 20); do kill -0 -- -$pid 2>/dev/null || return $rc; sleep 0.1; done
  left=$(for p in /proc/[0-9]*; do
    read -r stat <"$p/stat" || continue
    read -r state _ group _ <<<"${stat##*) }" # after the name, which may hold blanks
    # Dead ones are only waiting for whoever adopted them.
    [ "$group" != $pid ] || [ "$state" = Z ] ||
      { tr '\0' ' ' <"$p/cmdline" && echo; }
  done 2>/dev/null)
  [ -n "$left" ] || return $rc
  echo "FAIL $(basename "$1") has left running: $left"
  kill -KILL -- -$pid
  return 124
}

# Suites run side by side, where one leaves processors idle: begin starts one,
# tell waits for it and says how it ended; suite does both.
declare -A jobs
trap 'kill -TERM "${jobs[@]}" 2>/dev/null; wait; exit 130' INT TERM
begin() { # name seconds command...
  local name=$1 limit=$2 log=$build/log/$1.log start
  shift 2
  rm -f "$log.end"
  {
    start=$SECONDS
    if [ "$limit" = - ]; then "$@"; else guard "$limit" "$@"; fi >"$log" 2>&1
    echo "$? $((SECONDS - start))" >"$log.end"
  } &
  jobs[$name]=$!
}

tell() { # name...
  local name log rc took line p f s why
  for name; do
    log=$build/log/$name.log
    echo "== $name"
    wait "${jobs[$name]}"
    unset "jobs[$name]"
    read -r rc took 2>/dev/null <"$log.end" || rc=killed
    line=$(grep -E '[0-9]+ passed, [0-9]+ failed' "$log" | tail -n 1)
    p=$(sed -n 's/.* \([0-9][0-9]*\) passed.*/\1/p' <<<" $line")
    f=$(sed -n 's/.* \([0-9][0-9]*\) failed.*/\1/p' <<<" $line")
    s=$(sed -n 's/.* \([0-9][0-9]*\) skipped.*/\1/p' <<<" $line")
    if [ -z "$p" ] || [ -z "$f" ] || { [ "$rc" != 0 ] && [ "$f" = 0 ]; }; then
      why="$name ended with exit code $rc and no count of failures"
      echo "   $why"
      failures+="FAIL $why"$'\n'
      p=${p:-0} f=1
    fi
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + ${s:-0}))
    if [ "$f" != 0 ]; then
      sed 's/^/   | /' "$log" | tail -n 80
      why=$(awk -v suite="$name" -f tests/failed.awk "$log")
      failures+=${why:-FAIL $name: $line}$'\n'
    fi
    grep '^skip ' "$log" | sed 's/^/   /'
    echo "   $p passed, $f failed${s:+, $s skipped} (${took:-?} s)"
  done
}

suite() { # name seconds command...
  begin "$@"
  tell "$1"
}

# What suites that run side by side would make at the same time.
certificates() {
  [ -f $build/certs/old-ca.pem ] ||
    tests/server/make-cert.sh $build/certs >$build/log/certificates.log 2>&1
}

# What cmocka says of a test that failed, as the other suites say it; and which
# one it was that a sanitizer ended, or whoever else.
unit_failures() { # program exit-code output
  awk -v program="$1" -v rc="$2" '
    function tell(reason) {
      if (!(test in told)) print "FAIL " program ": " test "\n  " reason
      told[test] = any = 1
    }
    /^\[ RUN / { test = $NF; why = "" }
    why == "" && sub(/^\[  ERROR   \] --- /, "") { why = $0 }
    sub(/^\[   LINE   \] --- /, "") { why = why " at " $0 }
    /^\[  FAILED  \] / && $NF == test { tell(why) }
    died == "" && /ERROR: |runtime error: |^FAIL .* hung/ { died = $0 }
    END { if (died != "" || !any) tell("exit code " rc ": " died) }' "$3"
}

# cmocka prints a line a test; the counts of all binaries are added up.
unit() {
  local ok=0 bad=0 skips=0 t out=$build/log/unit.one rc n
  export ASAN_OPTIONS=detect_leaks=1
  for t in "$build"/unit/test_*; do
    case $t in *.d | *.dSYM) continue ;; esac
    guard 300 "$t" >"$out" 2>&1
    rc=$?
    n=$(grep -c '^\[       OK \]' "$out")
    ok=$((ok + n)) skips=$((skips + $(grep -c '^\[  SKIPPED \]' "$out")))
    grep '^skip ' "$out"
    echo "$(basename "$t"): $n ok, exit code $rc"
    if [ $rc != 0 ]; then
      bad=$((bad + 1))
      tail -n 60 "$out"
      unit_failures "$(basename "$t")" $rc "$out"
    fi
  done
  echo "unit: $ok passed, $bad failed, $skips skipped"
  [ $bad = 0 ] && [ $ok -gt 0 ]
}

case ${1:-short} in
  unit) suite unit - unit ;;
  sql) suite sql 1800 tests/sql/run.sh $build ;;
  fault) suite fault 900 tests/fault/run.sh $build short ;;
  judges) suite judges 600 tests/judges/run.sh $build ;;
  hosts) suite hosts 900 tests/hosts/run.py $build ;;
  diff) suite diff 900 tests/diff/run.sh $build 2000 ;;
  docs)
    suite docs 60 tests/docs.py
    suite man 60 tests/package/man.py
    ;;
  packages)
    suite man 60 tests/package/man.py
    suite packages 1200 tests/package/run.py $build
    ;;
  roots) suite roots 3600 tests/roots/run.sh $build ;;
  replica) suite replica 300 tests/replica/run.py $build ;;
  live) suite live 3600 tests/sql/live.sh $build ;;
  short)
    certificates
    suite docs 60 tests/docs.py
    suite man 60 tests/package/man.py
    # unit waits for deadlines, and sql-live does one thing after the other.
    begin unit - unit
    begin sql-live 600 tests/sql/live-bundled.sh $build
    suite sql 600 tests/sql/run.sh -n $build
    suite diff 900 tests/diff/run.sh $build 2000
    suite replay 600 tests/fuzz/replay.sh $build
    suite install 300 tests/install/run.sh $build
    suite report 120 tests/report/run.sh $build short
    tell unit
    suite fault 900 tests/fault/run.sh $build short
    tell sql-live
    ;;
  long)
    certificates
    suite judges 600 tests/judges/run.sh $build
    # hosts and packages wait for downloads, and the fuzzers take the time that
    # they are given.
    begin hosts 1200 tests/hosts/run.py $build
    suite sql-valgrind 1800 tests/sql/run.sh $build
    begin fault-long 3600 tests/fault/run.sh $build long
    tell hosts fault-long # a slow registry keeps nobody waiting
    begin diff-long 3600 tests/diff/run.sh $build 20000
    begin replica 300 tests/replica/run.py $build
    tell diff-long replica
    suite diff-newest 900 tests/diff/run.sh $build 4000 newest
    suite report-long 600 tests/report/run.sh $build long
    begin fuzz 1800 tests/fuzz/run.sh $build 30
    begin packages 1200 tests/package/run.py $build
    tell fuzz packages
    suite roots 3600 tests/roots/run.sh $build
    ;;
  *) echo "check.sh: no suite '$1'" >&2; exit 2 ;;
esac
echo "took $SECONDS s"
printf %s "$failures"
tally="$passed passed, $failed failed"
[ $skipped = 0 ] || tally="$tally, $skipped skipped"
echo "$tally"
[ $failed = 0 ] && [ $passed -gt 0 ]
