'use strict';
// Node's tedious and libsql.
const { Connection, Request } = require('tedious');
const Database = require('libsql');

const env = (name) => process.env['BENCH_' + name];

function write(rows) {
  const target = new Database(env('TARGET'));
  target.exec('BEGIN IMMEDIATE');
  target.exec('DELETE FROM orders');
  const marks = Array(rows[0].length).fill('?').join(',');
  const insert = target.prepare(`INSERT INTO orders VALUES(${marks})`);
  for (const row of rows) insert.run(row);
  target.exec('COMMIT');
  target.close();
}

// What SQLite has no type for.
function plain(value) {
  if (value instanceof Date) return value.toISOString();
  if (typeof value === 'boolean') return value ? 1 : 0;
  return value;
}

const source = new Connection({
  server: env('HOST'),
  authentication: { type: 'default', options: { userName: env('USER'), password: env('PASSWORD') } },
  options: { port: +env('PORT'), database: env('DATABASE'), encrypt: false, requestTimeout: 0 },
});
source.connect((error) => {
  if (error) throw error;
  const rows = [];
  const request = new Request(env('QUERY'), (failure) => {
    if (failure) throw failure;
    write(rows);
    source.close();
  });
  request.on('row', (cells) => rows.push(cells.map((cell) => plain(cell.value))));
  source.execSqlBatch(request);
});
