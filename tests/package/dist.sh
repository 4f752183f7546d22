#!/bin/sh
# make dist: dist/ordersync-VERSION.tar.gz, of HEAD, or of this tree where there
# is no repository: then of what an archive unpacked, so that an archive makes
# itself again, byte for byte.
set -eu
cd "$(dirname "$0")/../.."
version=$1
name=ordersync-$version
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
mkdir -p "$stage/$name" dist

# Not what git would find in a folder above.
if [ -e .git ]; then
  git archive --format=tar HEAD | tar -x -C "$stage/$name"
  git diff --quiet HEAD 2>/dev/null ||
    echo "dist: of the last commit; what you changed since is not in it" >&2
else
  tar -c --exclude=./build --exclude=./dist --exclude=./ordersync.so \
    --exclude='*.o' --exclude=__pycache__ . | tar -x -C "$stage/$name"
fi
when=$(stat -c %Y "$stage/$name/include/ordersync.h")
tar -c --format=ustar --sort=name --mtime="@$when" --owner=0 --group=0 \
  --numeric-owner --mode='u+rw,go+r-w,a+X' -C "$stage" "$name" |
  gzip -9n >"$stage/made"
mv "$stage/made" "dist/$name.tar.gz" # whole, for whoever reads it meanwhile
echo "dist/$name.tar.gz"
