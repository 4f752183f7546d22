#!/bin/sh
# What the build lacks here, in a sentence, before the compiler says it in its
# own words: tests/needs.sh LIBSYBDB.A CC [FLAG ...]
set -u
sybdb=$1 cc=$2
shift 2
missing='' old=''

lacks() { # package
  case " $missing " in *" $1 "*) ;; *) missing="${missing:+$missing }$1" ;; esac
}

# $cc may have words of its own, ccache say.
# shellcheck disable=SC2086
if command -v ${cc%% *} >/dev/null; then
  compile() { $cc "$@" -x c - 2>/dev/null; }
  for need in stdlib.h:libc6-dev sqlite3ext.h:libsqlite3-dev ini.h:libinih-dev \
    sybdb.h:freetds-dev gnutls/x509.h:libgnutls28-dev \
    gssapi/gssapi.h:libkrb5-dev; do
    echo "#include <${need%:*}>" | compile "$@" -E -o /dev/null ||
      lacks "${need#*:}"
  done
  for need in inih:libinih-dev nettle:nettle-dev hogweed:nettle-dev \
    gmp:libgmp-dev gnutls:libgnutls28-dev; do
    $cc -shared -o /dev/null "-l${need%:*}" 2>/dev/null || lacks "${need#*:}"
  done
  found=$(printf '#include <sqlite3.h>\n=SQLITE_VERSION_NUMBER SQLITE_VERSION\n' |
    compile "$@" -E -P | sed -n 's/^= *\([0-9]\)/\1/p' | tr -d '"')
  [ -z "$found" ] || [ "${found%% *}" -ge 3038000 ] ||
    old="SQLite 3.38 or newer; sqlite3.h here is of ${found#* }"
else
  lacks gcc
  for need in stdlib.h:libc6-dev sqlite3ext.h:libsqlite3-dev ini.h:libinih-dev \
    gnutls/x509.h:libgnutls28-dev gssapi.h:libkrb5-dev nettle/aes.h:nettle-dev \
    gmp.h:libgmp-dev; do
    find /usr/include -path "*/${need%:*}" 2>/dev/null | grep -q . ||
      lacks "${need#*:}"
  done
fi
command -v objcopy >/dev/null || lacks binutils
if [ -f "$sybdb" ]; then
  found=$(grep -aom1 'freetds v[0-9]*\.[0-9]*[0-9.]*' "$sybdb" | head -n 1)
  case ${found#freetds v} in
    0.* | 1.[0-2] | 1.[0-2].*)
      old="${old:+$old; }FreeTDS 1.3 or newer; libsybdb.a here is of ${found#*v}" ;;
  esac
else
  lacks freetds-dev
fi

[ -z "$old" ] || echo "ordersync needs $old. Debian 12 and Ubuntu 24.04 have it." >&2
[ -z "$missing" ] || {
  echo "ordersync cannot be built without: $missing. Install what is missing by" \
    "tests/setup.sh build, or as root: apt-get install $missing" >&2
  case " $missing " in
    *" freetds-dev "*) echo "A FreeTDS of your own: make FREETDS=/prefix" >&2 ;;
  esac
}
[ -z "$old$missing" ]
