-- A profile that cannot work says where and why.
.load ./ordersync
SELECT ordersync_install();
.shell profile 'pasword=x'
SELECT ordersync_refresh();
.shell profile pasword= port=99999
SELECT ordersync_refresh();
.shell profile port=1433 encrypt=maybe
SELECT ordersync_refresh();
.shell profile encrypt= user=
SELECT ordersync_refresh();
.shell profile user=orders_reader; chmod 644 ordersync.ini
SELECT ordersync_refresh();
.shell chmod 600 ordersync.ini; rm ordersync.ini
SELECT ordersync_refresh();
SELECT count(*) FROM ordersync_runs WHERE status = 'error' AND error_category = 'profile';
