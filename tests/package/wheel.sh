#!/bin/sh
# make wheel: dist/ordersync-VERSION-py3-none-linux_ARCH.whl, by setuptools and
# wheel as the system has them, without the network.
set -eu
cd "$(dirname "$0")/../.."
version=$1 work=build/package/wheel
rm -rf "$work" && mkdir -p "$work" dist
cp -r tests/package/wheel/. LICENSE "$work"
sed -i "s/@VERSION@/$version/" "$work/setup.py" "$work/ordersync/__init__.py"
cp /usr/share/common-licenses/LGPL-2 "$work/LICENSE.LGPL" # FreeTDS's
strip --strip-unneeded -o "$work/ordersync/ordersync.so" ordersync.so
cd "$work"
PYTHONWARNINGS=ignore "${PYTHON:-/usr/bin/python3}" setup.py -qq bdist_wheel --dist-dir ../../../dist
cd ../../..
echo "dist/ordersync-$version"-*.whl
