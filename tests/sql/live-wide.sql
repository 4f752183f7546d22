-- Columns on both sides of the 63 that colUsed can tell apart.
.load ./ordersync
.shell for n in 1 62 63 64 65 200 1000; do c=$(for i in $(seq $n); do printf '%s c%d int' "$([ $i -gt 1 ] && echo ,)" $i; done); v=$(for i in $(seq $n); do printf '%s%d' "$([ $i -gt 1 ] && echo ,)" $i; done); change "CREATE TABLE w$n($c); INSERT INTO w$n VALUES($v)"; done
CREATE VIRTUAL TABLE temp.w1 USING ordersync(source='w1');
CREATE VIRTUAL TABLE temp.w62 USING ordersync(source='w62');
CREATE VIRTUAL TABLE temp.w63 USING ordersync(source='w63');
CREATE VIRTUAL TABLE temp.w64 USING ordersync(source='w64');
CREATE VIRTUAL TABLE temp.w65 USING ordersync(source='w65');
CREATE VIRTUAL TABLE temp.w200 USING ordersync(source='w200');
CREATE VIRTUAL TABLE temp.w1000 USING ordersync(source='w1000');
.shell sent > /dev/null
SELECT c1 FROM w1 WHERE c1 = 1;
SELECT c1, c62 FROM w62 WHERE c62 = 62;
SELECT c62, c63 FROM w63 WHERE c63 = 63;
SELECT c63, c64 FROM w64 WHERE c64 = 64;
SELECT c63 FROM w65;
SELECT c64, c65 FROM w65 WHERE c65 > 64;
SELECT c2, c200 FROM w200 WHERE c199 = 199;
SELECT c1, c1000 FROM w1000 WHERE c1000 = 1000 AND c999 = 999;
SELECT count(*) FROM w1000;
.shell sent | cut -c1-100
SELECT sum(c1) + sum(c500) + sum(c1000) FROM (SELECT * FROM w1000);
