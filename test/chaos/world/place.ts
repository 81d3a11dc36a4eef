/** The ways to run Layover. Each world has relays at its own places. */
export type WorldKind = 'machine' | 'hosts' | 'scans';

/**
 * The places at which faults happen, each between two parts.
 *
 * - `machine`: the planes on one machine, as `npm start` runs them: Unix sockets, local files,
 *   SQLite, blobs in a folder.
 * - `hosts`: the planes as on several hosts: TCP with mutual TLS, the byte channel, MariaDB and a
 *   bucket.
 * - `scans`: as `machine`, with Clair. Pulls wait for the scan of their image.
 */
export const PLACES = {
  'client-edge': { world: 'machine', between: 'client and edge' },
  'edge-data': { world: 'machine', between: 'edge and data plane, over a Unix socket' },
  'data-upstream': { world: 'machine', between: 'data plane and upstream' },
  'data-control': { world: 'machine', between: 'data plane and control plane, over a Unix socket' },
  'edge-data-tls': { world: 'hosts', between: 'edge and data plane, over TCP with TLS' },
  'data-control-tls': { world: 'hosts', between: 'data plane and control plane, over TCP with TLS' },
  'data-bucket': { world: 'hosts', between: 'data plane and bucket' },
  'control-database': { world: 'hosts', between: 'control plane and MariaDB' },
  'control-clair': { world: 'scans', between: 'control plane and Clair' },
} as const satisfies Readonly<Record<string, { readonly world: WorldKind; readonly between: string }>>;

/** The name of a place. */
export type Place = keyof typeof PLACES;

/** All places, in the order of the table. */
export const PLACE_NAMES = Object.keys(PLACES) as readonly Place[];
