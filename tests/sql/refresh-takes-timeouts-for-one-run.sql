-- query_timeout and login_timeout in the options, for this run only; the message
-- says which of them ended it.
.load ./ordersync
SELECT ordersync_install();
SELECT ordersync_refresh('open_orders', '{"query_timeout": 0}');
SELECT ordersync_refresh('open_orders', '{"query_timeout": 86401}');
SELECT ordersync_refresh('open_orders', '{"login_timeout": 601}');
SELECT ordersync_refresh('open_orders', '{"login_timeout": "soon"}');
SELECT ordersync_add('c', 'sales.vwOther', '{"query_timeout": null}');
SELECT ordersync_refresh('open_orders', '{"query_timeout": 86400, "login_timeout": 600, "retries": 0}');
.shell fault 'when=batch match=[soldTo] after_rows=3 do=hang'
SELECT ordersync_refresh('open_orders', '{"query_timeout": 5, "retries": 0}');
.shell fault 'when=batch match=TOP do=hang'
SELECT ordersync_add('c', 'sales.vwOther', '{"query_timeout": 5}');
.shell fault 'when=accept do=hang'
SELECT ordersync_refresh('open_orders', '{"login_timeout": 4, "retries": 0}');
SELECT ordersync_refresh('open_orders', '{"query_timeout": 4, "retries": 0}');
SELECT ordersync_add('c', 'sales.vwOther', '{"login_timeout": 4}');
.shell fault
-- Longer than the profile allows.
.shell profile query_timeout=5
.shell fault 'when=batch match=[soldTo] after_rows=3 do=hang'
SELECT ordersync_refresh('open_orders', '{"retries": 0}');
.shell profile query_timeout=1
.shell fault 'when=batch match=[soldTo] after_rows=3 do=delay:1500'
SELECT ordersync_refresh('open_orders', '{"query_timeout": 20}');
.shell fault
SELECT ordersync_add('c', 'sales.vwOther', '{"query_timeout": 20, "retries": 1}');
SELECT retries FROM ordersync_syncs WHERE name = 'c';
-- Which of them was the run's; not to the second, for it begins before it reads.
SELECT status, error_category, CAST((julianday(deadline_at) - julianday(started_at)) * 86400 / 10 AS INT) * 10 FROM ordersync_runs ORDER BY id;
