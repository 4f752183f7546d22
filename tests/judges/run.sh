#!/bin/sh
# Runs the clients we did not write against the bundled server and lets them
# judge it.   usage: tests/judges/run.sh [BUILD-DIR]
#
# Each judge prints "ok NAME" and "not ok NAME: why" lines; a client that is
# not installed is a failure that names its Debian package.
set -u
here=$(cd "$(dirname "$0")" && pwd)
build=${1:-$here/../../build}
mkdir -p "$build"
build=$(cd "$build" && pwd)
work=$(mktemp -d)
server=
trap 'for p in $server; do kill "$p" 2>/dev/null; done; rm -rf "$work"' EXIT INT TERM
passed=0 failed=0

if [ ! -x "$build/tds-server" ]; then
  echo "not ok: $build/tds-server is missing (make it first)"
  exit 1
fi
command -v sqlite3 >/dev/null || { echo "not ok: sqlite3 is missing (Debian package sqlite3)"; exit 1; }

sqlite3 "$work/fixture.db" <"$here/types.sql" || exit 1
sh "$here/../server/make-cert.sh" "$work/certs" || exit 1

# What every client must read, taken from the fixture itself:
# row <tab> column <tab> null | text:... | hex:...
sqlite3 "$work/fixture.db" "
  SELECT group_concat(printf(
    'SELECT \"row\", %Q, CASE WHEN \"%w\" IS NULL THEN ''null'' WHEN typeof(\"%w\")=''blob'' THEN ''hex:''||hex(\"%w\") WHEN typeof(\"%w\")=''real'' THEN printf(''text:%%!.17g'',\"%w\") ELSE ''text:''||\"%w\" END FROM every_type',
    name, name, name, name, name, name, name), ' UNION ALL ')
  FROM pragma_table_info('every_type') WHERE name <> 'row'" >"$work/dump.sql"
sqlite3 -separator '	' "$work/fixture.db" <"$work/dump.sql" >"$work/expected.tsv"

start() { # NAME OPTIONS...: a server; its port in $work/NAME.port
  name=$1
  shift
  "$build/tds-server" --db "$work/fixture.db" --port-file "$work/$name.port" --log "$work/$name.log" "$@" &
  server="$server $!"
  for _ in $(seq 200); do
    [ -s "$work/$name.port" ] && return 0
    sleep 0.1
  done
  echo "not ok: the server does not start"
  exit 1
}
start plain --encrypt unsupported --deny odd.secret
start other --encrypt unsupported --release 2014 --snapshot --rcsi --collation Cyrillic_General_CI_AS --listen ::1
start tls --encrypt required --cert "$work/certs/server.pem" --key "$work/certs/server-key.pem"
start strict --encrypt strict --cert "$work/certs/server.pem" --key "$work/certs/server-key.pem"
start login --encrypt off --cert "$work/certs/server.pem" --key "$work/certs/server-key.pem"
start faults --encrypt off --language Deutsch --fault-file "$work/faults" --cert "$work/certs/server.pem" --key "$work/certs/server-key.pem"

export JUDGE_DIR="$work" JUDGE_FAULT_FILE="$work/faults"
JUDGE_PLAIN=$(cat "$work/plain.port") JUDGE_TLS=$(cat "$work/tls.port") JUDGE_LOGIN=$(cat "$work/login.port") JUDGE_STRICT=$(cat "$work/strict.port") JUDGE_FAULTS=$(cat "$work/faults.port") JUDGE_OTHER=$(cat "$work/other.port")
export JUDGE_FAULTS JUDGE_OTHER JUDGE_PLAIN JUDGE_TLS JUDGE_LOGIN JUDGE_STRICT
cat >"$work/freetds.conf" <<CONF
[plain]
host = 127.0.0.1
port = $JUDGE_PLAIN
tds version = 7.4
encryption = off
client charset = UTF-8
text size = 2147483647
[tls]
host = localhost
port = $JUDGE_TLS
tds version = 7.4
encryption = require
ca file = $work/certs/ca.pem
client charset = UTF-8
text size = 2147483647
[other]
host = ::1
port = $JUDGE_OTHER
tds version = 7.4
encryption = off
client charset = UTF-8
[login]
host = 127.0.0.1
port = $JUDGE_LOGIN
tds version = 7.4
encryption = request
client charset = UTF-8
text size = 2147483647
[untrusted]
host = localhost
port = $JUDGE_TLS
tds version = 7.4
encryption = require
ca file = $work/certs/other-ca.pem
CONF
for minor in 1 2 3; do
  cat >>"$work/freetds.conf" <<CONF
