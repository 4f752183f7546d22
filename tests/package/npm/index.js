'use strict';
/*
** Loads ordersync into better-sqlite3, node:sqlite or sqlite3 (node-sqlite3).
**
**   const ordersync = require('ordersync');
**   ordersync.load(db);
*/
const path = require('node:path');

const PACKAGES =
  'libgnutls30 libinih1 libnettle8 libhogweed6 libgmp10';

/* The file that loadExtension() takes. */
function getLoadablePath() {
  return path.join(__dirname, 'ordersync.so');
}

/* An error that says what to install where a library is not there. */
function explained(error) {
  const text = error.message;
  let hint;
  if (/: cannot open shared object file/.test(text)) {
    hint = `a library that it needs is not here: apt-get install ${PACKAGES}`;
  } else if (/GLIBC_|version `/.test(text)) {
    hint = 'it was built for a newer system: build the package on this one';
  } else if (/not authorized|not allowed|disabled/i.test(text)) {
    hint = 'node:sqlite: new DatabaseSync(file, { allowExtension: true })';
  } else {
    return error;
  }
  return new Error(`ordersync cannot be loaded: ${text} (${hint})`,
                   { cause: error });
}

/*
** SQLite tries a name as it is and then with ".so", and reports the second:
** given without it, the message is of the real file. node-sqlite3 loads in a
** thread of its own, in the order of its other statements, and calls back.
*/
function load(db, callback) {
  const name = getLoadablePath().slice(0, -'.so'.length);
  if (typeof callback === 'function') {
    return db.loadExtension(name, (e) => callback(e ? explained(e) : null));
  }
  try {
    db.loadExtension(name);
  } catch (e) {
    throw explained(e);
  }
}

module.exports = { getLoadablePath, load };
