import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { createLogger } from '../../../common/runtime/logger';
import { loseContent } from '../../../control-plane/src/cache/arrivals/lose-content';
import { readControlPlaneConfig } from '../../../control-plane/src/config';
import { Database } from '../../../control-plane/src/db/database';
import { createContentStores } from '../../../control-plane/src/stores';
import { SystemSettingsStore } from '../../../control-plane/src/tenancy/settings/system-settings.store';
import type { AdmitManifestReply__Output } from '../../../proto/gen/layover/v1/AdmitManifestReply';
import type { AdmitManifestRequest } from '../../../proto/gen/layover/v1/AdmitManifestRequest';
import type { CachedTag__Output } from '../../../proto/gen/layover/v1/CachedTag';
import type { PullEvent } from '../../../proto/gen/layover/v1/PullEvent';
import { FakeStorage } from '../fake-storage';
import { admission, blobRecord, digest, layer, pull, type TestRepository } from './builders';
import { TestClock } from '../test-clock';
import { withTables } from './open-tables';
import { readContent, recount } from './recount';
import { startControlPlane, type TestControlPlane } from './start-control-plane';

/** Usage as shown by GraphQL. */
export interface ShownUsage {
  readonly used: number;
  readonly reserved: number;
  readonly manifests: number;
  readonly blobs: number;
  readonly timeMachine: number;
}

/** A version of a tag as listed by GraphQL. */
export interface ShownTag {
  readonly name: string;
  readonly state: string;
  readonly expiresAt: string | null;
  readonly collectedAfter: string | null;
  readonly manifest: { readonly digest: string };
}

/** An audit event with a parsed `detail`. */
export interface ShownEvent {
  readonly kind: string;
  readonly at: string;
  readonly organization: string | null;
  readonly repository: string | null;
  readonly reference: string | null;
  readonly digest: string | null;
  readonly actor: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

const USAGE = `usage { usedBytes reservedBytes manifestCount blobCount timeMachineBytes }`;
const EVENTS = `query ($filter: AuditEventFilter) { auditEvents(filter: $filter, first: 200) { edges { node {
  kind at organization repository reference digest actor detail } } } }`;
const TAGS = `query ($organization: String!, $name: String!, $state: TagState) {
  repository(organization: $organization, name: $name) { tags(state: $state, first: 200) { edges { node {
    name state expiresAt collectedAfter manifest { digest } } } } } }`;

/** A control plane with the store of a data plane, and helpers for tests of cached content. */
export class CacheWorld {
  private constructor(
    readonly plane: TestControlPlane,
    readonly storage: FakeStorage,
    private readonly ownStorage: boolean,
  ) {}

  /** Starts both. Collections run only when a test starts them, unless `clock` runs timers. */
  static async start(
    environment: Record<string, string> = {},
    clock: TestClock = TestClock.withoutTimers(),
    shared?: FakeStorage,
  ): Promise<CacheWorld> {
    const storage = shared ?? (await FakeStorage.start());
    const plane = await startControlPlane(
      { LAYOVER_DATA_PLANES: storage.address, LAYOVER_GC_GRACE_SECONDS: '60', ...environment },
      clock,
    );
    return new CacheWorld(plane, storage, shared === undefined);
  }

  /** Stops both and deletes their data. */
  async remove(): Promise<void> {
    await this.plane.remove();
    if (this.ownStorage) await this.storage.stop();
  }

  /** Ends a test. Checks that all stored counts equal a recount, after any test. */
  async end(): Promise<void> {
    try {
      expect(await this.problems()).toEqual([]);
    } finally {
      await this.remove();
    }
  }

  get now(): number {
    return this.plane.clock.now();
  }

  /** Advances the clock. */
  advance(ms: number): void {
    this.plane.clock.advance(ms);
  }

  /**
   * Admits a manifest of 100 bytes, which the data plane has stored, with layers of these sizes in
   * bytes.
   */
  admit(
    repository: TestRepository,
    name: string,
    layers: Readonly<Record<string, number>> = {},
    more: Partial<AdmitManifestRequest> = {},
  ): Promise<AdmitManifestReply__Output> {
    this.storage.blobs.set(digest(name), 100);
    return this.plane.catalog.call(
      'AdmitManifest',
      admission(repository, name, {
        references: Object.entries(layers).map(([blob, size], position) => layer(blob, size, position)),
        checkedAt: this.now,
        ...more,
      }),
    );
  }

  /**
   * Stores layers and reports their arrival, with the proof that the organization got the bytes
   * from its upstream.
   */
  async arrive(repository: TestRepository, layers: Readonly<Record<string, number>>): Promise<void> {
    for (const [name, size] of Object.entries(layers)) this.storage.blobs.set(digest(name), size);
    await this.prove(repository, layers);
  }

  /**
   * Reports blobs with their sizes as proven for the organization. `identities` are those that the
   * organization has now, unless the caller names others; none = the report of an older data plane.
   */
  async prove(
    { organizationUid, repository }: TestRepository,
    blobs: Readonly<Record<string, number>>,
    identities?: readonly string[],
  ): Promise<void> {
    const own = identities ?? (await this.plane.identities(organizationUid));
    await this.plane.catalog.call('RecordPulls', {
      records: Object.entries(blobs).map(([name, size]) =>
        blobRecord(
          { organizationUid, digest: digest(name), size, identities: [...own], upstreamRepository: repository },
          this.now,
        ),
      ),
    });
  }

