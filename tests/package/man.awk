# The man page of a template and the README's tables:
#   awk -v version=0.1.0 -v date=2026-11-27 -f man.awk README.md ordersync.7.in
# A line of the template that begins with @ is replaced:
#   @table CELL  the rows of the table whose head begins with CELL
#   @list WORD   the items of the list whose first item begins with WORD
# so that the page cannot say otherwise than the README. @VERSION@ and @DATE@ are
# what their names say. Fails when the README has no such table or list.

FNR == 1 { file++ }

file == 1 && /^```/ { fenced = !fenced }
file == 1 && !fenced {
  if ($0 ~ /^\|/) {
    if (!table) { table = cell($0, 1); gsub(/`/, "", table); rows[table] = 0 }
    else if ($0 !~ /^\| ---/) row[table, ++rows[table]] = $0
  } else table = ""
  if ($0 ~ /^- /) {
    if (!list) { list = bare(first_word(substr($0, 3))); items[list] = 0 }
    item[list, ++items[list]] = substr($0, 3)
  } else if (list && $0 ~ /^  [^ ]/) item[list, items[list]] = item[list, items[list]] " " substr($0, 3)
  else if ($0 != "") list = ""
  next
}
file == 1 { next }

/^@table / { include_table(substr($0, 8)); next }
/^@list / { include_list(substr($0, 7)); next }
{ gsub(/@VERSION@/, version); gsub(/@DATE@/, date); print }

function include_table(name,    i, n, tag, body, heads) {
  n = rows[name]
  if (!n) missing("table", name)
  for (i = 1; i <= n; i++) {
    tag = cell(row[name, i], 1)
    body = cell(row[name, i], 2)
    # What stands in between is a default, or a kind.
    if (cells(row[name, i]) > 2) {
      body = cell(row[name, i], 3)
      if (cell(row[name, i], 2) != "")
        body = (name == "SQL Server" ? "kind " : "default ") cell(row[name, i], 2) "; " body
    }
    entry(tag, body)
  }
}

function include_list(name,    i) {
  if (!items[name]) missing("list", name)
  for (i = 1; i <= items[name]; i++) {
    print ".IP \\(bu 3"
    text(item[name, i])
  }
}

function entry(tag, body) {
  # A row in bold with nothing behind heads those that follow.
  print (tag ~ /^\*\*/ && body == "") ? ".PP" : ".TP"
  print roff(tag)
  text(body)
}

# Lines of less than 80 columns.
function text(words,    n, i, w, line) {
  n = split(roff(words), w, " ")
  line = ""
  for (i = 1; i <= n; i++) {
    if (line != "" && length(line) + length(w[i]) > 76) { print guarded(line); line = "" }
    line = line == "" ? w[i] : line " " w[i]
    # A sentence ends a line.
    if (w[i] ~ /[a-z0-9)][.]$/ || w[i] ~ /R[.]$/) { print guarded(line); line = "" }
  }
  if (line != "") print guarded(line)
}
function guarded(line) { return line ~ /^[.']/ ? "\\&" line : line }

# Markdown's inline marks as roff's.
function roff(s,    out, code, i, c) {
  while (match(s, /\[[^]]*\]\([^)]*\)/)) {
    s = substr(s, 1, RSTART - 1) link(substr(s, RSTART, RLENGTH)) substr(s, RSTART + RLENGTH)
  }
  gsub(/\*\*/, "\001", s)
  out = ""
  for (i = 1; i <= length(s); i++) {
    c = substr(s, i, 1)
    if (c == "`" || c == "\001") { code = !code; out = out (code ? "\\fB" : "\\fR") }
    else if (c == "\\") out = out "\\e"
    else if (c == "-") out = out "\\-"
    else if (c == "'") out = out "\\(aq"
    else if (c == "^") out = out "\\(ha"
    else if (c == "~") out = out "\\(ti"
    else out = out c
  }
  return out
}
function link(s,    label, target) {
  label = substr(s, 2, index(s, "](") - 2)
  target = substr(s, index(s, "](") + 2)
  sub(/\)$/, "", target)
  return target ~ /^http/ ? label " (" target ")" : label
}

# No cell of the README holds a bar.
function cells(line,    part) {
  gsub(/^\||\|$/, "", line)
  return split(line, part, /\|/)
}
function cell(line, n,    part) {
  gsub(/^\||\|$/, "", line)
  split(line, part, /\|/)
  gsub(/^ +| +$/, "", part[n])
  return part[n]
}
function first_word(s) { sub(/ .*/, "", s); return s }
function bare(s) { gsub(/[`":,]/, "", s); return s }
function missing(what, name) {
  print "man.awk: the README has no " what " of " name > "/dev/stderr"
  failed = 1
  exit 1
}
END { exit failed }
