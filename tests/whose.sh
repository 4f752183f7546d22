#!/bin/bash
# Whose is the death that a sanitizer or an assertion reports? tests/whose.sh LOG
# Prints the innermost frame that is neither the sanitizer's, libc's nor an
# allocation that FreeTDS makes through us (what leaks where it is given up); exit
# code 0 when it is FreeTDS's, which is linked in or a library of its own.
set -u
runtime='in (__interceptor|__asan|__ubsan|__sanitizer|raise|abort|gsignal|__assert|pthread_kill|__pthread|__libc|___interceptor|(box_)?(malloc|calloc|realloc|strdup) |free )|/libc\.so|/nptl/|/stdlib/|/assert/|/signal/|compiler-rt|libsanitizer|libasan'
frame=$(grep -aE '^ *#[0-9]+ ' "$1" | grep -avE "$runtime" | head -n 1)
[ -n "$frame" ] || frame=$(grep -aE 'ssertion .*failed' "$1" | head -n 1)
echo "${frame:-no frame}"
case $frame in
  *libsybdb* | *src/tds/* | *src/dblib/*) exit 0 ;;
  *ext/*.[ch]:* | *tests/*.[ch]:*) exit 1 ;; # ours: it has a line
esac
name=$(sed -n 's/^ *#[0-9]* 0x[0-9a-f]* in \([A-Za-z0-9_.]*\).*/\1/p' <<<"$frame")
[ -n "$name" ] &&
  nm --defined-only "$(gcc -print-file-name=libsybdb.a)" 2>/dev/null |
  awk '{print $3}' | grep -qxF "$name"
