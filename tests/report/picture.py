"""Draws the README's picture of the report from the report itself: its style,
and the charts of one sync of log.sql.
    tests/report/picture.py BUILD_DIR > tests/report/pictures/report.svg"""
import re

from common import fresh, report

html = report(fresh("picture.db"))
style = re.search(r"<style>\n(.*?)</style>", html, re.S).group(1)
# The rules for a page of HTML would move the charts.
style = "\n".join(line for line in style.split("\n")
                  if not line.startswith((".chart {", "@media (m", "body")))
style = "".join(re.findall(r"^:root \{.*?^\}\n|^@media \(prefers.*?^\}\n|"
                           r"^\.(?:chart|connect|cross|axis).*?\}\n", style,
                           re.S | re.M))
section = next(s for s in html.split("<section")[1:]
               if re.search(r"<h2[^>]*>open_orders<", s))
shape, state = re.search(r'<path d="([^"]*)"/></svg>(\w+)<', section).groups()
charts = re.findall(r"<figcaption><b>(.*?)</b> (.*?)</figcaption>\s*"
                    r"(<svg class=\"chart\".*?</svg>)", section, re.S)
print("""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 800 280" \
role="img" aria-label="Two charts of a sync's runs, of 24 hours and of 30 days: \
bars of the time to connect, to fetch and to write, crosses where runs failed, \
below them the rows" font-family="system-ui, sans-serif">
<style>
%s.chart text { font-size: 9px; }
.ink { fill: var(--ink); font-weight: 650; }
.soft { fill: var(--soft); font-size: 12px; font-weight: 400; }
.state { fill: var(--good); font-weight: 600; font-size: 14px; }
</style>
<rect x=".5" y=".5" width="799" height="279" rx="12" fill="var(--card)" \
stroke="var(--line)"/>
<text class="ink" x="24" y="38" font-size="18">open_orders</text>
<g class="state" fill-rule="evenodd"><path transform="translate(764 26)" \
d="%s"/><text x="757" y="37" text-anchor="end">%s</text></g>""" % (style, shape, state))
for i, (span, counts, chart) in enumerate(charts):
    x = 24 + i * 388
    print('<text class="ink" x="%d" y="66" font-size="14">%s<tspan class="soft" '
          'dx="9">%s</tspan></text>' % (x, span, counts))
    print(chart.replace('class="chart"', 'class="chart" x="%d" y="74" '
                        'width="364" height="174"' % x, 1))
x = 24
for name, label in (("connect", "connect"), ("fetch", "fetch"),
                    ("write", "write"), ("", "a run failed")):
    if name:
        print('<path class="%s" d="M%d 257h10v10h-10z" fill="currentColor"/>' %
              (name, x))
    else:
        print('<path class="cross" d="M%d 259l6 6m0-6l-6 6" fill="none" '
              'stroke="currentColor"/>' % x)
    print('<text class="soft" x="%d" y="266">%s</text>' % (x + 15, label))
    x += 80
print("</svg>")
