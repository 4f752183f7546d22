#!/bin/bash
# The report, the metrics, the JSON lines: tests/report/run.sh BUILD_DIR short|long
# long also looks at the page in a browser, and gives the metrics to promtool.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
build=$(cd "${1:-$root/build}" && pwd) || exit 2
mode=${2:-short}
python=${PYTHON:-/usr/bin/python3}
log=$build/report.log
: >"$log"

skipped=0
if [ "$mode" != long ]; then
  "$python" "$root/tests/report/page.py" "$build" short | tee -a "$log"
else
  if command -v chromedriver >/dev/null; then
    "$python" "$root/tests/report/browser.py" "$build" long | tee -a "$log"
  else
    echo "skip browser: chromedriver is not here"
    skipped=1
  fi
  "$python" "$root/tests/report/page.py" "$build" short | tee -a "$log"
  if command -v promtool >/dev/null; then
    # The page's tests leave it: names with quotes, line feeds, backslashes.
    if out=$(sqlite3 "$build/report/metrics.db" <"$root/sql/metrics.sql" |
      promtool check metrics 2>&1) && [ -z "$out" ]; then
      echo "promtool: 1 passed, 0 failed" | tee -a "$log"
    else
      printf 'FAIL promtool check metrics\n%s\n' "$out"
      echo "promtool: 0 passed, 1 failed" | tee -a "$log"
    fi
  else
    echo "skip promtool: it is not here"
    skipped=$((skipped + 1))
  fi
fi
awk -v skipped="$skipped" -v wanted="$([ "$mode" = long ] && echo 3 || echo 1)" '
  / passed, / { passed += $2; failed += $4; n++ }
  END {
    if (n + skipped < wanted) failed++
    print "report: " passed + 0 " passed, " failed + 0 " failed, " skipped " skipped"
    exit failed != 0 || passed == 0
  }' "$log"