  /**
   * Admits an image and stores its layers, so that it is complete. Throws if it is not admitted.
   */
  async cache(
    repository: TestRepository,
    name: string,
    layers: Readonly<Record<string, number>>,
    tag = name,
  ): Promise<void> {
    const { decision } = await this.admit(repository, name, layers, { tag });
    if (decision !== 'ADMITTED') throw new Error(`${name} was not admitted: ${decision}`);
    await this.arrive(repository, layers);
  }

  /** Reports a served pull. */
  async pull(repository: TestRepository, name: string, more: Partial<PullEvent> = {}): Promise<void> {
    await this.plane.catalog.call('RecordPulls', {
      records: [pull(repository, name, this.now, { reference: name, ...more })],
    });
  }

  /** Returns the tag as a data plane sees it. */
  async lookup(repository: TestRepository, tag: string): Promise<CachedTag__Output | null> {
    return (await this.plane.catalog.call('LookupTag', { repository, tag })).tag;
  }

  /** Returns whether the repository holds a manifest. */
  async holds(repository: TestRepository, name: string): Promise<boolean> {
    const reply = await this.plane.catalog.call('LookupManifest', { repository, digest: digest(name) });
    return reply.manifest !== null;
  }

  /** Returns the usage of an organization. */
  async usage(organization = 'acme'): Promise<ShownUsage> {
    const found = await this.plane.ask<{ organization: { usage: Parameters<typeof toUsage>[0] } }>(
      `query ($name: String!) { organization(name: $name) { ${USAGE} } }`,
      { name: organization },
    );
    return toUsage(found.organization.usage);
  }

  /** Returns used plus reserved bytes. */
  async bytes(organization = 'acme'): Promise<number> {
    const { used, reserved } = await this.usage(organization);
    return used + reserved;
  }

  /** Returns versions of tags. `state` null = all. */
  async tags(
    state: 'ACTIVE' | 'TIME_MACHINE' | null = 'ACTIVE',
    name = 'library/app',
    organization = 'acme',
  ): Promise<readonly ShownTag[]> {
    const found = await this.plane.ask<{ repository: { tags: { edges: { node: ShownTag }[] } } | null }>(TAGS, {
      organization,
      name,
      state,
    });
    return (found.repository?.tags.edges ?? []).map(({ node }) => node);
  }

  /** Returns the names of active tags. */
  async tagNames(name = 'library/app', organization = 'acme'): Promise<readonly string[]> {
    return (await this.tags('ACTIVE', name, organization)).map((tag) => tag.name);
  }

  /** Returns audit events of these kinds, the newest first. */
  async events(...kinds: readonly string[]): Promise<readonly ShownEvent[]> {
    type Answer = { auditEvents: { edges: { node: ShownEvent & { detail: string } }[] } };
    const found = await this.plane.ask<Answer>(EVENTS, { filter: { kinds } });
    return found.auditEvents.edges.map(({ node }) => ({
      ...node,
      detail: JSON.parse(node.detail) as Readonly<Record<string, unknown>>,
    }));
  }

  /** Runs a collection. */
  async collect(): Promise<{ readonly blobs: number; readonly manifests: number; readonly bytes: number }> {
    const found = await this.plane.ask<{
      collectGarbage: { blobsDeleted: number; manifestsDeleted: number; bytesFreed: string };
    }>('mutation { collectGarbage { blobsDeleted manifestsDeleted bytesFreed } }');
    const { blobsDeleted, manifestsDeleted, bytesFreed } = found.collectGarbage;
    return { blobs: blobsDeleted, manifests: manifestsDeleted, bytes: Number(bytesFreed) };
  }

  /** Removes the bytes of a blob, and records the loss like a collection that found it missing. */
  async lose(name: string): Promise<void> {
    this.storage.blobs.delete(digest(name));
    const { home, databaseUrl } = this.plane;
    const url = databaseUrl === '' ? `sqlite:${join(home, 'layover.sqlite')}` : databaseUrl;
    const config = readControlPlaneConfig({
      LAYOVER_HOME: home,
      LAYOVER_DATABASE_URL: url,
      LAYOVER_MASTER_KEY: randomBytes(32).toString('base64'),
    });
    const database = Database.open(config.database, createLogger('test', 'silent'));
    try {
      const stores = createContentStores(new SystemSettingsStore(), config.forced);
      await loseContent(database, stores, digest(name), this.now);
    } finally {
      await database.close();
    }
  }

  /** Changes the settings of an organization, by default acme. */
  async update(input: object, name = 'acme'): Promise<void> {
    await this.plane.ask(
      'mutation ($name: String!, $input: OrganizationPatch!) { updateOrganization(name: $name, input: $input) { id } }',
      { name, input },
    );
  }

  /** Returns all differences between stored counts and a recount. Empty if there are none. */
  problems(): Promise<readonly string[]> {
    return withTables(this.plane, async (tables) => recount(await readContent(tables)).problems);
  }

  /** Returns the rows of a table. */
  rows<Row extends object>(table: string, where: object = {}): Promise<Row[]> {
    return withTables(this.plane, async (tables) => (await tables(table).where(where)) as Row[]);
  }
}

function toUsage(shown: {
  readonly usedBytes: string;
  readonly reservedBytes: string;
  readonly manifestCount: number;
  readonly blobCount: number;
  readonly timeMachineBytes: string;
}): ShownUsage {
  return {
    used: Number(shown.usedBytes),
    reserved: Number(shown.reservedBytes),
    manifests: shown.manifestCount,
    blobs: shown.blobCount,
    timeMachine: Number(shown.timeMachineBytes),
  };
}
