#!/bin/sh
# Installs what is missing, of groups: tests/setup.sh
#   build|demo|check|judges|hosts|kerberos|fuzz|lint|report|deb|npm|wheel|packages|roots|bench ...
# As root, or through sudo. Debian and Ubuntu; elsewhere it only says what is
# needed and goes on.
set -eu

build='gcc binutils make libc6-dev libsqlite3-dev libinih-dev sqlite3'
# FreeTDS's archive, and what it is linked with.
build="$build freetds-dev libgnutls28-dev libkrb5-dev nettle-dev libgmp-dev"
demo="$build libssl-dev openssl"
check="$demo ca-certificates libcmocka-dev locales python3 python3-pymssql"
# The clients that judge the bundled server; for check-long.
judges="valgrind freetds-bin nodejs npm default-jdk-headless libjtds-java"
# Programs that load the extension.
hosts="gcc libsqlite3-dev sqlite3 python3 python3-apsw sqlite-utils nodejs npm"
# For npm where it finds no binary; Python has no distutils since 3.12.
hosts="$hosts g++ make python3-setuptools"
hosts="$hosts ruby ruby-sqlite3 libdbd-sqlite3-perl php-cli php-sqlite3"
hosts="$hosts default-jdk-headless libxerial-sqlite-jdbc-java tcl libsqlite3-tcl"
hosts="$hosts r-base-core r-cran-rsqlite rustc cargo librust-rusqlite-dev"
hosts="$hosts golang-go golang-github-mattn-go-sqlite3-dev"
# A realm of a test's own, and another FreeTDS in it.
kerberos='krb5-kdc krb5-admin-server krb5-user freetds-bin'
fuzz='clang'
# A browser that looks at the report; promtool, which reads the metrics.
report='chromium chromium-driver prometheus'
# What makes a package, and what judges and tries them all.
deb='build-essential debhelper dpkg-dev git python3'
npm='nodejs npm'
wheel='python3 python3-setuptools python3-wheel'
packages="$deb $npm $wheel lintian blhc man-db mandoc debootstrap python3-pip"
packages="$packages python3-yaml git"
# Whom the benchmark compares with; PostgreSQL's tds_fdw is named by version.
bench='valgrind freetds-bin nodejs npm default-jdk-headless libjtds-java'
bench="$bench libxerial-sqlite-jdbc-java python3-pymssql python3-tds php-cli"
bench="$bench php-sybase php-sqlite3 libdbd-sybase-perl libdbd-sqlite3-perl"
bench="$bench postgresql"
lint='clang clang-tidy clang-format cppcheck shellcheck'
# debootstrap, and what checks the schedules.
roots='debootstrap debian-archive-keyring systemd systemd-container'

wanted=
for group in "$@"; do
  case $group in
    build) wanted="$wanted $build" ;;
    demo) wanted="$wanted $demo" ;;
    check) wanted="$wanted $check" ;;
    judges) wanted="$wanted $judges" ;;
    hosts) wanted="$wanted $hosts" ;;
    kerberos) wanted="$wanted $kerberos" ;;
    fuzz) wanted="$wanted $fuzz" ;;
    report) wanted="$wanted $report" ;;
    deb) wanted="$wanted $deb" ;;
    npm) wanted="$wanted $npm" ;;
    wheel) wanted="$wanted $wheel" ;;
    packages) wanted="$wanted $packages" ;;
    lint) wanted="$wanted $lint" ;;
    roots) wanted="$wanted $roots" ;;
    bench) wanted="$wanted $bench" ;;
    *) echo "setup.sh: no group '$group'" >&2; exit 2 ;;
  esac
done

# node may have come by another way than Debian's package.
have() {
  case $1 in
    nodejs) command -v node >/dev/null && return 0 ;;
    default-jdk-headless) command -v javac >/dev/null && return 0 ;;
    npm | gcc | make | clang | python3) command -v "$1" >/dev/null && return 0 ;;
  esac
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

