#!/bin/bash
# Every fuzzer for a while: tests/fuzz/run.sh BUILD_DIR SECONDS_PER_FUZZER [NAME ...]
# clang's libFuzzer under ASan and UBSan, as many at once as there are
# processors, from corpus/NAME and regressions/NAME; what is new is gathered in
# BUILD_DIR/fuzz/NAME. An input that kills one stays there as crash-*; to keep
# it: clang's -minimize_crash=1, then into tests/fuzz/regressions/NAME under a
# name that says what it does.
#
# A death within FreeTDS, which is not ours to mend, is listed with its frame, and
# its input is kept in BUILD_DIR/fuzz/freetds. More than a few fail: the fuzzer
# then sees little else.
set -u
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
build=$(cd "${1:-$root/build}" && pwd) || exit 2
seconds=${2:-60}
shift $(($# < 2 ? $# : 2))
cd "$root" || exit 2
out=$build/fuzz
mkdir -p "$out/freetds"
flags=(-std=c11 -D_GNU_SOURCE -O1 -g -fno-omit-frame-pointer -DSQLITE_CORE
  -fno-sanitize-recover=undefined -Iinclude -Iext -I"$out")
export here out seconds
make --no-print-directory -s -j"$(nproc)" B="$out" CC=clang SAN="-O1 -g \
  -fno-omit-frame-pointer -DSQLITE_CORE -fno-sanitize-recover=undefined \
  -fsanitize=fuzzer-no-link,address,undefined" "$out/san.a" ||
  { echo "fuzz: 0 passed, 1 failed"; exit 1; }
read -ra libs < <(make --no-print-directory -s B="$out" libs)

# FreeTDS allocates what a server announces: gigabytes, which are refused.
export ASAN_OPTIONS=allocator_may_return_null=1:handle_abort=1:detect_leaks=1

# 0 when what an input does happens within FreeTDS.
is_freetds() { # program input log
  timeout 60 "$1" -timeout=20 -rss_limit_mb=0 -malloc_limit_mb=100000 "$2" \
    >"$3" 2>&1 && return 1
  "$here/../whose.sh" "$3" >"$3.frame"
}

one() {
  name=$1
  shift
  program=$out/fuzz_$name corpus=$out/$name log=$out/$name.log
  mkdir -p "$corpus"
  rm -f "$corpus"/crash-* "$corpus"/leak-* "$corpus"/timeout-* "$corpus"/oom-*
  if ! clang -fsanitize=fuzzer,address,undefined -o "$program" \
    "$here/fuzz_$name.c" "$@" >"$log" 2>&1; then
    echo "FAIL $name does not compile" && tail -n 20 "$log"
    return
  fi
  folders=("$corpus")
  for f in "$here/corpus/$name" "$here/regressions/$name"; do
    [ -d "$f" ] && folders+=("$f")
  done
  dict=()
  [ -f "$here/$name.dict" ] && dict=("-dict=$here/$name.dict")
  # In a forked process, so that a death does not end the run.
  timeout $((seconds * 2 + 120)) "$program" "${dict[@]}" -fork=1 \
    -ignore_crashes=1 -ignore_timeouts=0 -ignore_ooms=0 \
    -max_total_time="$seconds" -timeout=20 -max_len=16384 -rss_limit_mb=4096 \
    -malloc_limit_mb=100000 -artifact_prefix="$corpus/" "${folders[@]}" \
    >"$log" 2>&1
  rc=$?
  ours=0 theirs=0 first=
  for input in "$corpus"/crash-* "$corpus"/leak-* "$corpus"/timeout-* "$corpus"/oom-*; do
    [ -f "$input" ] || continue
    if is_freetds "$program" "$input" "$input.log"; then
      theirs=$((theirs + 1))
      echo "  FreeTDS: $(cat "$input.log.frame")"
      mv "$input" "$input".log* "$out/freetds/"
    else
      ours=$((ours + 1))
      first=${first:-"; ${input##*/}: $(cat "$input.log.frame" 2>/dev/null || echo it does not happen again)"}
      [ $ours -le 3 ] && echo "  $input:" &&
        grep -aE 'ERROR|#[0-9] |runtime error|SUMMARY' "$input.log" | head -n 10
    fi
  done
  line=$(grep -aE '^#[0-9]+: cov: ' "$log" | tail -n 1)
  echo "$name: ${line:-no progress line}; $theirs inputs kill FreeTDS itself"
  if [ -z "$line" ] || { [ $rc != 0 ] && [ $theirs = 0 ]; } || [ $ours != 0 ] ||
    [ $theirs -gt 5 ]; then
    echo "FAIL $name: $ours inputs of ours, $theirs of FreeTDS's, exit code $rc; see $log$first"
  else
    echo "ok   $name"
  fi
}
export -f one is_freetds

names=("$@")
if [ ${#names[@]} = 0 ]; then
  for f in "$here"/fuzz_*.c; do n=${f##*/fuzz_} && names+=("${n%.c}"); done
fi
# shellcheck disable=SC2016
printf '%s\n' "${names[@]}" | xargs -P "$(nproc)" -I{} \
  bash -c 'one "$@" >"$out/{}.result" 2>&1' _ {} "${flags[@]}" \
  "$out/san.a" "${libs[@]}"
passed=0 failed=0
for n in "${names[@]}"; do
  cat "$out/$n.result"
  if grep -q "^ok   $n" "$out/$n.result"; then passed=$((passed + 1));
  else failed=$((failed + 1)); fi
done
echo "fuzz: $passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
