-- What .load adds to a connection, and nothing to the file.
CREATE TEMP TABLE before AS SELECT name FROM pragma_function_list
UNION ALL SELECT name FROM pragma_module_list;
.load ./ordersync
SELECT name, narg, flags & 0x80000 <> 0 AS directonly FROM pragma_function_list
WHERE name NOT IN before ORDER BY name, narg;
SELECT name FROM pragma_module_list WHERE name NOT IN before ORDER BY name;
SELECT count(*) FROM sqlite_schema;
SELECT json_extract(ordersync_version(), '$.ordersync');
