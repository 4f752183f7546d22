#!/bin/bash
# Runs test suites and adds up what they counted:
#   tests/check.sh short|long|unit|sql|fault|hosts|diff|live
# Every suite ends with a line "... N passed, M failed"; one that ends without
# it has failed.
set -u
cd "$(dirname "$0")/.." || exit 2
build=build
mkdir -p $build/log
passed=0 failed=0 seconds=$SECONDS

suite() { # name command...
  local name=$1 log=$build/log/$1.log start=$SECONDS rc line
  shift
  echo "== $name"
  "$@" >"$log" 2>&1
  rc=$?
  line=$(grep -E '[0-9]+ passed, [0-9]+ failed' "$log" | tail -n 1)
  local p f
  p=$(sed -n 's/.* \([0-9][0-9]*\) passed.*/\1/p' <<<" $line")
  f=$(sed -n 's/.* \([0-9][0-9]*\) failed.*/\1/p' <<<" $line")
  if [ -z "$p" ] || [ -z "$f" ] || { [ $rc != 0 ] && [ "$f" = 0 ]; }; then
    echo "   $name ended with exit code $rc and no count"
    p=${p:-0} f=1
  fi
  passed=$((passed + p)) failed=$((failed + f))
  if [ "$f" != 0 ]; then sed 's/^/   | /' "$log" | tail -n 80; fi
  echo "   $p passed, $f failed ($((SECONDS - start)) s)"
}

# cmocka prints a line a test; the counts of all binaries are added up.
unit() {
  local ok=0 bad=0 t out rc n
  for t in "$build"/unit/test_*; do
    case $t in *.d | *.dSYM) continue ;; esac
    out=$(ASAN_OPTIONS=detect_leaks=1 "$t" 2>&1)
    rc=$?
    n=$(grep -c '^\[       OK \]' <<<"$out")
    ok=$((ok + n))
    echo "$(basename "$t"): $n ok, exit code $rc"
    if [ $rc != 0 ]; then
      bad=$((bad + 1))
      tail -n 60 <<<"$out"
    fi
  done
  echo "unit: $ok passed, $bad failed"
  [ $bad = 0 ] && [ $ok -gt 0 ]
}

case ${1:-short} in
  unit) suite unit unit ;;
  sql) suite sql tests/sql/run.sh $build ;;
  fault) suite fault tests/fault/run.sh $build short ;;
  hosts) suite hosts tests/hosts/run.sh $build ;;
  diff) suite diff tests/diff/run.sh $build 2000 ;;
  live) suite live tests/sql/live.sh ;;
  short)
    suite unit unit
    suite sql tests/sql/run.sh -n $build
    suite fault tests/fault/run.sh $build short
    suite hosts tests/hosts/run.sh $build
    suite diff tests/diff/run.sh $build 2000
    suite replay tests/fuzz/replay.sh $build
    suite install tests/install/run.sh $build
    ;;
  long)
    suite sql-valgrind tests/sql/run.sh $build
    suite fault-long tests/fault/run.sh $build long
    suite diff-long tests/diff/run.sh $build 20000
    suite fuzz tests/fuzz/run.sh $build 60
    ;;
  *) echo "check.sh: no suite '$1'" >&2; exit 2 ;;
esac
echo "took $((SECONDS - seconds)) s"
echo "$passed passed, $failed failed"
[ $failed = 0 ] && [ $passed -gt 0 ]
