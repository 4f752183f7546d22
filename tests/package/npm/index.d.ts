/** What load() needs: better-sqlite3, node:sqlite and node-sqlite3 have it. */
export interface Loader {
  loadExtension(file: string, callback?: (error: Error | null) => void): unknown;
}

/** The path of ordersync.so in this package. */
export declare function getLoadablePath(): string;

/**
 * Loads ordersync into a connection. node-sqlite3 loads asynchronously and
 * reports to the callback; the others return when it is loaded, or throw.
 */
export declare function load(
  db: Loader,
  callback?: (error: Error | null) => void,
): void;
