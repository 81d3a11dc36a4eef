import { startFakeGcs } from '../../support/fake-gcs';
import { MARIADB } from '../../support/mysql-server/mariadb';
import { MysqlServer } from '../../support/mysql-server/mysql-server';
import { freePort } from '../../support/real/free-port';
import type { Relay } from '../relay/relay';
import type { Place } from './place';
import { issuePlaneCertificates } from './plane-certificates';
import { addRelay, type Arrangement, type ArrangementParts, hostOf, loopback, relayPort } from './arrangement';

/** Programs that the world `hosts` needs. */
export const HOSTS_PROGRAMS: readonly string[] = [...MARIADB.programs, 'openssl'];

const BUCKET = 'layover-chaos';

/** Arranges the planes as on several hosts: mutual TLS, the byte channel, MariaDB and a bucket. */
export async function arrangeHosts(parts: ArrangementParts): Promise<Arrangement> {
  const tls = await issuePlaneCertificates(parts.folder);
  const database = await MysqlServer.start(MARIADB);
  parts.atEnd(() => database.remove());
  await database.execute('CREATE DATABASE layover');
  const bucket = await startFakeGcs(BUCKET);
  parts.atEnd(() => bucket.close());

  const [data, bytes, catalog] = [await freePort(), await freePort(), await freePort()];
  const same = (port: number) => ({ listen: relayPort(port), target: loopback(port) });
  const to = (port: number) => ({ listen: relayPort(0), target: loopback(port) });
  const relays = new Map<Place, Relay>([
    ['edge-data-tls', await addRelay(parts, [same(data), same(bytes)])],
    ['data-control-tls', await addRelay(parts, [same(catalog)])],
    ['data-bucket', await addRelay(parts, [to(Number(new URL(bucket.origin).port))])],
    ['control-database', await addRelay(parts, [to(database.port)])],
  ]);
  const at = (place: Place): string => hostOf(relays.get(place)!.addresses[0]!);
  const direct = { LAYOVER_DATA_PLANES: hostOf(loopback(data)) };
  return {
    relays,
    organization: {},
    env: {
      'edge-http': { ...tls['edge-http'], LAYOVER_DATA_PLANES: at('edge-data-tls') },
      'data-plane': {
        ...tls['data-plane'],
        LAYOVER_DATA_LISTEN: hostOf(loopback(data)),
        LAYOVER_DATA_BYTES_LISTEN: hostOf(loopback(bytes)),
        LAYOVER_CATALOG: at('data-control-tls'),
        LAYOVER_BLOB_STORE: `gs://${BUCKET}`,
        STORAGE_EMULATOR_HOST: `http://${at('data-bucket')}`,
        // Every read of a blob goes to the bucket.
        LAYOVER_LOCAL_CACHE_BYTES: '0',
      },
      'control-plane': {
        ...tls['control-plane'],
        ...direct,
        LAYOVER_CATALOG_LISTEN: hostOf(loopback(catalog)),
        LAYOVER_DATABASE_URL: `mysql://root@${at('control-database')}/layover`,
      },
    },
    fsckEnv: { LAYOVER_DATABASE_URL: `${database.url}/layover` },
  };
}
