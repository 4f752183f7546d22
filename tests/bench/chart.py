#!/usr/bin/python3
"""make bench-readme: the chart and the README's table, from the figures.
   tests/bench/chart.py BUILD_DIR

Reads BUILD_DIR/bench/bench.json and bench.md; writes tests/bench/bench.svg and
what stands between the README's two marks.
"""
import json
import os
import re
import sys
from xml.sax.saxutils import escape

here = os.path.dirname(os.path.abspath(__file__))
root = os.path.dirname(os.path.dirname(here))
LEFT, RIGHT, WIDTH, LINE, TOP = 230, 200, 760, 26, 58

STYLE = """
  text { font: 13px sans-serif; fill: #1f2328 }
  .title { font-weight: bold }
  .small { font-size: 11px; fill: #59636e }
  .ordersync { fill: #0969da } .floor { fill: #8c959f } .peer { fill: #bc8c5a }
  .wrong { fill: #b35900 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .small { fill: #9198a1 } .wrong { fill: #f0883e }
    .ordersync { fill: #4493f8 } .floor { fill: #6e7681 }
  }
"""


def note(row):
    if row["wrong"]:
        return "%s cells wrong" % format(row["wrong"], ",")
    return "every cell right" if row["wrong"] == 0 else "a floor: no copy"


def chart(result):
    rows = [row for row in result["contestants"] if not row["missing"]]
    room = WIDTH - LEFT - RIGHT
    most = max(row["cpu_ms"] for row in rows)
    height = TOP + LINE * len(rows) + 12
    title = "CPU to copy %s rows of %d columns, milliseconds" % (
        format(result["rows"], ","), result["columns"])
    out = ['<svg xmlns="http://www.w3.org/2000/svg" role="img" '
           'viewBox="0 0 %d %d" width="%d" height="%d">'
           % (WIDTH, height, WIDTH, height),
           "<title>%s</title>" % title, "<style>%s</style>" % STYLE,
           '<text class="title" x="8" y="22">%s</text>' % title,
           '<text class="small" x="8" y="40">less is better; medians of %d '
           "runs on %d processors, %s</text>"
           % (result["runs"], result["processors"], result["date"])]
    for i, row in enumerate(rows):
        y = TOP + LINE * i
        bar = max(2, room * row["cpu_ms"] / most)
        out += [
            '<text x="%d" y="%d" text-anchor="end">%s</text>'
            % (LEFT - 8, y + 14, escape(row["name"])),
            '<rect class="%s" x="%d" y="%d" width="%.1f" height="18" rx="2"/>'
            % (row["kind"], LEFT, y, bar),
            '<text x="%.1f" y="%d">%.0f <tspan class="small%s">%s</tspan></text>'
            % (LEFT + bar + 6, y + 14, row["cpu_ms"],
               " wrong" if row["wrong"] else "", note(row))]
    return "\n".join(out + ["</svg>", ""])


def main():
    build = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else "build")
    with open(build + "/bench/bench.json") as file:
        result = json.load(file)
    with open(build + "/bench/bench.md") as file:
        figures = file.read()
    with open(here + "/bench.svg", "w") as file:
        file.write(chart(result))
    with open(root + "/README.md") as file:
        readme = file.read()
    text = (
        "Measured %s by `make bench-readme` on a machine with %d processors "
        "(load average %s\nwhen it began), medians of %d runs:\n\n%s" % (
            result["date"], result["processors"], result["load"],
            result["runs"], figures))
    changed, n = re.subn(
        r"(<!-- bench: .*? -->\n).*?(<!-- /bench -->)",
        lambda m: m[1] + text + m[2], readme, flags=re.S)
    if n != 1:
        sys.exit("chart.py: the README has not its two marks")
    with open(root + "/README.md", "w") as file:
        file.write(changed)


if __name__ == "__main__":
    main()