[v7$minor]
host = 127.0.0.1
port = $JUDGE_PLAIN
tds version = 7.$minor
client charset = UTF-8
text size = 2147483647
CONF
done
export FREETDSCONF="$work/freetds.conf"
unset TDSVER TDSDUMP TDSHOST TDSPORT

judge() { # NAME COMMAND...
  name=$1
  shift
  timeout 50 "$@" >"$work/$name.out" 2>"$work/$name.err"
  status=$?
  good=$(grep -c '^ok ' "$work/$name.out")
  bad=$(grep -c '^not ok ' "$work/$name.out")
  if [ "$status" -ne 0 ]; then
    bad=$((bad + 1))
    echo "not ok $name: ended with $status"
    tail -12 "$work/$name.err"
  fi
  if [ "$good" -eq 0 ] && [ "$bad" -eq 0 ]; then
    bad=1
    echo "not ok $name: judged nothing"
  fi
  grep '^not ok ' "$work/$name.out" | sed "s/^not ok /not ok $name: /"
  echo "$name: $good passed, $bad failed"
  passed=$((passed + good)) failed=$((failed + bad))
}
missing() { # NAME WHAT PACKAGE
  echo "not ok $1: $2 is missing (Debian package $3)"
  failed=$((failed + 1))
}
has() { command -v "$1" >/dev/null 2>&1; }

if has tsql; then judge tsql sh "$here/tsql.sh"; else missing tsql tsql freetds-bin; fi
if has freebcp; then judge freebcp sh "$here/freebcp.sh"; else missing freebcp freebcp freetds-bin; fi
python=
for p in /usr/bin/python3 python3; do
  has "$p" && "$p" -c 'import pymssql' 2>/dev/null && python=$p && break
done
if [ -n "$python" ]; then judge pymssql "$python" "$here/pymssql_judge.py"; else missing pymssql pymssql python3-pymssql; fi
if [ -n "$python" ]; then judge semantics "$python" "$here/semantics.py"; fi
if [ -n "$python" ]; then judge faults "$python" "$here/faults.py"; fi
if ! has npm; then
  missing tedious npm npm
else
  node_dir=$build/judge-tedious
  mkdir -p "$node_dir"
  if [ ! -d "$node_dir/node_modules/tedious" ] || ! cmp -s "$here/tedious/package-lock.json" "$node_dir/package-lock.json"; then
    cp "$here/tedious/package.json" "$here/tedious/package-lock.json" "$node_dir/"
    (cd "$node_dir" && npm ci --no-audit --no-fund --loglevel=error) >"$work/npm.out" 2>&1 || tail -3 "$work/npm.out"
  fi
  NODE_PATH=$node_dir/node_modules judge tedious node "$here/tedious/judge.js"
fi
jar=/usr/share/java/jtds.jar
if ! has javac; then
  missing jtds javac default-jdk-headless
elif [ ! -f $jar ]; then
  missing jtds jTDS libjtds-java
else
  mkdir -p "$build/judge-jtds"
  class=$build/judge-jtds/JtdsJudge.class
  if [ ! -f "$class" ] || [ -n "$(find "$here/JtdsJudge.java" -newer "$class")" ]; then
    javac -encoding UTF-8 -d "$build/judge-jtds" "$here/JtdsJudge.java"
  fi
  judge jtds java -XX:TieredStopAtLevel=1 -Dfile.encoding=UTF-8 -cp "$build/judge-jtds:$jar" JtdsJudge
fi

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
