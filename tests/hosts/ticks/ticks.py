"""How often a thread gets its turn while the main one refreshes:
ticks.py sqlite3|apsw"""
import importlib
import sys
import threading
import time

ticks = 0


def tick():
    global ticks
    while True:
        time.sleep(0.05)
        ticks += 1


module = importlib.import_module(sys.argv[1])
if module.__name__ == "apsw":
    db = module.Connection("orders.db")
    db.enableloadextension(True)
    db.loadextension("./ordersync")
else:
    db = module.connect("orders.db")
    db.enable_load_extension(True)
    db.load_extension("./ordersync")
threading.Thread(target=tick, daemon=True).start()
db.cursor().execute("SELECT ordersync_refresh()").fetchall()
print(ticks)
