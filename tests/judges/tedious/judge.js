'use strict';
// Node's tedious as a judge: full and login-only TLS, every type, parameters,
// prepared statements, transactions, errors, cancel.
const fs = require('fs');
const path = require('path');
const { Connection, Request, TYPES, ISOLATION_LEVEL } = require('tedious');

const work = process.env.JUDGE_DIR;
const ports = { plain: +process.env.JUDGE_PLAIN, tls: +process.env.JUDGE_TLS, login: +process.env.JUDGE_LOGIN,
  strict: +process.env.JUDGE_STRICT };

function check(name, good, why) {
  console.log(good ? `ok ${name}` : `not ok ${name}: ${why}`);
}

function connect(section, more = {}) {
  return new Promise((resolve, reject) => {
    const c = new Connection({
      server: 'localhost',
      authentication: { type: 'default', options: { userName: 'reader', password: more.password || 'secret' } },
      options: {
        port: ports[section],
        database: more.database || 'Sales',
        encrypt: more.encrypt ?? (section === 'strict' ? 'strict' : section === 'tls'),
        trustServerCertificate: more.trust ?? (section === 'plain' || section === 'login'),
        cryptoCredentialsDetails: { ca: fs.readFileSync(path.join(work, 'certs', more.ca || 'ca.pem')) },
        tdsVersion: more.tdsVersion || '7_4',
        useUTC: true,
        connectTimeout: 5000,
      },
    });
    c.on('error', () => {});
    c.connect((err) => (err ? reject(err) : resolve(c)));
  });
}

function query(c, sql, params = [], how = 'execSql') {
  return new Promise((resolve, reject) => {
    const rows = [];
    let columns = [];
    const r = new Request(sql, (err, count) => (err ? reject(err) : resolve({ rows, columns, count })));
    r.on('columnMetadata', (m) => (columns = m));
    r.on('row', (cells) => rows.push(cells.map((x) => x.value)));
    for (const [name, type, value, options] of params) r.addParameter(name, type, value, options);
    c[how](r);
  });
}

async function failure(promise) {
  try {
    await promise;
  } catch (e) {
    return e;
  }
  return {};
}

const pad = (n, w) => String(n).padStart(w, '0');

// A Date in UTC plus the part of it below a millisecond that tedious keeps.
function stamp(v, digits) {
  const fraction = Math.round(v.getUTCMilliseconds() * 1e4 + (v.nanosecondsDelta || 0) * 1e7);
  const text = pad(fraction, 7).slice(0, digits);
  return (
    `${pad(v.getUTCFullYear(), 4)}-${pad(v.getUTCMonth() + 1, 2)}-${pad(v.getUTCDate(), 2)} ` +
    `${pad(v.getUTCHours(), 2)}:${pad(v.getUTCMinutes(), 2)}:${pad(v.getUTCSeconds(), 2)}` +
    (digits ? `.${text}` : '')
  );
}

// tedious gives datetimeoffset as the UTC instant
function utcOf(text) {
  const m = /^(\S+) (\d\d:\d\d:\d\d)(\.\d+)? ([+-])(\d\d):(\d\d)$/.exec(text);
  const at = new Date(`${m[1]}T${m[2]}Z`);
  const minutes = (+m[5] * 60 + +m[6]) * (m[4] === '-' ? 1 : -1);
  return stamp(new Date(at.getTime() + minutes * 60000), 0) + (m[3] || '');
}

function same(column, want, got) {
  if (want === 'null') return got === null;
  if (got === null || got === undefined) return false;
  const at = want.indexOf(':');
  const kind = want.slice(0, at);
  let text = want.slice(at + 1);
  if (kind === 'hex') {
    if (column === 'c_binary') text = text.padEnd(8, '0');
    return Buffer.isBuffer(got) && got.toString('hex').toUpperCase() === text;
  }
  if (column === 'c_char' || column === 'c_nchar') return got === text + ' '.repeat(5 - [...text].length);
  if (column === 'c_date') return stamp(got, 0).slice(0, 10) === text;
  if (column.startsWith('c_time')) {
    const digits = column === 'c_time7' ? 7 : 0;
    return stamp(got, digits).slice(11) === text;
  }
  if (column === 'c_datetime') return stamp(got, 3) === text;
  if (column === 'c_smalldatetime' || column === 'c_dt2_0') return stamp(got, 0) === text;
  if (column === 'c_dt2_7') return stamp(got, 7) === text;
  if (column === 'c_dto0') return stamp(got, 0) === utcOf(text);
  if (column === 'c_dto7') return stamp(got, 7) === utcOf(text);
  if (typeof got === 'boolean') return got === (text === '1');
  if (column === 'c_real') return Math.fround(got) === Math.fround(+text);
  if (typeof got === 'number') {
    // numbers beyond a double's digits are rounded by JavaScript itself
    return Math.abs(got - +text) <= Math.abs(+text) * 1e-15;
  }
  return got === text;
}

