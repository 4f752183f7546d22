#!/bin/bash
# Refreshes under every fault: tests/fault/run.sh BUILD_DIR short|long [SUITE ...]
# A suite is a Python file (a theme) or a shell script of this folder; each ends
# with a line "NAME: N passed, M failed".
set -u
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
build=$(cd "${1:-$root/build}" && pwd) || exit 2
mode=${2:-short}
shift $(($# < 2 ? $# : 2))
python=${PYTHON:-/usr/bin/python3}
work=$build/fault
mkdir -p "$work"

[ -f "$build/certs/old-ca.pem" ] ||
  "$root/tests/server/make-cert.sh" "$build/certs" >/dev/null 2>&1 ||
  { echo "cannot make certificates"; exit 1; }

if [ $# -gt 0 ]; then
  suites=("$@")
else
  # The long ones first, so that they do not end alone; those that wait for time
  # to pass (network, catalog, local, terminal) among those that work.
  suites=(torture network past kill catalog changes local logbook hostile
    terminal target callers security watermark manage overlap odd cut soak
    kerberos)
fi

one() {
  name=$1 log=$work/$1.log
  if [ -f "$here/$name.py" ]; then
    timeout --foreground "$limit" "$python" "$here/$name.py" "$build" "$mode" \
      >"$log" 2>&1
  elif [ -f "$here/$name.sh" ]; then
    timeout --foreground "$limit" "$here/$name.sh" "$build" "$mode" >"$log" 2>&1
  else
    echo "$name: 0 passed, 1 failed" >"$log"
  fi
  [ $? = 124 ] && echo "FAIL $name hung: killed after $limit s" >>"$log"
  grep -q "^$name: [0-9]* passed, [0-9]* failed" "$log" ||
    echo "$name: 0 passed, 1 failed (no count)" >>"$log"
}
export -f one
limit=600
[ "$mode" = long ] && limit=3000
export here build mode python work limit

printf '%s\n' "${suites[@]}" |
  xargs -P "$((2 * $(nproc)))" -I{} bash -c 'one {}' # they wait half of the time
passed=0 failed=0 skipped=0
for name in "${suites[@]}"; do
  line=$(grep "^$name: [0-9]* passed, [0-9]* failed" "$work/$name.log" | tail -n 1)
  read -r p f < <(sed -n 's/.*: \([0-9]*\) passed, \([0-9]*\) failed.*/\1 \2/p' <<<"$line")
  passed=$((passed + p)) failed=$((failed + f))
  s=$(sed -n 's/.*, \([0-9]*\) skipped.*/\1/p' <<<"$line")
  skipped=$((skipped + ${s:-0}))
  grep '^skip ' "$work/$name.log"
  [ "$f" = 0 ] || sed -n '/^FAIL/,/^\(ok\|[a-z]*:\)/p' "$work/$name.log" |
    sed "s/^FAIL /FAIL $name: /"
  echo "$line"
done
echo "fault: $passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
