-- The configuration, the run log and the status view. Embedded at build and
-- run by ordersync_install(); plain SQLite, readable without the extension. All
-- names have their database's: temp's come before main's, and what main lacks may
-- be another one's that is attached.

-- One row a sync: what is copied, from where, into which table. Where the
-- server is and who we are is a profile and never stands here.
CREATE TABLE IF NOT EXISTS main.ordersync_syncs(
  name TEXT PRIMARY KEY NOT NULL,
  profile TEXT NOT NULL DEFAULT 'default', -- section of ordersync.ini
  source TEXT NOT NULL,                    -- view, table or SELECT, in T-SQL
  filter TEXT,                             -- T-SQL predicate: plant = 8800
  target TEXT NOT NULL,                    -- local table
  mode TEXT NOT NULL DEFAULT 'replace',    -- replace, diff, append, merge
  key TEXT,                                -- target columns; not for replace
  batch_size INTEGER NOT NULL DEFAULT 500,
  on_missing TEXT NOT NULL DEFAULT 'error',  -- error, null
  on_bad_value TEXT NOT NULL DEFAULT 'null', -- null, error
  min_rows INTEGER,                        -- fewer fetched: refuse
  max_shrink_percent REAL,                 -- larger loss of rows: refuse
  retries INTEGER NOT NULL DEFAULT 3,      -- further tries, transient errors
  keep_days INTEGER DEFAULT 90,            -- age at which runs are forgotten
  keep_changes INTEGER NOT NULL DEFAULT 0, -- 1: rows that change are recorded
  -- Of append and merge: fetch only what is above the greatest value of this
  -- target column so far, less the overlap (units, or seconds); and each so
  -- manieth run everything.
  watermark TEXT,
  overlap REAL NOT NULL DEFAULT 0,
  full_every INTEGER,
  probe TEXT,                -- T-SQL, one value: if it is the same, do nothing
  -- Seconds since the last success, in ordersync_status:
  stale_after INTEGER NOT NULL DEFAULT 600,
  failing_after INTEGER NOT NULL DEFAULT 1800
);

-- One row a column: the explicit mapping.
CREATE TABLE IF NOT EXISTS main.ordersync_columns(
  sync TEXT NOT NULL,
  position INTEGER NOT NULL,
  source_column TEXT NOT NULL,
  target_column TEXT NOT NULL,
  kind TEXT NOT NULL DEFAULT 'raw',
  source_type TEXT,                        -- as the server last declared it
  PRIMARY KEY (sync, position)
);

-- How far a sync with a watermark or a probe has come: written together with
-- the rows. Deleting a row makes the sync's next run fetch everything.
CREATE TABLE IF NOT EXISTS main.ordersync_state(
  sync TEXT PRIMARY KEY NOT NULL,
  config TEXT,               -- a hash of the settings that this is true of
  watermark TEXT,            -- datetime2(7) 2025-03-01 12:34:56.1234567
  probe TEXT,                -- its answer, type and value, before the fetch
  since_full INTEGER NOT NULL DEFAULT 0, -- runs, where full_every is set
  rows INTEGER               -- in the target then
);

-- A sync that is deleted or renamed by hand takes its mapping along. No foreign
-- key: those are off by default. (REPLACE deletes a sync, and with it the
-- mapping, only under PRAGMA recursive_triggers; an UPDATE or an upsert never.)
DROP TRIGGER IF EXISTS main.ordersync_syncs_delete;
CREATE TRIGGER main.ordersync_syncs_delete AFTER DELETE ON ordersync_syncs BEGIN
  DELETE FROM ordersync_columns WHERE sync = old.name;
  DELETE FROM ordersync_state WHERE sync = old.name;
END;
DROP TRIGGER IF EXISTS main.ordersync_syncs_rename;
CREATE TRIGGER main.ordersync_syncs_rename
AFTER UPDATE OF name ON ordersync_syncs WHEN old.name <> new.name BEGIN
  UPDATE ordersync_columns SET sync = new.name WHERE sync = old.name;
  DELETE FROM ordersync_state WHERE sync = new.name;
  UPDATE ordersync_state SET sync = new.name WHERE sync = old.name;
END;

