-- One row a step; what cannot be reached is NULL.
.load ./ordersync
.nullvalue NULL
SELECT step, ok FROM ordersync_check;
SELECT ordersync_install();
SELECT step, ok FROM ordersync_check;
SELECT detail FROM ordersync_check WHERE step IN ('config', 'columns', 'permission', 'login', 'isolation');
UPDATE ordersync_syncs SET source = 'dbo.gone';
SELECT step, ok, detail FROM ordersync_check('open_orders') WHERE step IN ('permission', 'columns');
-- Nothing in a row commands a terminal or forges a row.
UPDATE ordersync_syncs SET source = 'dbo.[go' || char(10, 27, 8238) || 'ne]';
SELECT detail FROM ordersync_check WHERE step = 'config';
SELECT step, ok, detail FROM ordersync_check('nope') WHERE step = 'config';
.shell profile 'password=not it'
SELECT step, ok FROM ordersync_check WHERE step IN ('tcp', 'login', 'permission');
.shell server stop
SELECT step, ok FROM ordersync_check;
SELECT count(*) FROM ordersync_runs;