if ! command -v apt-get >/dev/null; then
  echo "setup.sh: not a Debian system; needed are the like of:$wanted" >&2
  exit 0
fi

missing=
for package in $wanted; do
  case " $missing " in *" $package "*) continue ;; esac
  have "$package" || missing="$missing $package"
done
# clang's sanitizer runtime is a package of its own, named by version.
case " $* " in
  *" fuzz "*)
    if ! ls /usr/lib/llvm-*/lib/clang/*/lib/linux/libclang_rt.fuzzer-*.a \
      /usr/lib/clang/*/lib/linux/libclang_rt.fuzzer-*.a >/dev/null 2>&1; then
      missing="$missing clang-runtime"
    fi
    ;;
esac
# So is tds_fdw.
case " $* " in
  *" bench "*)
    ls /usr/share/postgresql/*/extension/tds_fdw.control >/dev/null 2>&1 ||
      missing="$missing tds-fdw"
    ;;
esac
[ -n "$missing" ] || exit 0

as_root=
if [ "$(id -u)" != 0 ]; then
  command -v sudo >/dev/null || {
    echo "setup.sh: packages are missing, only root may install them, and there is" \
      "no sudo here. As root: apt-get install$missing" >&2
    exit 1
  }
  as_root=sudo
fi
# Quietly, and everything that it said when it fails.
apt() {
  said=$(mktemp)
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 "$@" >"$said" 2>&1 || {
    cat "$said" >&2
    rm -f "$said"
    echo "setup.sh: apt-get $1 failed; its words are above" >&2
    exit 1
  }
  rm -f "$said"
}

why() { # group
  case $1 in
    build) echo "to build: a compiler, SQLite, FreeTDS and what that links" ;;
    demo) echo "to show it: the bundled server, which links OpenSSL" ;;
    check) echo "to test: cmocka, Python and a second FreeTDS, locales" ;;
    judges) echo "to judge the bundled server: clients that are not ours" ;;
    hosts) echo "to try the programs that load the extension" ;;
    kerberos) echo "to log in by Kerberos: a realm's server and tools" ;;
    fuzz) echo "to fuzz: clang and its libFuzzer" ;;
    lint) echo "to lint: clang's and other checkers" ;;
    roots) echo "to try bare roots of Debian, and the systemd unit" ;;
    *) echo "for $1" ;;
  esac
}

# What comes with it, and how much that is.
install() {
  echo "setup.sh installs, by apt-get install --no-install-recommends,"
  for group in $groups; do why "$group" | sed 's/^/  /'; done
  echo " $*" | fold -s -w 76 | sed '2,$s/^/  /'
  $as_root env LC_ALL=C apt-get install --no-install-recommends --assume-no "$@" 2>/dev/null |
    sed -n 's/ newly installed.*/ packages with what they need;/p
            s/^Need to get \(.*\) of archives\./\1 to download;/p
            s/^After this operation, \(.*B\) of additional.*/\1 on the disk/p' |
    sed 's/^0 upgraded, //' | tr '\n' ' ' | sed 's/^/  /; s/ $/.\n/'
  apt install -y --no-install-recommends "$@"
}

groups="$*"
apt update
case " $missing " in
  *" clang-runtime "*)
    missing=$(echo "$missing" | sed 's/ clang-runtime//')
    command -v clang >/dev/null || install clang
    version=$(clang --version | sed -n 's/.*clang version \([0-9]*\).*/\1/p')
    missing="$missing libclang-rt-$version-dev"
    ;;
esac
case " $missing " in
  *" tds-fdw "*)
    version=$(apt-cache depends postgresql |
      sed -n 's/.* postgresql-\([0-9]*\)$/\1/p' | head -n 1)
    missing="$(echo "$missing" | sed 's/ tds-fdw//') postgresql-$version-tds-fdw"
    ;;
esac
# shellcheck disable=SC2086
[ -z "$missing" ] || install $missing