-- One row a run, also the failed and the skipped ones. A refresh that finds
-- nothing changed writes nothing else, twice: one page each time, so there is no
-- index to keep and no sequence. The newest rows are what is looked for, and
-- they are at the end.
CREATE TABLE IF NOT EXISTS main.ordersync_runs(
  id INTEGER PRIMARY KEY NOT NULL,
  sync TEXT NOT NULL,
  -- running, success, unchanged, skipped, error, cancelled, lost
  status TEXT NOT NULL,
  mode TEXT,
  dry_run INTEGER NOT NULL DEFAULT 0,
  started_at TEXT NOT NULL,  -- UTC, YYYY-MM-DD HH:MM:SS.fff
  finished_at TEXT,
  deadline_at TEXT,          -- a run still "running" after this has died
  attempts INTEGER NOT NULL DEFAULT 0,
  rows INTEGER,              -- rows in the target afterwards
  rows_inserted INTEGER,
  rows_updated INTEGER,
  rows_deleted INTEGER,
  warnings INTEGER NOT NULL DEFAULT 0,
  connect_ms INTEGER,
  fetch_ms INTEGER,
  apply_ms INTEGER,          -- how long the write lock was held
  error TEXT,                -- masked
  error_category TEXT,       -- config, auth, tls, network, timeout, ...
  error_number INTEGER,      -- SQL Server's message number
  pid INTEGER,
  duration_ms INTEGER        -- by a clock that nobody sets
);
-- What older versions called "interrupted" and "error".
UPDATE main.ordersync_runs SET status = 'lost', error_category = 'lost'
WHERE status = 'interrupted';
UPDATE main.ordersync_runs SET status = 'cancelled'
WHERE status = 'error' AND error_category = 'interrupt';

