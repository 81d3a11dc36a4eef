import { v7 } from 'uuid';
import { readControlPlaneConfig } from '../../../../../control-plane/src/config';
import { Console } from '../../../../../control-plane/src/fsck/report/console';
import { runFsck } from '../../../../../control-plane/src/fsck/run-fsck';
import { MediaType } from '../../../../../common/oci/media-types';
import type { RawEnvironment } from '../../../../../common/runtime/env';
import type { AdmitManifestRequest } from '../../../../../proto/gen/layover/v1/AdmitManifestRequest';
import {
  admission,
  blobRecord,
  config,
  digest,
  layer,
  type TestRepository,
} from '../../../../support/control-plane/builders';
import { TestClock } from '../../../../support/test-clock';
import { withTables } from '../../../../support/control-plane/open-tables';
import { startControlPlane, type TestControlPlane } from '../../../../support/control-plane/start-control-plane';
import { type FakeStorage, startFakeStorage } from '../../../../support/fsck/fake-storage';
import { PLANE_SECRET } from '../../../../support/plane-secret';

/** A problem as printed by fsck. */
export interface FoundProblem {
  readonly kind: string;
  readonly digest?: string;
  readonly organization?: string;
  readonly message: string;
  readonly repaired: boolean;
}

/** The exit code and the output of a run. */
export interface FsckResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly problems: readonly FoundProblem[];
  readonly summary: Record<string, unknown>;
}

/** The options of a run. */
export interface FsckSettings {
  readonly signal?: AbortSignal;
  /** Runs while fsck waits before it checks suspects again. */
  readonly whileWaiting?: () => Promise<void>;
  readonly environment?: RawEnvironment;
  readonly json?: boolean;
}

/**
 * Returns a clock on which every wait ends immediately after `whileWaiting` has run. The time limit
 * for a connection (2 s) does not pass.
 */
function clockThatSkipsWaits(now: number, whileWaiting: () => Promise<void>): TestClock {
  const clock = new TestClock(now, {
    onTimer: (delayMs) => {
      if (delayMs !== 2000) setImmediate(() => void whileWaiting().then(() => clock.advance(delayMs)));
    },
  });
  return clock;
}

/** A control plane with a fake store of a data plane, which stores what is admitted. */
export class World {
  private constructor(
    readonly plane: TestControlPlane,
    readonly storage: FakeStorage,
  ) {}

  static async start(): Promise<World> {
    const storage = await startFakeStorage();
    const plane = await startControlPlane({ LAYOVER_DATA_PLANES: storage.address });
    return new World(plane, storage);
  }

  async remove(): Promise<void> {
    await this.plane.remove();
    this.storage.stop();
  }

  /**
   * Admits a manifest whose content is `name`, with blobs of the given contents. Stores and reports
   * the blobs unless `arrives` is false.
   */
  async admit(
    repository: TestRepository,
    name: string,
    blobs: readonly string[],
    more: Partial<AdmitManifestRequest> = {},
    arrives = true,
  ): Promise<void> {
    const now = this.plane.clock.now();
    const [first, ...others] = blobs;
    this.storage.put(name);
    await this.plane.catalog.call(
      'AdmitManifest',
      admission(repository, name, {
        manifest: { mediaType: MediaType.ociManifest, digest: digest(name), size: Buffer.byteLength(name) },
        references: [
          ...(first === undefined ? [] : [config(first, first.length)]),
          ...others.map((text, position) => layer(text, text.length, position)),
        ],
        checkedAt: now,
        ...more,
      }),
    );
    if (!arrives) return;
    for (const text of blobs) this.storage.put(text);
    await this.arrive(repository, blobs);
  }

  /** Reports blobs as arrived, with the proof that the organization got them from its upstream. */
  async arrive({ organizationUid, repository }: TestRepository, blobs: readonly string[]): Promise<void> {
    const identities = [...(await this.plane.identities(organizationUid))];
    const proof = { organizationUid, identities, upstreamRepository: repository };
    await this.plane.catalog.call('RecordPulls', {
      records: blobs.map((text) =>
        blobRecord({ ...proof, digest: digest(text), size: text.length }, this.plane.clock.now(), v7()),
      ),
    });
  }

  /** Adds proofs of blobs to the tables, as if they had arrived before. */
  async prove({ organizationUid, repository }: TestRepository, blobs: readonly string[]): Promise<void> {
    const identities = await this.plane.identities(organizationUid);
    await withTables(this.plane, async (tables) => {
      for (const identity of identities)
        for (const text of blobs)
          await tables('blob_proofs').insert({
            identity,
            digest: digest(text),
            upstream_repository: repository,
            proven_at: this.plane.clock.now(),
          });
    });
  }

  /** Runs statements directly on the database. */
  async sql(...statements: readonly string[]): Promise<void> {
    await withTables(this.plane, async (tables) => {
      for (const statement of statements) await tables.raw(statement);
    });
  }

  /** Returns the rows of a table that match. */
  rows<Row extends object>(table: string, where: object = {}): Promise<readonly Row[]> {
    return withTables(this.plane, async (tables) => (await tables(table).where(where)) as Row[]);
  }

  /** Returns the environment for a run of fsck. */
  environment(): RawEnvironment {
    return {
      LAYOVER_HOME: this.plane.home,
      LAYOVER_DATABASE_URL: this.plane.databaseUrl,
      LAYOVER_DATA_PLANES: this.storage.address,
      LAYOVER_PLANE_SECRET: PLANE_SECRET,
    };
  }

  /** Runs fsck in this process. Flags: repair, quick. */
  async fsck(flags: readonly ('repair' | 'quick')[] = [], settings: FsckSettings = {}): Promise<FsckResult> {
    const { json = true, whileWaiting = () => Promise.resolve() } = settings;
    let [stdout, stderr] = ['', ''];
    const code = await runFsck(readControlPlaneConfig({ ...this.environment(), ...settings.environment }), {
      options: { repair: flags.includes('repair'), quick: flags.includes('quick'), json },
      console: new Console({ write: (text) => (stdout += text) }, { write: (text) => (stderr += text) }),
      signal: settings.signal ?? new AbortController().signal,
      clock: clockThatSkipsWaits(this.plane.clock.now(), whileWaiting),
    });
    const lines = json
      ? stdout
          .trimEnd()
          .split('\n')
          .map((line) => JSON.parse(line) as FoundProblem & { type: string })
      : [];
    return {
      code,
      stdout,
      stderr,
      problems: lines.filter(({ type }) => type === 'problem'),
      summary: (lines.find(({ type }) => type === 'summary') ?? {}) as unknown as Record<string, unknown>,
    };
  }
}

/** Returns the kinds of the problems, sorted. */
export function kinds(result: FsckResult): readonly string[] {
  return result.problems.map(({ kind }) => kind).sort();
}
