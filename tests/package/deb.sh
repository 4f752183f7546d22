#!/bin/bash
# make deb: a Debian source package and what it builds, into dist/. Of the last
# commit, without the network. DEBFULLNAME and DEBEMAIL name who packages it.
set -eu
cd "$(dirname "$0")/../.."
version=$1 work=build/package/deb name=ordersync-$1
tests/package/dist.sh "$version"
rm -rf "$work" && mkdir -p "$work"
cp "dist/$name.tar.gz" "$work/ordersync_$version.orig.tar.gz"
tar -xf "dist/$name.tar.gz" -C "$work"
cp -r "$work/$name/tests/package/debian" "$work/$name/debian"

maintainer=$(sed -n 's/^Maintainer: //p' tests/package/debian/control)
[ -z "${DEBEMAIL:-}" ] || maintainer="${DEBFULLNAME:-$DEBEMAIL} <$DEBEMAIL>"
SOURCE_DATE_EPOCH=$(stat -c %Y "$work/$name/include/ordersync.h")
export SOURCE_DATE_EPOCH
cat >"$work/$name/debian/changelog" <<CHANGES
ordersync ($version-1) unstable; urgency=medium

  * Version $version: what is new stands in changelog.gz.

 -- $maintainer  $(date -u -R -d "@$SOURCE_DATE_EPOCH")
CHANGES
sed -i "s/^Maintainer: .*/Maintainer: $maintainer/" "$work/$name/debian/control"

unset MAKEFLAGS MFLAGS # such as the -s of whoever called
if ! (cd "$work/$name" && dpkg-buildpackage -us -uc) >"$work/build.log" 2>&1; then
  tail -n 60 "$work/build.log" >&2
  exit 1
fi
find "$work" -maxdepth 1 -type f ! -name build.log -exec mv -t dist {} +
(cd dist && ls -- *"${version}-1"* *"$version.orig"*)
