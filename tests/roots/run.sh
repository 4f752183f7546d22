#!/bin/bash
# make demo and make check from nothing: in Debian 12 and 13 as debootstrap makes
# them, once as root and once as a user with sudo.
#   tests/roots/run.sh BUILD_DIR [RELEASE-USER ...]
# The logs are build/log/roots-RELEASE-USER.log and the folders of that name.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
build=$(cd "$1" && pwd) || exit 2
# shellcheck source=tests/roots/lib.sh
. "$root/tests/roots/lib.sh"
[ "${ORDERSYNC_ROOTS:-}" = inside ] || mkdir -p "$build/log"
roots_inside roots "$0" "$build" "${@:2}"
shift
[ $# -gt 0 ] || set -- bookworm-root trixie-root bookworm-user trixie-user

for name in "$@"; do rm -rf "$build/log/roots-$name" "$build/log/roots-$name.log"; done

# The two commands of the README, and what comes after them.
# shellcheck disable=SC2016 # for the shell in the root
steps='set -eux
cd /home/dev/ordersync
$sudo apt-get update
$sudo apt-get install -y make
make demo
make check'

# A user with sudo, as an installation of Debian makes one.
# shellcheck disable=SC2016
as_user='set -e
apt-get update && apt-get install -y --no-install-recommends sudo
echo "dev ALL=(ALL) NOPASSWD: ALL" >/etc/sudoers.d/dev
chown -R dev: /home/dev
exec su - dev -c "$1"'

# The README's schedules, from make install on, on a system that has booted.
schedule() { # NAME
  if ! command -v systemd-nspawn >/dev/null; then
    echo "skip schedules: needs systemd-nspawn"
    echo "schedule: 0 passed, 0 failed, 1 skipped"
    return
  fi
  roots_run "$1" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
    --no-install-recommends systemd-sysv dbus cron sqlite3 &&
    roots_run "$1" make -s -C /home/dev/ordersync install &&
    roots_boot "$1" /home/dev/ordersync/tests/roots/schedule.sh
}

try() { # RELEASE-USER
  local release=${1%-*} user=${1#*-} log=$build/log/roots-$1 rc start=$SECONDS
  {
    roots_copy "$release" "$1" &&
      if [ "$user" = root ]; then
        roots_run "$1" sh -c "sudo=; $steps"
      else
        roots_run "$1" sh -c "$as_user" sh "sudo=sudo; $steps"
      fi
    rc=$?
    [ "$user" = root ] || [ $rc != 0 ] || schedule "$1"
    rm -rf "$log"
    cp -r "$roots/$1/home/dev/ordersync/build/log" "$log" &&
      cp "$roots/$1/home/dev/ordersync/build/fault"/*.log "$log"
    echo "exit code $rc after $((SECONDS - start)) s"
    roots_drop "$1"
  } >"$log.log" 2>&1
}

# The releases side by side, a release's users one after the other: apt locks
# its downloads.
for release in $(printf '%s\n' "${@%-*}" | sort -u); do
  {
    roots_base "$release" >"$build/log/roots-$release.log" 2>&1 &&
      for name in "$@"; do
        [ "${name%-*}" != "$release" ] || try "$name"
      done
  } &
done
wait

passed=0 failed=0 skipped=0 failures=
for name in "$@"; do
  log=$build/log/roots-$name.log
  [ -f "$log" ] || log=$build/log/roots-${name%-*}.log # no root was made
  wanted=('') ended=$(tail -n 1 "$log")
  [ "${name#*-}" = root ] || wanted+=('schedule: ')
  for of in "${wanted[@]}"; do
    tally=$(grep -E "^${of}[0-9]+ passed, [0-9]+ failed" "$log" | tail -n 1)
    read -r p f s <<<"${tally//[^0-9 ]/}"
    passed=$((passed + ${p:-0})) failed=$((failed + ${f:-1}))
    skipped=$((skipped + ${s:-0}))
    echo "$name: ${tally:-${of}no count}"
  done
  echo "$name: $ended"
  [[ $ended = "exit code 0 "* ]] || [ "${f:-1}" != 0 ] || failed=$((failed + 1))
  sed -n 's/^ *skip /skip '"$name"': /p' "$log"
  [[ $ended = "exit code 0 "* && ${f:-1} = 0 ]] && continue
  sed 's/^/| /' "$log" | tail -n 50
  # What failed; what was said last where no test did.
  why=$(awk -v suite="$name" -f "$root/tests/failed.awk" "$log")
  failures+=${why:-$(tail -n 4 "$log" | sed "s/^/FAIL $name: /")}$'\n'
done
printf %s "$failures"
echo "roots: $passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ] && [ $passed -gt 0 ]
