// How often a timer gets its turn while this process refreshes:
// node ticks.cjs better-sqlite3|libsql|sqlite3|node:sqlite|bun:sqlite
const { createRequire } = require('node:module')
const load = createRequire(process.cwd() + '/')
const name = process.argv[2]
const REFRESH = 'SELECT ordersync_refresh()'
let ticks = 0

function refreshed(error) {
  if (error) throw error
  console.log(ticks)
  process.exit()
}

if (name === 'sqlite3') {
  const db = new (load(name).Database)('orders.db')
  db.loadExtension('./ordersync', error => {
    if (error) throw error
    setInterval(() => ticks++, 50)
    db.get(REFRESH, refreshed)
  })
} else {
  const module_ = load(name)
  const Database = module_.DatabaseSync || module_.Database || module_
  const db = new Database('orders.db', name === 'node:sqlite' ? { allowExtension: true } : {})
  db.loadExtension('./ordersync')
  setInterval(() => ticks++, 50)
  db.prepare(REFRESH).get()
  refreshed()
}
