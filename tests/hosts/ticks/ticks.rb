# How often a thread gets its turn while the main one refreshes.
require "sqlite3"
db = SQLite3::Database.new("orders.db")
db.enable_load_extension(true)
db.load_extension("./ordersync")
ticks = 0
Thread.new { loop { sleep 0.05; ticks += 1 } }
sleep 0.2
before = ticks
db.get_first_value("SELECT ordersync_refresh()")
puts ticks - before
