#!/bin/bash
# Follows the README's "Schedule" as printed, and sees it work: cron, the timer,
# a failure that is told. Runs in a root that systemd has booted (run.sh), as
# root, after make install: tests/roots/schedule.sh
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
dir=/srv/schedule db=/var/lib/ordersync/orders.db
mkdir -p $dir
chmod 755 $dir
passed=0 failed=0

check() { # name expected-pattern actual
  if [[ $3 =~ $2 ]]; then
    passed=$((passed + 1))
    echo "ok   $1"
  else
    failed=$((failed + 1))
    printf 'FAIL %s\n  wanted: %s\n  got:    %s\n' "$1" "$2" "$3"
  fi
}
ask() { sqlite3 "${2:-$db}" "$1" 2>&1; }
# until_is SECONDS VALUE SQL [DB]
until_is() {
  local i
  for ((i = 0; i < $1 * 2; i++)); do
    [ "$(ask "$3" "${4:-$db}")" = "$2" ] && break
    sleep 0.5
  done
  ask "$3" "${4:-$db}"
}

# The README's commands: step N of the section, as somebody with sudo types them.
step() {
  local commands
  commands=$(sed -n '/^## Schedule/,/^## SQL reference/p' "$root/README.md" |
    awk -v n="$1" '/^ *```/ { if (inside) inside = 0; else { inside = 1; i++ }
      next } inside && i == n { sub(/^ */, ""); print }')
  [ -n "$commands" ] || { echo "no step $1"; return 1; }
  echo "\$ $commands" >&2
  su - dev -c "$commands" 2>&1
}

# ---- a server on this machine ------------------------------------------------
"$root/tests/server/make-cert.sh" $dir/certs >/dev/null 2>&1
chmod -R a+rX $dir
sqlite3 $dir/server.db ".parameter init" ".parameter set :rows 40" \
  ".read $root/tests/data/make-orders.sql"
"$root/build/tds-server" --db $dir/server.db --port 0 --port-file $dir/port \
  --user orders_reader --password right --database Sales \
  --cert $dir/certs/server.pem --key $dir/certs/server-key.pem &
server=$!
trap 'kill $server' EXIT
for _ in $(seq 300); do [ -s $dir/port ] && break; sleep 0.1; done
port=$(cat $dir/port)

# ---- the steps ---------------------------------------------------------------
check "setup says what is left to do" 'Edit /etc/ordersync.ini.*password.*Choose' \
  "$(step 1 | tr '\n' ' ')"
check "the folder is the user's alone" '^ordersync:ordersync 750 /' \
  "$(stat -c '%U:%G %a %n' /var/lib/ordersync)"
check "the secrets are root's and the user's" \
  '^root:ordersync 640 /.*root:ordersync 640 /' \
  "$(stat -c '%U:%G %a %n' /etc/ordersync.ini /etc/ordersync.password | tr '\n' ' ')"
sed -i "s/^server .*/server = localhost,$port\nca_file = ${dir//\//\\/}\/certs\/ca.pem/" \
  /etc/ordersync.ini
echo right >/etc/ordersync.password
before=$(cat /etc/ordersync.ini)
step 1 >/dev/null
check "setup twice changes nothing" '^right.same$' \
  "$(cat /etc/ordersync.password; [ "$before" = "$(cat /etc/ordersync.ini)" ] && echo same)"
check "installed and refreshed by hand" 'installed.*40$' "$(step 2)"

# cron: the line as delivered but for every minute, and one that fails.
check "without a mail server it says what becomes of failures" \
  'No mail server is here' "$(step 3)"
cat >/usr/sbin/sendmail <<'SENDMAIL'
#!/bin/sh
cat >>/tmp/ordersync-mail
SENDMAIL
chmod 755 /usr/sbin/sendmail
sed 's/right/wrong/; s/ordersync.password/failing.password/' /etc/ordersync.ini \
  >/etc/failing.ini
install -o root -g ordersync -m 640 /dev/null /etc/failing.password
echo wrong >/etc/failing.password
failing=/var/lib/ordersync/failing.db
runuser -u ordersync -- sqlite3 $failing '.load ordersync' \
  'SELECT ordersync_install()' >/dev/null
