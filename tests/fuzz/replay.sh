#!/bin/bash
# The fuzzers' inputs that are kept, without a fuzzer:
#   tests/fuzz/replay.sh BUILD_DIR
# Every fuzz_NAME.c, with a plain main() under sanitizers, over corpus/NAME and
# regressions/NAME. An input counts as one test.
set -u
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
build=$(cd "${1:-$root/build}" && pwd) || exit 2
cd "$root" || exit 2
mkdir -p "$build/fuzz"
make --no-print-directory -s B="$build" "$build/san.a" || exit 1
read -ra libs < <(make --no-print-directory -s B="$build" libs)
export ASAN_OPTIONS=allocator_may_return_null=1:handle_abort=1:detect_leaks=1

one() {
  name=$1 inputs=0
  shift
  program=$build/fuzz/replay_$name log=$build/fuzz/replay_$name.log
  folders=()
  for f in "$here/corpus/$name" "$here/regressions/$name"; do
    [ -d "$f" ] && folders+=("$f") &&
      inputs=$((inputs + $(find "$f" -type f | wc -l)))
  done
  if ! gcc -std=c11 -D_GNU_SOURCE -O1 -g -fno-omit-frame-pointer -Wall -Wextra \
    -fsanitize=address,undefined -fno-sanitize-recover=undefined \
    -DSQLITE_CORE -Iinclude -Iext -I"$build" -o "$program" \
    "$here/fuzz_$name.c" "$here/replay_main.c" "$@" >"$log" 2>&1; then
    echo "FAIL $name does not compile: $log" && tail -n 20 "$log"
    echo "$name 0 1"
  elif [ $inputs = 0 ]; then
    echo "$name: no corpus"
    echo "$name 0 1"
  elif timeout 60 "$program" "${folders[@]}" >"$log" 2>&1; then
    echo "$name $inputs 0"
  else
    echo "FAIL $name: the input is the last one named in $log"
    grep -aE 'ERROR|#[0-9] |runtime error|^/' "$log" | tail -n 12
    echo "$name 0 1"
  fi
}
export -f one
export here build

names=()
for f in "$here"/fuzz_*.c; do n=${f##*/fuzz_} && names+=("${n%.c}"); done
# shellcheck disable=SC2016
printf '%s\n' "${names[@]}" |
  xargs -P "$(nproc)" -I{} bash -c 'one "$@" >"$build/fuzz/{}.replayed" 2>&1' _ {} "$build/san.a" "${libs[@]}"
passed=0 failed=0
for n in "${names[@]}"; do
  sed '$d' "$build/fuzz/$n.replayed"
  read -r _ p f < <(tail -n 1 "$build/fuzz/$n.replayed")
  echo "$n: $p inputs, $f failed"
  passed=$((passed + p)) failed=$((failed + f))
done
echo "replay: $passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