-- What happened in a run: one row a phase, a warning. None of a success that
-- changed nothing and warns of nothing.
CREATE TABLE IF NOT EXISTS main.ordersync_run_details(
  id INTEGER PRIMARY KEY NOT NULL,
  run_id INTEGER NOT NULL REFERENCES ordersync_runs(id) ON DELETE CASCADE,
  at TEXT NOT NULL,
  level TEXT NOT NULL,       -- INFO, WARN, ERROR
  phase TEXT NOT NULL,       -- config, lock, connect, columns, fetch, apply
  message TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS main.ordersync_run_details_by_run
  ON ordersync_run_details(run_id);

-- What the runs of syncs with keep_changes did: a row for each row that a run
-- inserted, updated or deleted, in the order in which that is to be replayed.
CREATE TABLE IF NOT EXISTS main.ordersync_changes(
  id INTEGER PRIMARY KEY NOT NULL,
  run INTEGER NOT NULL,      -- ordersync_runs.id
  sync TEXT NOT NULL,
  key TEXT NOT NULL,         -- JSON: {"column": value}
  kind TEXT NOT NULL,        -- inserted, updated, deleted
  changed TEXT NOT NULL      -- JSON: {"column": [old, new]}
);
CREATE INDEX IF NOT EXISTS main.ordersync_changes_by_run
  ON ordersync_changes(run);
-- By key, but a thousand changes at a time: those of a run are in a few of its
-- pages then, while in one index of all keys each would be in another page, as
-- large as the row itself, in the WAL.
CREATE INDEX IF NOT EXISTS main.ordersync_changes_by_part
  ON ordersync_changes(id >> 10, key);

-- The history of a row: one look into the index a thousand changes.
--   SELECT * FROM ordersync_history WHERE sync = ... AND key = ... ORDER BY id
DROP VIEW IF EXISTS main.ordersync_history;
CREATE VIEW main.ordersync_history AS
WITH RECURSIVE part(n) AS (
  SELECT min(id) >> 10 FROM ordersync_changes
  UNION ALL
  SELECT n + 1 FROM part
  WHERE n < (SELECT max(id) >> 10 FROM ordersync_changes)
)
SELECT c.id, c.run, r.finished_at, c.sync, c.key, c.kind, c.changed
FROM part CROSS JOIN ordersync_changes c ON c.id >> 10 = part.n
  LEFT JOIN ordersync_runs r ON r.id = c.run;

-- They go with their run, and are renamed with it. No foreign key, as above.
DROP TRIGGER IF EXISTS main.ordersync_runs_delete;
CREATE TRIGGER main.ordersync_runs_delete AFTER DELETE ON ordersync_runs BEGIN
  DELETE FROM ordersync_changes WHERE run = old.id;
END;
DROP TRIGGER IF EXISTS main.ordersync_runs_rename;
CREATE TRIGGER main.ordersync_runs_rename AFTER UPDATE OF sync ON ordersync_runs
WHEN old.sync <> new.sync BEGIN
  UPDATE ordersync_changes SET sync = new.sync WHERE run = new.id;
END;

-- How each sync stands. A success counts as synced until its age is
-- stale_after and as stale until failing_after, whichever is less; where they
-- are no numbers, which no refresh takes, it counts as failing. A run whose
-- process died (killed, power lost) is marked lost by the next run, and is no
-- longer shown as running once its deadline passed.
-- While a run is under way, no earlier one's error is shown.
-- A run that is dated in the future was so by a clock that was wrong, or is
-- now: nobody knows how old it is. A success counts as failing until the next
-- one, a run that never ended as none.
DROP VIEW IF EXISTS main.ordersync_status;
CREATE VIEW main.ordersync_status AS
WITH RECURSIVE
  -- The last success of each sync. At the end of the log, where a sync that works
  -- has it, and
  near AS (
    SELECT sync, max(id) AS id
    FROM (SELECT id, sync, status, dry_run FROM ordersync_runs
      ORDER BY id DESC LIMIT 1000)
    WHERE status IN ('success', 'unchanged') AND dry_run = 0 GROUP BY sync
  ),
  rest AS (
    SELECT name AS sync FROM ordersync_syncs
    WHERE name NOT IN (SELECT sync FROM near)
  ),
  -- of all others, in one walk backward: open are those that it has not met yet.
  -- ("+" keeps SQLite from making an index first.)
  walk(id, sync, open) AS (
    SELECT 9223372036854775807, NULL,
      (SELECT group_concat(',' || hex(sync) || ',', '') FROM rest)
    UNION ALL
    SELECT r.id, r.sync, replace(w.open, ',' || hex(r.sync) || ',', '')
    FROM walk w CROSS JOIN ordersync_runs r
    WHERE w.open <> '' AND r.id = (
      SELECT n.id FROM ordersync_runs n
      WHERE n.id <= w.id AND n.status IN ('success', 'unchanged')
        AND n.dry_run = 0 AND +n.sync IN (SELECT sync FROM rest)
        AND instr(w.open, ',' || hex(n.sync) || ',')
      ORDER BY n.id DESC LIMIT 1)
  ),
  done AS (
    SELECT s.name AS sync, coalesce(near.id, walk.id) AS id
    FROM ordersync_syncs s LEFT JOIN near ON near.sync = s.name
      LEFT JOIN walk ON walk.sync = s.name
  ),
  -- What came after that and was no success, in one walk as well.
  since AS (
    SELECT r.id, r.sync, r.status, r.dry_run,
      r.status = 'running' AS is_open,
      r.deadline_at < strftime('%Y-%m-%d %H:%M:%f', 'now') AS is_late,
      r.started_at > datetime('now', '+1 minute') AS is_ahead
    FROM ordersync_runs r CROSS JOIN done d ON d.sync = r.sync
    WHERE r.id > (SELECT min(coalesce(id, 0)) FROM done)
      AND r.status IN ('error', 'cancelled', 'lost', 'running')
      AND r.id > coalesce(d.id, 0)
  ),
  bad AS (
    SELECT sync, count(*) AS failures, max(id) AS id FROM since
    WHERE dry_run = 0 AND (status IN ('error', 'cancelled', 'lost')
                           OR (is_open AND is_late))
    GROUP BY sync
  ),
  busy AS (
    SELECT DISTINCT sync FROM since WHERE is_open AND NOT is_late AND NOT is_ahead
  ),
  state AS (
    SELECT
      s.name AS sync,
      ok.finished_at AS last_success,
      ok.finished_at > datetime('now', '+1 minute') AS is_ahead,
      -- The clock may have been set back a little since.
      max(0, CAST(strftime('%s', 'now') AS INTEGER)
        - CAST(strftime('%s', ok.finished_at) AS INTEGER)) AS age_seconds,
      ok.rows AS rows,
      coalesce(ok.duration_ms,
        max(0, CAST(round((julianday(ok.finished_at)
          - julianday(ok.started_at)) * 86400000) AS INTEGER))) AS duration_ms,
      coalesce(bad.failures, 0) AS consecutive_failures,
      CASE WHEN bad.id IS NOT NULL AND busy.sync IS NULL THEN
        coalesce(worst.error, 'the run never finished: its process died, or could not write this log')
      END AS last_error,
      busy.sync IS NOT NULL AS is_running,
      CAST(s.stale_after AS INTEGER) AS stale_after,
      CAST(s.failing_after AS INTEGER) AS failing_after
    FROM ordersync_syncs s
      LEFT JOIN done ON done.sync = s.name
      LEFT JOIN ordersync_runs ok ON ok.id = done.id
      LEFT JOIN bad ON bad.sync = s.name
      LEFT JOIN ordersync_runs worst ON worst.id = bad.id
      LEFT JOIN busy ON busy.sync = s.name
  )
SELECT
  sync,
  CASE
    WHEN is_running THEN 'running'
    WHEN last_success IS NULL AND consecutive_failures = 0 THEN 'never'
    WHEN last_success IS NULL OR is_ahead THEN 'failing'
    WHEN age_seconds <= min(stale_after, failing_after) THEN 'synced'
    WHEN age_seconds <= failing_after THEN 'stale'
    ELSE 'failing'
  END AS state,
  last_success,
  iif(is_ahead, NULL, age_seconds) AS age_seconds,
  rows,
  duration_ms,
  consecutive_failures,
  coalesce(last_error, iif(is_ahead AND NOT is_running, 'the last success is dated in the future: the clock was wrong then, or is now', NULL)) AS last_error
FROM state;