sed -i 's#^\*/5#*#' /etc/cron.d/ordersync-cron
check "a cron line that was changed stays" 'stays as it is.*as delivered' "$(step 3)"
sed 's#orders\.db#failing.db#; s#ordersync\.ini#failing.ini#' \
  /etc/cron.d/ordersync-cron >/etc/cron.d/ordersync-failing
systemctl start cron
check "cron refreshes" '^1$' "$(until_is 150 1 \
  "SELECT count(*) > 1 FROM ordersync_runs WHERE status = 'success'")"
check "cron's failing run is logged" '^auth$' "$(until_is 60 auth \
  'SELECT error_category FROM ordersync_runs LIMIT 1' $failing)"
mailed() { grep "^Subject: .*$1" /tmp/ordersync-mail 2>/dev/null | head -n 1; }
for _ in $(seq 120); do [ -n "$(mailed failing.db)" ] && break; sleep 0.5; done
check "cron mails what failed" '^Subject: Cron <ordersync@.*Login failed' \
  "$(mailed failing.db) $(grep 'Login failed' /tmp/ordersync-mail)"
check "cron mails nothing else" '^$' "$(mailed orders.db)"
journalctl --sync # it writes them down when it finds the time
check "cron's failing run is in the system's log" 'refused the login' \
  "$(journalctl -q --since -5min _UID="$(id -u ordersync)" -o cat)"
systemctl stop cron
rm /etc/cron.d/ordersync-*

# systemd: the units as delivered.
ask "DELETE FROM ordersync_runs"
chmod 600 /etc/ordersync.password
chown root: /etc/ordersync.password
check "step 4 is silent" '^(Created symlink [^:]*)?$' "$(step 4 | tr -d '\n')"
check "systemd's service refreshes" '^success$' \
  "$(ask 'SELECT status FROM ordersync_runs')"
check "the folder stays the user's" '^ordersync:ordersync 750$' \
  "$(stat -c '%U:%G %a' /var/lib/ordersync)"
check "the timer waits for its time" 'ordersync.timer *ordersync.service' \
  "$(systemctl list-timers --no-legend ordersync.timer)"
check "the timer starts the service" '^2$' "$(
  mkdir -p /run/systemd/system/ordersync.timer.d
  printf '[Timer]\nOnCalendar=\nOnActiveSec=1\nRandomizedDelaySec=0\nAccuracySec=100ms\n' \
    >/run/systemd/system/ordersync.timer.d/soon.conf
  systemctl daemon-reload
  systemctl restart ordersync.timer
  until_is 60 2 "SELECT count(*) FROM ordersync_runs WHERE status = 'success'")"
systemctl stop ordersync.timer
echo wrong >/etc/ordersync.password
systemctl start ordersync.service 2>/dev/null
check "a failed run is a failed service" '^failed' \
  "$(systemctl is-failed ordersync.service)"
for _ in $(seq 120); do
  told=$(journalctl -q -p err -t ordersync -o cat | grep 'last success')
  [ -n "$told" ] && break
  sleep 0.5
done
check "OnFailure tells it" \
  'ordersync.service: sync open_orders is .*last success 20.*Login failed' "$told"
for _ in 1 2 3 4 5 6; do systemctl start ordersync.service 2>/dev/null; done
echo right >/etc/ordersync.password
systemctl start ordersync.service 2>/dev/null
check "it works again with the right password, however often it was tried" \
  '^inactive' "$(systemctl is-active ordersync.service)"
check "step 5 shows it" '^open_orders\|' "$(step 5)"
check "systemd finds nothing wrong with the units" '^$' \
  "$(systemd-analyze verify /etc/systemd/system/ordersync{.service,.timer,-failed@.service} 2>&1 | grep -F ordersync)"
check "the service is exposed to little" '^$' \
  "$(systemd-analyze security --no-pager --threshold=20 ordersync.service 2>&1 >/dev/null)"
systemd-analyze security --no-pager ordersync.service | tail -n 1
journalctl -q --no-pager -u ordersync.service -u ordersync-failed@ordersync.service.service | tail -n 40
echo "schedule: $passed passed, $failed failed"
