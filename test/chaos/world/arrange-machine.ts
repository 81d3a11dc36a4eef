import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Relay } from '../relay/relay';
import type { Place } from './place';
import {
  addRelay,
  type Arrangement,
  type ArrangementParts,
  hostOf,
  loopback,
  relayPort,
  socketsOf,
} from './arrangement';

/** Arranges the planes on one machine: Unix sockets, local files, SQLite, blobs in a folder. */
export async function arrangeMachine(parts: ArrangementParts): Promise<Arrangement> {
  const { data, catalog } = socketsOf(parts.folder);
  const folder = data.kind === 'unix' ? dirname(data.path) : parts.folder;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const socket = (name: string) => ({ kind: 'unix', path: join(folder, name) }) as const;
  const relays = new Map<Place, Relay>([
    ['client-edge', await addRelay(parts, [{ listen: relayPort(0), target: loopback(parts.edgePort) }])],
    ['edge-data', await addRelay(parts, [{ listen: socket('relay-data.sock'), target: data }])],
    ['data-upstream', await addRelay(parts, [{ listen: relayPort(0), target: loopback(parts.upstreamPort) }])],
    ['data-control', await addRelay(parts, [{ listen: socket('relay-catalog.sock'), target: catalog }])],
  ]);
  return {
    relays,
    organization: {},
    env: {
      'edge-http': { LAYOVER_DATA_PLANES: hostOf(socket('relay-data.sock')), LAYOVER_LOCAL_DELIVERY: 'on' },
      'data-plane': { LAYOVER_CATALOG: hostOf(socket('relay-catalog.sock')) },
      'control-plane': {},
    },
  };
}
