# shellcheck shell=bash disable=SC2154 # $root
# Bare Debian roots. Sourced by a script with $root (our tree) set, which then
# calls roots_inside: everything after it runs in namespaces of its own, so that
# no mount and no process outlives the script, however it ends. Then $roots is an
# empty folder, gone at the end, and $debs keeps downloaded packages for the next
# time.

# Why roots cannot be made here; nothing when they can. Not by sudo: whoever
# wants tests to make roots says so by being root.
roots_refused() {
  if [ "$(id -u)" != 0 ]; then
    echo "needs root"
  elif ! command -v debootstrap >/dev/null; then
    echo "needs debootstrap"
  elif ! unshare --mount --pid --fork true 2>/dev/null; then
    echo "this machine refuses unshare"
  elif ! compgen -G '/usr/share/keyrings/debian-archive-keyring.*' >/dev/null; then
    echo "needs debian-archive-keyring"
  fi
}

# roots_inside SUITE "$0" "$@"
roots_inside() {
  local suite=$1 why
  shift
  if [ "${ORDERSYNC_ROOTS:-}" = inside ]; then
    mkdir -p "$debs"
    # Packages unpack several times faster in memory, where there is some.
    [ "$(awk '/MemAvailable/ { print $2 }' /proc/meminfo)" -lt 8000000 ] ||
      mount -t tmpfs -o mode=755,size=6g none "$roots"
    return
  fi
  why=$(roots_refused)
  if [ -n "$why" ]; then
    echo "skip $suite: $why"
    echo "$suite: 0 passed, 0 failed, 1 skipped"
    exit 0
  fi
  roots=$(mktemp -d "${TMPDIR:-/var/tmp}/ordersync-roots.XXXXXX") || exit 2
  # Whatever was mounted there was not mounted as seen from here.
  trap 'rm -rf --one-file-system "$roots"' EXIT
  debs=/var/cache/ordersync-roots
  export roots debs
  # Killed itself, it takes everything inside with it; and so it is when we are.
  ORDERSYNC_ROOTS=inside setpriv --pdeathsig KILL unshare --mount --pid --fork \
    --kill-child --mount-proc "$@" &
  # shellcheck disable=SC2064
  trap "kill -KILL $! 2>/dev/null; wait $!; exit 130" INT TERM HUP
  wait $!
  exit $?
}

# Where this machine gets its Debian packages; elsewhere Debian's own mirror.
roots_mirror() {
  local uri
  # shellcheck disable=SC2016 # apt's own variable
  uri=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' \
    'Origin: Debian' 2>/dev/null | grep -v security | head -n 1)
  echo "${uri:-http://deb.debian.org/debian}"
}

# roots_base RELEASE: the least that Debian calls a system, and this machine's
# way to the network: proxies, names, authorities.
roots_base() {
  local base=$roots/base-$1 mirror variable include=()
  local conf=$base/etc/apt/apt.conf.d/90host
  mirror=$(roots_mirror)
  [[ $mirror != https:* ]] || include=(--include=ca-certificates)
  mkdir -p "$debs/$1"
  debootstrap --variant=minbase --cache-dir="$debs/$1" "${include[@]}" "$1" \
    "$base" "$mirror" || return 1
  rm -f "$base"/var/cache/apt/archives/*.deb
  apt-config dump | grep -E '^Acquire::(https?|ftp|Check|Retries)' >"$conf"
  for variable in http_proxy https_proxy; do
    [ -z "${!variable:-}" ] ||
      echo "Acquire::${variable%_proxy}::Proxy \"${!variable}\";" >>"$conf"
  done
  cp -L /etc/resolv.conf /etc/hosts "$base/etc/"
  [ ! -d "$base/etc/ssl/certs" ] || cp -L \
    "${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}" \
    "$base/etc/ssl/certs/ca-certificates.crt"
  # Packages start no service in a root.
  printf '#!/bin/sh\nexit 101\n' >"$base/usr/sbin/policy-rc.d"
  chmod 755 "$base/usr/sbin/policy-rc.d"
}

# roots_copy RELEASE NAME: a root of its own, with our tree in /home/dev.
roots_copy() {
  local copy=$roots/$2
  cp -a --reflink=auto "$roots/base-$1" "$copy" || return 1
  # A root that is no mount could not be unshared.
  mount --bind "$copy" "$copy" &&
    mount --bind "$debs/$1" "$copy/var/cache/apt/archives" &&
    mount -t proc none "$copy/proc" && mount --rbind /dev "$copy/dev" &&
    mount --rbind /sys "$copy/sys" || return 1
  roots_run "$2" useradd --create-home --shell /bin/bash dev || return 1
  mkdir "$copy/home/dev/ordersync"
  tar -C "$root" --exclude=./build --exclude=./dist --exclude=./.git \
    --exclude=./ordersync.so -c . |
    tar -C "$copy/home/dev/ordersync" --no-same-owner -x
}

roots_drop() { # NAME
  local copy=${roots:?}/$1
  umount -R -l "$copy" && rm -rf --one-file-system "$copy"
}

# roots_run NAME COMMAND...: with nothing of this machine's environment.
roots_run() {
  local name=$1
  shift
  env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    HOME=/root TERM=dumb chroot "$roots/$name" "$@" </dev/null
}

# roots_boot NAME COMMAND: the root as a system that systemd runs, on this
# machine's network, until the command has ended; what it printed. The root needs
# systemd-sysv, and is good for nothing afterwards.
roots_boot() {
  local copy=$roots/$1
  umount -R -l "$copy/dev" "$copy/sys" "$copy/proc" || return 1
  cat >"$copy/etc/systemd/system/roots.service" <<UNIT
[Unit]
SuccessAction=poweroff-force
FailureAction=poweroff-force
[Service]
Type=oneshot
TimeoutStartSec=10min
ExecStart=$2
StandardOutput=file:/roots.out
StandardError=inherit
[Install]
WantedBy=multi-user.target
UNIT
  ln -s ../roots.service "$copy/etc/systemd/system/multi-user.target.wants/"
  timeout -k 10 900 systemd-nspawn --quiet --register=no --keep-unit --boot \
    --machine="ordersync-$1" --directory="$copy" </dev/null >"$copy/boot.out" 2>&1
  cat "$copy/roots.out" || tail -n 40 "$copy/boot.out"
}
