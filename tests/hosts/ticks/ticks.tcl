# How often a timer gets its turn while this program refreshes.
package require sqlite3
sqlite3 db orders.db
db enable_load_extension 1
db eval {SELECT load_extension('./ordersync')}
set ticks 0
proc tick {} { incr ::ticks; after 50 tick }
after 50 tick
db eval {SELECT ordersync_refresh()}
puts $ticks
