"""The page in headless Chromium, by chromedriver: at the width of a phone and of
a desk, light and dark. The pictures are left in BUILD/report.
    tests/report/browser.py BUILD_DIR long [NAME ...]"""
import base64
import json
import os
import shutil
import socket
import subprocess
import time
import urllib.request

from common import (WORK, connect, early_in_the_hour, expect, fresh, main,
                    report, same, test)

# Of every text that is shown: its contrast to what is painted behind it.
CONTRAST = """
const canvas = document.createElement('canvas').getContext(
  '2d', {willReadFrequently: true});
function rgba(color) {
  canvas.clearRect(0, 0, 1, 1);
  canvas.fillStyle = color;
  canvas.fillRect(0, 0, 1, 1);
  return [...canvas.getImageData(0, 0, 1, 1).data];
}
function light(c) {
  const [r, g, b] = c.slice(0, 3).map(v => v / 255).map(
    v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
function behind(e) {
  for (; e; e = e.parentElement) {
    const c = rgba(getComputedStyle(e).backgroundColor);
    if (c[3] === 255) return c;
  }
  return [255, 255, 255, 255];
}
const found = [];
const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walk.nextNode()) {
  const e = walk.currentNode.parentElement;
  if (!walk.currentNode.data.trim() || e.tagName === 'title') continue;
  const style = getComputedStyle(e);
  const ink = rgba(e.namespaceURI.endsWith('svg') ? style.fill : style.color);
  const a = light(ink), b = light(behind(e));
  found.push([(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05),
              e.getBoundingClientRect().height > 0
                ? parseFloat(style.fontSize) : 99,
              walk.currentNode.data.trim().slice(0, 40)]);
}
return found;
"""

# What sticks out of the window, and what is cut.
OVERFLOW = """
const root = document.documentElement, out = [];
for (const e of document.querySelectorAll('body *')) {
  const box = e.getBoundingClientRect();
  if (box.width && box.right > root.clientWidth + 0.5 && !e.closest('svg'))
    out.push(e.tagName + ' ' + e.className + ' ' + box.right);
}
return [root.scrollWidth, root.clientWidth, out.slice(0, 5)];
"""


