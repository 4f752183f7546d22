#!/bin/sh
# make npm: dist/ordersync-VERSION.tgz, for this processor. `npm pack` makes it
# and asks nobody.
set -eu
cd "$(dirname "$0")/../.."
version=$1 work=build/package/npm
case $(uname -m) in
  x86_64) cpu=x64 ;;
  aarch64) cpu=arm64 ;;
  armv7l) cpu=arm ;;
  *) cpu=$(uname -m) ;; # as node calls it: ppc64, riscv64, s390x
esac
rm -rf "$work" && mkdir -p "$work" dist
cp tests/package/npm/* LICENSE "$work"
sed -i "s/@VERSION@/$version/; s/@CPU@/$cpu/" "$work/package.json"
cp /usr/share/common-licenses/LGPL-2 "$work/LICENSE.LGPL" # FreeTDS's
strip --strip-unneeded -o "$work/ordersync.so" ordersync.so
(cd "$work" && npm pack --silent --offline --pack-destination ../../../dist)
