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
import { PLANE_SECRET } from '../plane-secret';

/** The token of the webhook in tests. */
export const WEBHOOK_TOKEN = 'webhook-token-0123456789';
const SCAN = `scan { state queuedAt startedAt finishedAt reportedAt nextAttemptAt indexerState attempts error
  summary { total fixable critical high medium low negligible unknown highest } }`;

/** A scan as GraphQL returns it. */
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

/** Another process that scans, with its own database connections. */
export interface ScanProcess {
  readonly scanning: Scanning;
  readonly database: Database;
  readonly stores: Stores;
}

/**
 * A control plane with a fake Clair, and a second process that scans when a test tells it to. Apart
 * from calls of the Catalog and GraphQL, nothing happens by itself, because the clock calls no
 * timers.
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

  /** The process that {@link work} and {@link chores} use. */
  get first(): ScanProcess {
    return this.processes[0]!;
  }

  get clock(): TestClock {
    return this.cache.plane.clock;
  }

  /** Adds another process that scans. */
  another(): ScanProcess {
    const { plane } = this.cache;
    const config = readControlPlaneConfig({
      LAYOVER_HOME: plane.home,
      LAYOVER_PLANE_SECRET: PLANE_SECRET,
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

  /** Admits an image with these tar layers. Its blobs have not arrived. */
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

  /** Reports blobs as stored, and adds them to the edge. */
  async arrive(repository: TestRepository, ...names: readonly string[]): Promise<void> {
    for (const name of names) this.edge.put(name);
    await this.cache.arrive(repository, Object.fromEntries(names.map((name) => [name, name.length])));
  }

  /** Admits an image with all its blobs. */
  async image(repository: TestRepository, name: string, layers: readonly string[] = [`${name} layer`]): Promise<void> {
    await this.admit(repository, name, layers);
    await this.arrive(repository, `${name} config`, ...layers);
  }

  /** Lets the first process work until nothing is due and no process has a claim. */
  async work(): Promise<void> {
    const { worker } = this.first.scanning;
    for (;;) {
      await worker.look();
      await worker.idle();
      // A scan that ends makes room; the next one has started by now.
      await worker.look();
      if (worker.busy === 0 && !(await this.isClaimed())) return;
      await soon();
    }
  }

  /** Waits until no process has a claim. The first process claims nothing meanwhile. */
  async claimsEnd(): Promise<void> {
    while (await this.isClaimed()) await soon();
  }

  /** Lets the first process do its periodic work. */
  async chores(): Promise<void> {
    await this.first.scanning.chores.round();
    await this.work();
  }

  /** Advances the clock and does the work that is due. */
  async later(ms: number): Promise<void> {
    this.clock.advance(ms);
    await this.work();
  }

  /** Returns the row of an image, or undefined. */
  async row(name: string): Promise<ScanRow | undefined> {
    return this.first.database.reader<ScanRow>(Table.scans).where('digest', digest(name)).first<ScanRow | undefined>();
  }

  /** Returns the scan of a manifest, by default in library/app of acme. */
  async scan(name: string, organization = 'acme', repository = 'library/app'): Promise<ShownScan | null> {
    const found = await this.cache.plane.ask<{ manifest: { scan: ShownScan | null } | null }>(
      `query ($o: String!, $r: String!, $d: Digest!) { manifest(organization: $o, repository: $r, digest: $d) { ${SCAN} } }`,
      { o: organization, r: repository, d: digest(name) },
    );
    return found.manifest?.scan ?? null;
  }

  /** Returns the verdict of the gate. */
  judge(repository: TestRepository, name: string, waitMs = 0): Promise<JudgeImageReply__Output> {
    const request = { repository, digest: digest(name), waitMs, requestId: 'request-1' };
    return this.cache.plane.catalog.call('JudgeImage', request);
  }

  private async isClaimed(): Promise<boolean> {
    const claimed = await this.first.database.reader(Table.scans).whereNotNull('worker').first('digest');
    return claimed !== undefined;
  }
}

/** Waits a moment: no process is notified when a claim of another one ends. */
function soon(): Promise<void> {
  return new Promise((resume) => setTimeout(resume, 5));
}

/** Returns a reference to an image layer. */
export function imageLayer(
  name: string,
  position = 0,
  mediaType = 'application/vnd.oci.image.layer.v1.tar+gzip',
): ManifestReference {
  return { role: 'LAYER', position, descriptor: { mediaType, digest: digest(name), size: name.length } };
}

/** Returns a reference to an image config. */
export function imageConfig(name: string): ManifestReference {
  const mediaType = 'application/vnd.oci.image.config.v1+json';
  return { role: 'CONFIG', position: 0, descriptor: { mediaType, digest: digest(name), size: name.length } };
}

/** Returns the manifest of an index. */
export function indexManifest(name: string): NonNullable<AdmitManifestRequest['manifest']> {
  return { mediaType: MediaType.ociIndex, digest: digest(name), size: 100 };
}