async function types(section) {
  const want = {};
  for (const line of fs.readFileSync(path.join(work, 'expected.tsv'), 'utf8').split('\n')) {
    const [row, column, ...value] = line.split('\t');
    if (row) (want[row] ||= {})[column] = value.join('\t');
  }
  const c = await connect(section);
  const { rows, columns } = await query(c, 'SELECT * FROM every_type');
  check(`${section} rows`, rows.length === Object.keys(want).length, rows.length);
  for (const row of rows) {
    columns.forEach((m, i) => {
      if (m.colName === 'row') return;
      const w = want[row[0]][m.colName];
      check(`${section} ${row[0]} ${m.colName}`, same(m.colName, w, row[i]), `wanted ${w.slice(0, 60)}, got ${String(row[i]).slice(0, 60)}`);
    });
  }
  c.close();
}

async function parameters(c) {
  const now = new Date('2024-02-29T12:34:56.997Z');
  const tries = [
    ['int', TYPES.Int, -5, '-5'],
    ['bigint', TYPES.BigInt, '9223372036854775807', '9223372036854775807'],
    ['tinyint', TYPES.TinyInt, 255, '255'],
    ['smallint', TYPES.SmallInt, -32768, '-32768'],
    ['bit', TYPES.Bit, true, '1'],
    ['float', TYPES.Float, 2.5, '2.5'],
    ['real', TYPES.Real, 1.25, '1.25'],
    ['decimal', TYPES.Decimal, 123.45, '123.4500', { precision: 18, scale: 4 }],
    ['numeric', TYPES.Numeric, -1, '-1.00', { precision: 9, scale: 2 }],
    ['money', TYPES.Money, 12.34, '12.34'],
    ['nvarchar', TYPES.NVarChar, 'Łódź 😀', 'Łódź 😀'],
    ['long nvarchar', TYPES.NVarChar, 'x'.repeat(5000), 'x'.repeat(4000)],
    ['varchar', TYPES.VarChar, 'Grüße', 'Grüße'],
    ['nchar', TYPES.NChar, 'ab', 'ab', { length: 2 }],
    ['guid', TYPES.UniqueIdentifier, '6F9619FF-8B86-D011-B42D-00C04FC964FF', '6F9619FF-8B86-D011-B42D-00C04FC964FF'],
    ['date', TYPES.Date, now, '2024-02-29'],
    ['time', TYPES.Time, now, '12:34:56.997', { scale: 3 }],
    ['datetime2', TYPES.DateTime2, now, '2024-02-29 12:34:56.997', { scale: 3 }],
    ['datetimeoffset', TYPES.DateTimeOffset, now, '2024-02-29 12:34:56.997 +00:00', { scale: 3 }],
    ['smalldatetime', TYPES.SmallDateTime, new Date('2024-02-29T12:34:00Z'), 'Feb 29 2024 12:34PM'],
    ['null', TYPES.Int, null, null],
    ['empty', TYPES.NVarChar, '', ''],
  ];
  for (const [name, type, value, want, options] of tries) {
    const { rows } = await query(c, 'SELECT CAST(@p AS nvarchar(4000)) AS v', [['p', type, value, options]]);
    check(`parameter ${name}`, rows[0][0] === want, String(rows[0][0]).slice(0, 60));
  }
  const bin = await query(c, 'SELECT @p AS v', [['p', TYPES.VarBinary, Buffer.from([0, 255, 7])]]);
  check('parameter varbinary', bin.rows[0][0].equals(Buffer.from([0, 255, 7])), bin.rows[0][0]);
  const cmp = await query(c, 'SELECT COUNT(*) FROM many WHERE n BETWEEN @a AND @b', [['a', TYPES.Int, 10], ['b', TYPES.Int, 19]]);
  check('parameters in WHERE', cmp.rows[0][0] === 10, cmp.rows[0][0]);
}

function prepared(c) {
  return new Promise((resolve, reject) => {
    const seen = [];
    let round = 0;
    const r = new Request('SELECT n FROM many WHERE n = @n', (err) => {
      if (err) return reject(err);
      if (round++ === 0) return c.execute(r, { n: 41 });
      if (round === 2) return c.execute(r, { n: 42 });
      if (round === 3) return c.unprepare(r);
      return resolve(seen);
    });
    r.addParameter('n', TYPES.Int);
    r.on('row', (cells) => seen.push(cells[0].value));
    r.on('prepared', () => c.execute(r, { n: 41 }));
    round = 1;
    c.prepare(r);
  });
}

