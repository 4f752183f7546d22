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

passed=0 failed=0 skipped=0
for name in "$@"; do
  log=$build/log/roots-$name.log
  tally=$(grep -E '^[0-9]+ passed, [0-9]+ failed' "$log" | tail -n 1)
  ended=$(tail -n 1 "$log")
  read -r p f s <<<"${tally//[^0-9 ]/}"
  passed=$((passed + ${p:-0})) failed=$((failed + ${f:-0}))
  skipped=$((skipped + ${s:-0}))
  if [[ $ended != "exit code 0 "* ]] && [ "${f:-0}" = 0 ]; then
    failed=$((failed + 1))
  fi
  echo "$name: ${tally:-no count}; $ended"
  sed -n 's/^ *skip /skip '"$name"': /p' "$log"
  [[ $ended = "exit code 0 "* ]] || sed 's/^/| /' "$log" | tail -n 100
done
echo "roots: $passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ] && [ $passed -gt 0 ]
