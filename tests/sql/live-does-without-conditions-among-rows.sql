-- A condition may be refused only when a row comes to it: the rest is asked for
-- without, and no row comes twice.
.load ./ordersync
SELECT ordersync_install();
SELECT ordersync_refresh();
SELECT count(*) FROM open_orders WHERE plant >= 8810;
SELECT count(*) FROM ordersync WHERE plant = 1;
.shell sent >/dev/null
.shell fault 'when=batch match=WHERE after_rows=0 do=error:245:16:Conversion failed'
SELECT count(*) FROM ordersync WHERE plant >= 8810;
.shell fault 'when=batch match=WHERE after_rows=3 do=error:245:16:Conversion failed'
SELECT count(*) FROM ordersync WHERE plant >= 8810;
.shell sent
SELECT sales_doc, item_number FROM ordersync WHERE plant >= 8810
EXCEPT SELECT sales_doc, item_number FROM open_orders WHERE plant >= 8810;
-- Rows that are alike are counted, not lost.
SELECT plant, count(*) FROM (SELECT plant FROM ordersync WHERE plant >= 8810) GROUP BY 1;
SELECT plant, count(*) FROM open_orders WHERE plant >= 8810 GROUP BY 1;
-- In order, and with LIMIT.
SELECT plant, item_number FROM ordersync WHERE plant >= 8810 ORDER BY plant, item_number LIMIT 4;
SELECT plant, item_number FROM open_orders WHERE plant >= 8810 ORDER BY plant, item_number LIMIT 4;
-- A right that is missing is no reason to ask for more.
.shell fault 'when=batch match=WHERE after_rows=3 do=error:230:14:The SELECT permission was denied'
SELECT count(*) FROM ordersync WHERE plant >= 8810;
-- Without conditions there is nothing to do without: it is not asked for again.
.shell fault 'when=batch match=salesDoc after_rows=3 do=error:245:16:Conversion failed'
SELECT count(sales_doc) FROM ordersync;
-- A LIMIT is one.
.shell fault 'when=batch match=TOP do=error:156:15:Incorrect syntax'
.shell sent >/dev/null
SELECT count(*) FROM (SELECT sales_doc FROM ordersync LIMIT 2);
.shell sent
