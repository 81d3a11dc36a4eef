import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { algorithmOf, hexOf, mustDigest } from '../../../../common/oci/digest';
import type { App } from '../../../../common/runtime/lifecycle';
import { createDataPlane, type DataPlaneOverrides } from '../../../../data-plane/src/app';
import { type DataPlaneConfig, readDataPlaneConfig } from '../../../../data-plane/src/config';
import type { PullEvent__Output } from '../../../../proto/gen/layover/v1/PullEvent';
import { formatGrpcAddress } from '../../../../common/runtime/listen-address';
import { FakeCatalog } from '../../../support/fake-catalog';
import { type FakeRegistry, type FakeRegistryOptions, startFakeRegistry } from '../../../support/fake-registry';
import { temporaryFolder } from '../../../support/real/temporary-folder';
import { outcome, RegistryCaller } from './registry-caller';
import { type OrganizationSpec, snapshotOf } from './snapshot';
import { StorageCaller } from './storage-caller';
import { waitUntil } from '../../../support/real/wait-until';
import { PLANE_SECRET } from '../../../support/plane-secret';

/** The options of a test rig. */
export interface RigOptions {
  readonly registry?: FakeRegistryOptions;
  /** Default: `acme` at the fake registry. A missing `upstreamHost` is filled in. */
  readonly organizations?: readonly OrganizationSpec[];
  readonly overrides?: DataPlaneOverrides;
  readonly config?: (config: DataPlaneConfig) => DataPlaneConfig;
}

/**
 * A whole data plane over gRPC between a fake upstream and a fake control plane. The caller must
 * close it.
 */
export interface Rig {
  readonly registry: FakeRegistry;
  readonly catalog: FakeCatalog;
  readonly edge: RegistryCaller;
  readonly storage: StorageCaller;
  readonly home: string;
  /** The address on which the data plane serves gRPC; it changes with a restart. */
  readonly address: string;
  /** Returns the upstream requests since the last call, as `GET /v2/…`. */
  asked(): string[];
  /** Returns the path of a digest in the blob store. */
  file(digest: string): string;
  /** Returns whether the blob store has the digest. */
  holds(digest: string): boolean;
  /**
   * Resolves when the blob store has the digests: clients receive the last byte before the disk
   * does.
   */
  held(...digests: readonly string[]): Promise<void>;
  /** Lists the files in the spool. */
  spooled(): string[];
  /** Returns the bytes of all files in the spool. */
  spooledBytes(): number;
  /** Resolves with the pull events at the control plane once there are `count` of them. */
  pulls(count: number): Promise<PullEvent__Output[]>;
  configure(...organizations: readonly OrganizationSpec[]): Promise<void>;
  /**
   * Stops the data plane and starts another one with the same home. `meanwhile` runs while none
   * runs.
   */
  restart(meanwhile?: () => Promise<void>): Promise<void>;
  close(): Promise<void>;
}

