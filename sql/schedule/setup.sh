#!/bin/sh
# Prepares this machine for refreshes on a schedule, as root:
#   sh setup.sh            user, folder, profile, an empty database
#   sh setup.sh cron       the above, and refreshes every 5 minutes by cron
#   sh setup.sh systemd    the above, and refreshes every 5 minutes by systemd
# Idempotent: what is there already stays as it is, but for systemd's units, which
# are changed by `systemctl edit`.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
state=/var/lib/ordersync
way=${1:-}
case $way in '' | cron | systemd) ;; *)
  echo "setup.sh: 'cron', 'systemd' or nothing, not '$way'" >&2
  exit 2
  ;;
esac
fail() {
  echo "setup.sh: $*" >&2
  exit 1
}
[ "$(id -u)" = 0 ] || fail "has to be run as root"
command -v sqlite3 >/dev/null || fail "needs the sqlite3 shell: apt-get install sqlite3"
sqlite3 :memory: '.load ordersync' >/dev/null || fail "ordersync is not installed: make install"
[ "$way" != cron ] || [ -d /etc/cron.d ] || fail "there is no cron here: apt-get install cron"
[ "$way" != systemd ] || command -v systemctl >/dev/null || fail "there is no systemd here"

# The refreshes run as a user that may do nothing else.
getent passwd ordersync >/dev/null ||
  useradd --system --user-group --no-create-home --home-dir $state \
    --shell /usr/sbin/nologin ordersync
[ -d $state ] || install -d -o ordersync -g ordersync -m 750 $state

[ -e /etc/ordersync.ini ] || {
  install -o root -g ordersync -m 640 /dev/null /etc/ordersync.ini
  cat >/etc/ordersync.ini <<'INI'
; Where the server is, and who we are.
[default]
server        = sql.example.com
database      = Sales
user          = orders_reader
password_file = /etc/ordersync.password
INI
  echo "Edit /etc/ordersync.ini: server, database, user."
}
[ -e /etc/ordersync.password ] || {
  install -o root -g ordersync -m 640 /dev/null /etc/ordersync.password
  echo "Write the password into /etc/ordersync.password."
}

# Readers do not wait for a refresh in this journal mode; it is the file's own.
[ -e $state/orders.db ] || {
  # shellcheck disable=SC2016 # $0 is that shell's
  runuser -u ordersync -- sh -c \
    'umask 027; sqlite3 "$0" "PRAGMA journal_mode = wal" >/dev/null' $state/orders.db
  echo "Choose what is synced, in $state/orders.db: README, Schedule."
}

case $way in
  cron)
    line=/etc/cron.d/ordersync-cron
    if [ ! -e $line ]; then
      install -o root -g root -m 644 "$here/ordersync-cron" $line
    elif ! cmp -s "$here/ordersync-cron" $line; then
      echo "$line stays as it is; as delivered it is $here/ordersync-cron"
    fi
    command -v sendmail >/dev/null ||
      echo "No mail server is here: what fails is in the system's log, not mailed."
    ;;
  systemd)
    install -o root -g root -m 644 "$here/ordersync.service" \
      "$here/ordersync.timer" "$here/ordersync-failed@.service" /etc/systemd/system/
    if [ -d /run/systemd/system ]; then
      systemctl daemon-reload
      systemctl enable --now ordersync.timer
    else
      echo "systemd is not running: systemctl enable --now ordersync.timer"
    fi
    ;;
esac