class Browser:
    def __enter__(self):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        self.profile = os.path.join(WORK, "chromium")
        shutil.rmtree(self.profile, ignore_errors=True)
        self.driver = subprocess.Popen(
            ["chromedriver", "--port=%d" % self.port], cwd=WORK,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.session = ""
        until = time.monotonic() + 30
        while True:
            try:
                self.session = "/session/" + self.call("/session", {
                    "capabilities": {"alwaysMatch": {
                        "goog:loggingPrefs": {"browser": "ALL"},
                        "goog:chromeOptions": {"args": [
                            "--headless", "--no-sandbox", "--disable-gpu",
                            "--disable-dev-shm-usage", "--hide-scrollbars",
                            "--user-data-dir=" + self.profile]}}}})["sessionId"]
                return self
            except OSError:
                expect(time.monotonic() < until, "chromedriver does not start")
                time.sleep(0.1)

    def __exit__(self, *_):
        try:
            self.call("", method="DELETE")
        finally:
            self.driver.terminate()
            self.driver.wait()

    def call(self, path, body=None, method="POST"):
        request = urllib.request.Request(
            "http://127.0.0.1:%d%s%s" % (self.port, self.session, path),
            json.dumps(body or {}).encode() if method == "POST" else None,
            {"Content-Type": "application/json"}, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)["value"]

    def cdp(self, command, **params):
        return self.call("/goog/cdp/execute", {"cmd": command,
                                               "params": params})

    def run(self, script):
        return self.call("/execute/sync", {"script": script, "args": []})

    def show(self, path, width, scheme, media="screen"):
        self.cdp("Emulation.setDeviceMetricsOverride", width=width, height=900,
                 deviceScaleFactor=1, mobile=width < 600)
        self.cdp("Emulation.setEmulatedMedia", media=media, features=[
            {"name": "prefers-color-scheme", "value": scheme}])
        self.call("/url", {"url": "file://" + path})

    def picture(self, name):
        data = self.cdp("Page.captureScreenshot", format="png",
                        captureBeyondViewport=True)["data"]
        with open(os.path.join(WORK, name + ".png"), "wb") as f:
            f.write(base64.b64decode(data))


def page_of(name, change=None):
    db = fresh(name + ".db")
    if change:
        db.executescript(change)
    path = os.path.join(WORK, name + ".html")
    with open(path, "w", encoding="utf-8") as f:
        f.write(report(db))
    return path


def looks(path, name):
    with Browser() as b:
        for width in (360, 1280):
            for scheme in ("light", "dark"):
                what = "%s-%d-%s" % (name, width, scheme)
                b.show(path, width, scheme)
                b.run("for (const d of document.querySelectorAll('details')) "
                      "d.open = true;")
                b.picture(what)
                scroll, client, out = b.run(OVERFLOW)
                same(client, width, "the width of " + what)
                expect(scroll <= client and not out,
                       "%s: %d in %d: %s" % (what, scroll, client, out))
                texts = b.run(CONTRAST)
                expect(len(texts) > 100, "texts of " + what)
                low = [t for t in texts if t[0] < 4.5]
                expect(not low, "%s: low contrast: %s" % (what, low[:5]))
                page = b.run("return getComputedStyle(document.body)"
                             ".backgroundColor")
                dark = sum(map(int, page[4:-1].split(","))) < 384
                same(dark, scheme == "dark", what + " is dark")
                said = b.call("/se/log", {"type": "browser"})
                same(said, [], "the console of " + what)


@test
def it_looks_right_on_a_phone_and_a_desk_in_light_and_dark():
    looks(page_of("look"), "look")


@test
def long_words_and_large_numbers_fit():
    looks(page_of("wide", """
        UPDATE ordersync_syncs SET source = replace(hex(zeroblob(200)), '0',
          'W'), name = replace(hex(zeroblob(40)), '0', 'M')
          WHERE name = 'stock';
        UPDATE ordersync_runs SET sync = replace(hex(zeroblob(40)), '0', 'M'),
          error = replace(hex(zeroblob(300)), '0', 'x'),
          rows = rows * 1000000, rows_inserted = rows_inserted * 10000000,
          fetch_ms = fetch_ms * 50000 WHERE sync = 'stock';
        UPDATE ordersync_run_details SET message = replace(hex(zeroblob(300)),
          '0', 'y')"""), "wide")


@test
def hover_text_and_marks_are_where_the_pointer_is():
    early_in_the_hour()
    path = page_of("look")
    # The log's last run is a minute and a half old: in the hour before, maybe.
    hours, = connect("look.db").execute("""
        SELECT count(DISTINCT substr(started_at, 1, 13)) FROM ordersync_runs
        WHERE sync = 'stock'
          AND started_at >= strftime('%Y-%m-%d %H', 'now', '-23 hours')"""
                                        ).fetchone()
    expect(hours >= 23, "runs in %d hours" % hours)
    with Browser() as b:
        b.show(path, 1280, "light")
        got = b.run("""
            const chart = document.querySelector('svg.chart');
            const out = [];
            for (const g of chart.querySelectorAll('.hits path')) {
              const box = g.getBoundingClientRect();
              scrollTo(0, box.top + scrollY - 100);
              const at = g.getBoundingClientRect();
              const half = g.getScreenCTM().a * 308 / 24 / 2 - 1;
              out.push([[-half, 0, half].every(
                dx => document.elementFromPoint(
                  at.left + dx, at.top + at.height / 2) === g),
                half, at.height, g.firstElementChild.textContent]);
            }
            return out;""")
        same(len(got), hours, "bars")
        for hit, half, height, title in got:
            expect(hit and half > 6 and height > 100, "%s %s %s" %
                   (hit, half, height))
            expect(": 1 run" in title and ": 1 runs" not in title, title)


@test
def a_hostile_text_runs_nothing():
    bad = ("'</title></svg><script>document.title=1</script>"
           "<img src=x onerror=document.title=1>\"><style>*{display:none}'")
    path = page_of("hostile-look", """
        UPDATE ordersync_syncs SET source = {0};
        UPDATE ordersync_runs SET error = {0} WHERE error IS NOT NULL;
        UPDATE ordersync_run_details SET message = {0}""".format(bad))
    with Browser() as b:
        b.show(path, 1280, "light")
        same(b.run("return document.title"),
             "hostile-look.db: ordersync report", "the title")
        same(b.run("return document.querySelectorAll('img,script').length"), 0,
             "elements from a text")
        same(b.call("/se/log", {"type": "browser"}), [], "the console")


@test
def the_policy_holds():
    """Were something let through, the browser would still not run it."""
    path = page_of("policy")
    with open(path, encoding="utf-8") as f:
        html = f.read()
    with open(path, "w", encoding="utf-8") as f:
        f.write(html.replace("<main>", "<script>document.title='run'</script>"
                             "<img src='missing.png'><main>"))
    with Browser() as b:
        b.show(path, 1280, "light")
        expect(b.run("return document.title") != "run", "a script ran")
        said = " ".join(x["message"] for x in
                        b.call("/se/log", {"type": "browser"}))
        expect("script-src" in said and "img-src" in said or
               said.count("default-src") >= 2, "the console: " + said)


@test
def it_can_be_printed():
    path = page_of("look")
    with Browser() as b:
        b.show(path, 1280, "light", "print")
        b.picture("print")
        pdf = base64.b64decode(b.cdp("Page.printToPDF")["data"])
        expect(pdf.startswith(b"%PDF") and len(pdf) > 10000, "no PDF")


main("browser")
