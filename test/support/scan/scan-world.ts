import 'reflect-metadata';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { createLogger } from '../../../common/runtime/logger';
import { MediaType } from '../../../common/oci/media-types';
import { SealedBox } from '../../../common/security/sealed-box';
import { readControlPlaneConfig } from '../../../control-plane/src/config';
import { Database } from '../../../control-plane/src/db/database';
import { Scanning } from '../../../control-plane/src/scan/worker/scanning';
import { createStores, type Stores } from '../../../control-plane/src/stores';
import type { AdmitManifestRequest } from '../../../proto/gen/layover/v1/AdmitManifestRequest';
import type { JudgeImageReply__Output } from '../../../proto/gen/layover/v1/JudgeImageReply';
import type { ManifestReference } from '../../../proto/gen/layover/v1/ManifestReference';
import type { ScanRow } from '../../../schema/scan-tables';
import { Table } from '../../../schema/tables';
import { digest, type TestRepository } from '../control-plane/builders';
import { CacheWorld } from '../control-plane/cache-world';
import { TestClock } from '../test-clock';
import { FakeClair } from '../fake-clair';
import { LayerServer } from './layer-server';

/** The secret of the webhook in tests. */
export const WEBHOOK_TOKEN = 'webhook-token-0123456789';
const SCAN = `scan { state queuedAt startedAt finishedAt reportedAt nextAttemptAt indexerState attempts error
  summary { total fixable critical high medium low negligible unknown highest } }`;

/** A scan as GraphQL shows it. */
export interface ShownScan {
  readonly state: string;
  readonly queuedAt: string | null;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
  readonly reportedAt: string | null;
  readonly nextAttemptAt: string | null;
  readonly indexerState: string | null;
  readonly attempts: number;
  readonly error: string | null;
  readonly summary: Readonly<Record<string, number | string | null>>;
}

/** Another process that scans: with connections of its own. */
export interface ScanProcess {
  readonly scanning: Scanning;
  readonly database: Database;
  readonly stores: Stores;
}

/**
 * A control plane with a Clair, and a process beside it that scans when a test says so. By itself nothing happens (the clock calls nobody back), but for
 * what is asked for through the Catalog or GraphQL.
 */
export class ScanWorld {
  readonly processes: ScanProcess[] = [];

  private constructor(
    readonly cache: CacheWorld,
    readonly clair: FakeClair,
    readonly edge: LayerServer,
    private readonly environment: Record<string, string>,
  ) {}

  static async start(
    environment: Record<string, string> = {},
    clock: TestClock = TestClock.withoutTimers(),
  ): Promise<ScanWorld> {
    const clair = await FakeClair.start();
    clair.psk = randomBytes(32);
    clair.now = () => new Date(clock.now());
    const world: { it?: ScanWorld } = {};
    const edge = await LayerServer.start(
      async () => {
        const { database, stores } = world.it!.first;
        return new Map((await stores.tokenKeys.read(database.reader)).map(({ id, secret }) => [id, secret]));
      },
      () => clock.now(),
    );
    const all = {
      LAYOVER_MASTER_KEY: randomBytes(32).toString('base64'),
      LAYOVER_CLAIR_URL: clair.url,
      LAYOVER_CLAIR_PSK: Buffer.from(clair.psk).toString('base64'),
      LAYOVER_CLAIR_WEBHOOK_TOKEN: WEBHOOK_TOKEN,
      LAYOVER_SCAN_EDGE_URL: edge.url,
      LAYOVER_FEATURE_SCANNING: '1',
      ...environment,
    };
    const cache = await CacheWorld.start(all, clock);
    world.it = new ScanWorld(cache, clair, edge, all);
    world.it.another();
    return world.it;
  }

  /** The process that {@link work} and {@link chores} are of. */
  get first(): ScanProcess {
    return this.processes[0]!;
  }

  get clock(): TestClock {
    return this.cache.plane.clock;
  }

  /** One more process that scans. */
  another(): ScanProcess {
    const { plane } = this.cache;
    const config = readControlPlaneConfig({
      LAYOVER_HOME: plane.home,
      LAYOVER_DATABASE_URL:
        plane.databaseUrl === '' ? `sqlite:${join(plane.home, 'layover.sqlite')}` : plane.databaseUrl,
      ...this.environment,
    });
    const log = createLogger('scan', 'silent');
    const database = Database.open(config.database, log);
    const stores = createStores(new SealedBox('token-keys', config.masterKey!, []), config.forced, { hasClair: true });
    const scanning = new Scanning({
      database,
      stores,
      config: config.scan!,
      clock: this.clock,
      log,
      random: () => 0.5,
    });
    const made = { scanning, database, stores };
    this.processes.push(made);
    return made;
  }

