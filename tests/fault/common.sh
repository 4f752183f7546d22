# shellcheck shell=bash
# What cut.sh and torture.sh begin with: the folders, programs of C, a temporary
# folder, servers and the environment that names one. To be sourced with the
# script's first argument, the build folder; changes to the repository's root.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
build=$(cd "${1:-$root/build}" && pwd) || exit 2
cd "$root" || exit 2

# A program with the extension's sanitised objects linked in; and the server.
sanitised_program() { # program source...
  local program=$1 libs
  # Named as the Makefile names them, whose dependencies would else not be heeded.
  local b=${build#"$root"/}
  shift
  make --no-print-directory -s B="$b" "$b/san.a" "$b/tds-server" || exit 1
  read -ra libs < <(make --no-print-directory -s B="$b" libs)
  compile -o "$program" -fno-omit-frame-pointer -fsanitize=address,undefined \
    -fno-sanitize-recover=undefined -DSQLITE_CORE "$@" "$b/san.a" \
    "${libs[@]}"
}
compile() { # argument...
  gcc -std=c11 -D_GNU_SOURCE -O1 -g -Wall -Wextra -Iinclude -Iext "$@" || exit 1
}

# $work, with $work/server.db of some SQL, until the script ends; then whatever
# servers there are end, too.
servers=()
finish() {
  for pid in "${servers[@]}"; do kill "$pid" && wait "$pid"; done 2>/dev/null
  rm -rf "$work"
}
make_work() { # name sql-file
  work=$(mktemp -d "${TMPDIR:-/tmp}/ordersync-$1.XXXXXX") || exit 1
  trap finish EXIT
  sqlite3 "$work/server.db" <"$2" || exit 1
}

# Starts a server for each kind of encryption; its port is in $work/port-KIND.
start_servers() { # password kind...
  local password=$1 kind
  shift
  for kind in "$@"; do
    "$build/tds-server" --db "$work/server.db" --port-file "$work/port-$kind" \
      --user reader --password "$password" --database Sales --encrypt "$kind" \
      >"$work/server-$kind.log" 2>&1 &
    servers+=($!)
  done
  for kind in "$@"; do
    for _ in $(seq 400); do [ -s "$work/port-$kind" ] && break; sleep 0.05; done
    [ -s "$work/port-$kind" ] || { cat "$work"/server-*.log; exit 1; }
  done
}

# The environment as a profile, so that no file has a say, less the port and the
# timeouts; and how the sanitisers are to report.
export_profile() { # password
  : >"$work/ordersync.ini"
  chmod 600 "$work/ordersync.ini"
  export ORDERSYNC_CONFIG=$work/ordersync.ini ORDERSYNC_SERVER=127.0.0.1 \
    ORDERSYNC_DATABASE=Sales ORDERSYNC_USER=reader ORDERSYNC_PASSWORD=$1 \
    ORDERSYNC_ENCRYPT=off
  export ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1:handle_abort=1:malloc_context_size=4:quarantine_size_mb=8
}
