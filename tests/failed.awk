# The tests that failed, out of a log, one a line, with the first thing that is
# said about why:
#   awk -v suite=NAME [-v most=LINES] -f tests/failed.awk LOG
# A log says "FAIL test" or "not ok test"; the lines after it are the reason: an
# exception, what was expected and got, a diff, a traceback (its last line).
function tell() {
  if (test != "" && ++told <= most)
    print substr("FAIL " suite ": " test (why == "" ? "" : ": " why), 1, 250)
  test = why = diff = trace = ""
}
function trimmed(line) {
  gsub(/^ +| +$/, "", line)
  return line
}
BEGIN { if (!most) most = 20 }
/^(FAIL|not ok) / {
  tell()
  test = $0
  sub(/^(FAIL|not ok) +/, "", test)
  next
}
test == "" { next }
/^(ok|skip) / || /^([a-z-]+: )?[0-9]+ passed, / { tell(); next }
why != "" {
  # The other side.
  if (/^ *got:/ || (diff && /^\+/)) why = why ", " trimmed($0)
  if (!diff || !/^-/) tell()
  next
}
/^(---|\+\+\+|@@) / { diff = 1; next }
/^Traceback / { trace = 1; next }
(diff || trace) && /^ / { next }
NF { why = trimmed($0) }
END {
  tell()
  if (told > most) print "FAIL " suite ": and " told - most " more"
}