function transaction(c) {
  return new Promise((resolve, reject) => {
    c.beginTransaction((err) => {
      if (err) return reject(err);
      query(c, 'SELECT @@TRANCOUNT AS t')
        .then(({ rows }) => c.rollbackTransaction((e) => (e ? reject(e) : resolve(rows[0][0]))))
        .catch(reject);
    }, '', ISOLATION_LEVEL.READ_COMMITTED);
  });
}

async function main() {
  await types('plain');
  await types('tls');
  await types('login');
  await types('strict'); // TDS 8
  check('wrong password', /Login failed for user 'reader'/.test((await failure(connect('plain', { password: 'nonsense' }))).message), 'another message');
  check('unknown database', /4060|Cannot open database|Login failed/.test((await failure(connect('plain', { database: 'Nowhere' }))).message), 'another message');
  check('unknown CA refused', !!(await failure(connect('tls', { ca: 'other-ca.pem' }))).message, 'connected');
  check('TLS not supported', !!(await failure(connect('plain', { encrypt: true }))).message, 'connected');
  for (const v of ['7_1', '7_2', '7_3_A', '7_3_B']) {
    const c = await connect('plain', { tdsVersion: v });
    const { rows } = await query(c, "SELECT c_nvarchar, c_dec0, c_nmax FROM every_type WHERE [row] = 'max'");
    check(`TDS ${v}`, rows[0][2] === 'n'.repeat(5000), String(rows[0]).slice(0, 80));
    const down = await query(c, "SELECT c_dt2_7 AS d FROM every_type WHERE [row] = 'max'");
    const d = down.rows[0][0];
    check(`TDS ${v} datetime2`, v < '7_3' ? d === '9999-12-31 23:59:59.9999999' : d instanceof Date, d);
    c.close();
  }
  const c = await connect('tls');
  check('missing view', (await failure(query(c, 'SELECT * FROM dbo.vwNowhere'))).number === 208, 'another error');
  check('missing column', (await failure(query(c, 'SELECT nope FROM many'))).number === 207, 'another error');
  check('syntax', (await failure(query(c, 'SELECT n FROM many WHERE n = = 1', [], 'execSqlBatch'))).number === 102, 'another error');
  check('undeclared', (await failure(query(c, 'SELECT @x', [], 'execSqlBatch'))).number === 137, 'another error');
  const nn = await query(c, 'SELECT * FROM no_null');
  check('fixed-length types', String(nn.rows[0].slice(0, 9)) === '7,true,200,-300,5000000000,1.5,-2.25,12.34,-0.5', nn.rows[0]);
  const va = await query(c, 'SELECT v FROM variants ORDER BY id');
  check('variants', va.rows[0][0] === 42 && va.rows[1][0] === 'Zoë' && va.rows[2][0] === 12.3 && va.rows[4][0] === null && va.rows[5][0] === true, JSON.stringify(va.rows));
  await parameters(c);
  const many = await query(c, 'SELECT n, t FROM many');
  check('a long result', many.rows.length === 50000 && many.count === 50000, many.rows.length);
  const batch = await query(c, 'SELECT 1 AS a; SELECT 2 AS b', [], 'execSqlBatch');
  check('two results', String(batch.rows) === '1,2', batch.rows);
  check('prepared', String(await prepared(c)) === '41,42', 'other rows');
  check('transaction', (await transaction(c)) === 1, 'no transaction');
  const cancelled = new Promise((resolve) => {
    const r = new Request('SELECT a.n FROM many AS a CROSS JOIN many AS b', (err) => resolve(err));
    let seen = 0;
    r.on('row', () => { if (++seen === 10) c.cancel(); });
    c.execSqlBatch(r);
  });
  check('cancel mid-stream', ((await cancelled) || {}).code === 'ECANCEL', 'not cancelled');
  check('usable after it', (await query(c, 'SELECT 5 AS x')).rows[0][0] === 5, 'broken');
  const waiting = new Promise((resolve) => {
    const r = new Request("WAITFOR DELAY '00:00:20'", (err) => resolve(err));
    c.execSqlBatch(r);
    setTimeout(() => c.cancel(), 100);
  });
  const before = Date.now();
  check('cancel while waiting', ((await waiting) || {}).code === 'ECANCEL' && Date.now() - before < 3000, 'not cancelled');
  await new Promise((resolve) => c.reset(resolve));
  check('reset', (await query(c, 'SELECT 6 AS x')).rows[0][0] === 6, 'broken');
  c.close();
}

main().then(
  () => process.exit(0),
  (e) => {
    console.log(`not ok run: ${e.stack}`);
    process.exit(1);
  },
);