  async remove(): Promise<void> {
    for (const { scanning, database } of this.processes) {
      await scanning.start()();
      await database.close();
    }
    await this.cache.remove();
    await this.clair.stop();
    await this.edge.stop();
  }

  /** Admits an image with these layers of a tar archive; its blobs are not there yet. */
  async admit(
    repository: TestRepository,
    name: string,
    layers: readonly string[],
    more: Partial<AdmitManifestRequest> = {},
  ): Promise<void> {
    const references = [imageConfig(`${name} config`), ...layers.map((layer, at) => imageLayer(layer, at))];
    const { decision } = await this.cache.admit(repository, name, {}, { references, tag: name, ...more });
    if (decision !== 'ADMITTED') throw new Error(`${name} was not admitted: ${decision}`);
  }

  /** Blobs are in the store, and at the edge. */
  async arrive(repository: TestRepository, ...names: readonly string[]): Promise<void> {
    for (const name of names) this.edge.put(name);
    await this.cache.arrive(repository, Object.fromEntries(names.map((name) => [name, name.length])));
  }

  /** An image that is whole in the cache. */
  async image(repository: TestRepository, name: string, layers: readonly string[] = [`${name} layer`]): Promise<void> {
    await this.admit(repository, name, layers);
    await this.arrive(repository, `${name} config`, ...layers);
  }

  /** The first process does what is due, until nothing is, whoever does it. */
  async work(): Promise<void> {
    const { worker } = this.first.scanning;
    for (;;) {
      await worker.look();
      await worker.idle();
      // What ends makes room: whoever came next has begun by now.
      await worker.look();
      if (worker.busy > 0) continue;
      const claimed = await this.first.database.reader(Table.scans).whereNotNull('worker').first('digest');
      if (claimed === undefined) return;
      // Another process has something in hand, of which this one hears nothing.
      await new Promise((resume) => setTimeout(resume, 5));
    }
  }

  /** The first process does what is done now and then. */
  async chores(): Promise<void> {
    await this.first.scanning.chores.round();
    await this.work();
  }

  /** Moves the clock on, and does what is due then. */
  async later(ms: number): Promise<void> {
    this.clock.advance(ms);
    await this.work();
  }

  /** The row of an image; undefined = there is none. */
  async row(name: string): Promise<ScanRow | undefined> {
    return this.first.database.reader<ScanRow>(Table.scans).where('digest', digest(name)).first<ScanRow | undefined>();
  }

  /** The scan of a manifest in acme's library/app. */
  async scan(name: string, organization = 'acme', repository = 'library/app'): Promise<ShownScan | null> {
    const found = await this.cache.plane.ask<{ manifest: { scan: ShownScan | null } | null }>(
      `query ($o: String!, $r: String!, $d: Digest!) { manifest(organization: $o, repository: $r, digest: $d) { ${SCAN} } }`,
      { o: organization, r: repository, d: digest(name) },
    );
    return found.manifest?.scan ?? null;
  }

  /** What the gate says. */
  judge(repository: TestRepository, name: string, waitMs = 0): Promise<JudgeImageReply__Output> {
    const request = { repository, digest: digest(name), waitMs, requestId: 'request-1' };
    return this.cache.plane.catalog.call('JudgeImage', request);
  }
}

/** A reference to a layer of an image. */
export function imageLayer(
  name: string,
  position = 0,
  mediaType = 'application/vnd.oci.image.layer.v1.tar+gzip',
): ManifestReference {
  return { role: 'LAYER', position, descriptor: { mediaType, digest: digest(name), size: name.length } };
}

/** A reference to the config of an image. */
export function imageConfig(name: string): ManifestReference {
  const mediaType = 'application/vnd.oci.image.config.v1+json';
  return { role: 'CONFIG', position: 0, descriptor: { mediaType, digest: digest(name), size: name.length } };
}

/** The manifest of an index. */
export function indexManifest(name: string): NonNullable<AdmitManifestRequest['manifest']> {
  return { mediaType: MediaType.ociIndex, digest: digest(name), size: 100 };
}