/** Starts everything on free ports in a temporary directory. */
export async function startRig(options: RigOptions = {}): Promise<Rig> {
  const folder = await temporaryFolder('data-plane');
  const registry = await startFakeRegistry(options.registry);
  const withHost = (spec: OrganizationSpec): OrganizationSpec => ({ upstreamHost: registry.host, ...spec });
  const specs = options.organizations ?? [{ name: 'acme' }];
  let revision = 1;
  const catalog = await FakeCatalog.start(snapshotOf(revision, ...specs.map(withHost)));
  const base = rigConfig(folder.path, formatGrpcAddress(catalog.address));
  const config = options.config?.(base) ?? base;
  const overrides: DataPlaneOverrides = {
    logger: pino({ level: process.env['TEST_LOG_LEVEL'] ?? 'silent' }),
    ...options.overrides,
    fillLimits: { resumeTries: 2, resumeBaseMs: 5, resumeMaxMs: 10, ...options.overrides?.fillLimits },
  };
  let app: App;
  let edge: RegistryCaller;
  let storage: StorageCaller;
  let address: string;
  const startApp = async (): Promise<void> => {
    app = createDataPlane(config, overrides);
    ({ address } = await app.start());
    edge = new RegistryCaller(address);
    storage = new StorageCaller(address);
  };
  const stopApp = async (): Promise<void> => {
    edge.close();
    storage.close();
    await app.stop();
  };
  await startApp();
  const blobPath = (digest: string): string => {
    const parsed = mustDigest(digest);
    return join(config.blobFolder, algorithmOf(parsed), hexOf(parsed).slice(0, 2), hexOf(parsed));
  };
  return {
    registry,
    catalog,
    get edge() {
      return edge;
    },
    get storage() {
      return storage;
    },
    home: folder.path,
    get address() {
      return address;
    },
    asked: () => registry.takeRequests().map(({ line }) => line),
    file: blobPath,
    holds: (digest) => existsSync(blobPath(digest)),
    async held(...digests) {
      for (const digest of digests) await waitUntil(`${digest} in the store`, () => existsSync(blobPath(digest)));
    },
    spooled: () => (existsSync(config.home.spool) ? readdirSync(config.home.spool) : []),
    spooledBytes: () =>
      readdirSync(config.home.spool).reduce((sum, name) => sum + statSync(join(config.home.spool, name)).size, 0),
    async pulls(count) {
      const all = (): PullEvent__Output[] => [...catalog.records.values()].flatMap(({ pull }) => (pull ? [pull] : []));
      await catalog.until(() => all().length >= count);
      return all();
    },
    async configure(...organizations) {
      applyAdmissions(catalog);
      revision += 1;
      // The refusals of one more organization, without a proxy, show that this revision is in
      // force.
      const marker = `revision-${revision}`;
      const snapshot = snapshotOf(revision, ...organizations.map(withHost));
      snapshot.organizations?.push({ uid: marker, name: marker, visibility: 'PUBLIC', proxyCache: null, robots: [] });
      catalog.configure(snapshot);
      for (let key = 'UNAUTHORIZED'; key === 'UNAUTHORIZED';) {
        key = await outcome(edge.tags(0, '', { organization: marker }));
      }
    },
    async restart(meanwhile) {
      await stopApp();
      await meanwhile?.();
      await startApp();
    },
    async close() {
      await stopApp();
      await catalog.stop();
      await registry.close();
      await folder.remove();
    },
  };
}

/** Returns a configuration with short timeouts; the fake upstreams listen on 127.0.0.1. */
export function rigConfig(home: string, catalog: string): DataPlaneConfig {
  const config = readDataPlaneConfig({
    LAYOVER_HOME: home,
    LAYOVER_DATA_LISTEN: '127.0.0.1:0',
    LAYOVER_CATALOG: catalog,
    LAYOVER_PLANE_SECRET: PLANE_SECRET,
    LAYOVER_UPSTREAM_ALLOWED_NETWORKS: '127.0.0.0/8',
    LAYOVER_NODE_NAME: 'node-1',
    LAYOVER_DRAIN_SECONDS: '1',
    LAYOVER_COMPLETION_DELAY_SECONDS: '0',
  });
  return {
    ...config,
    upstream: { ...config.upstream, headersMs: 700, blobHeadersMs: 700, bodyMs: 700, operationMs: 3000 },
  };
}

/** Applies the admissions to the tables of the fake Catalog, like the control plane does. */
export function applyAdmissions(catalog: FakeCatalog): void {
  for (const { repository, manifest, references, tag, checkedAt } of catalog.admissions.values()) {
    const key = repository ?? {};
    catalog.setManifest(key, { manifest, references });
    for (const { role, descriptor } of references) {
      if ((role === 'LAYER' || role === 'CONFIG') && descriptor) catalog.setBlob(key, descriptor);
    }
    if (tag !== '') catalog.setTag(key, tag, { manifest, checkedAt, expiresAt: checkedAt + 86_400_000 });
  }
}
