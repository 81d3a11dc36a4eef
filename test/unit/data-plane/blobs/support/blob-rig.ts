import { systemClock } from '../../../../../common/runtime/clock';
import type { RangeRequest } from '../../../../../common/oci/byte-range';
import { type Digest, digestOf } from '../../../../../common/oci/digest';
import { BlobRedirects } from '../../../../../data-plane/src/blobs/blob-redirects';
import { BlobService } from '../../../../../data-plane/src/blobs/blob-service';
import { DirectRanges } from '../../../../../data-plane/src/blobs/direct-ranges';
import type { FillElsewhere } from '../../../../../data-plane/src/blobs/complete-blob';
import { createFills } from '../../../../../data-plane/src/blobs/fills/create-fills';
import type { FillLimits } from '../../../../../data-plane/src/blobs/fills/fill-limits';
import type { MissingBlobs } from '../../../../../data-plane/src/blobs/missing-blobs';
import type { OpenedBlob } from '../../../../../data-plane/src/blobs/open-blob';
import type { BlobLinks } from '../../../../../data-plane/src/store/blob-links';
import { StoredBlobs } from '../../../../../data-plane/src/store/guard/stored-blobs';
import { createDirectoryBlobStore } from '../../../../../data-plane/src/store/directory/directory-blob-store';
import { changedStore } from '../../../../support/changed-store';
import { type TemporaryFolder, temporaryFolder } from '../../../../support/real/temporary-folder';
import { blobAccessOn } from '../../../../support/data-plane/fakes/blob-access';
import type { OrganizationSpec } from '../../../../support/data-plane/fakes/organizations';
import { CONTEXT, pullRig, silentLogger } from '../../../../support/data-plane/fakes/pull-rig';
import { ampleRoom } from '../../../../support/data-plane/fills/ample-room';

/** Settings of a rig. */
export interface BlobRigOptions {
  readonly organizations?: readonly OrganizationSpec[];
  /** Creates links that report the stored size, so clients may be redirected. */
  readonly redirects?: boolean;
  readonly elsewhere?: FillElsewhere;
  readonly limits?: Partial<FillLimits>;
  readonly missing?: Pick<MissingBlobs, 'failed'>;
}

/**
 * The blob service with real fills, a directory store and an in-memory upstream. It records every
 * lookup in the store.
 */
export interface BlobRig extends Omit<ReturnType<typeof pullRig>, 'store' | 'stored' | 'get'> {
  readonly service: BlobService;
  readonly stored: StoredBlobs;
  /** Stores a blob that no fill brought. */
  keep(content: Buffer): Promise<Digest>;
  /** Returns the store lookups since the last call: `open`, `stat`, or `link`. */
  lookups(): string[];
  /**
   * Adds content to all given repositories of the upstream, each with a manifest of the first
   * organization that names it.
   */
  offer(content: Buffer, ...repositories: readonly string[]): Promise<Digest>;
  /** Adds a manifest that names a blob to a repository of an organization. */
  name(digest: Digest, size: number, organization: string, repository?: string): Promise<void>;
  get(digest: Digest, how?: BlobAsk): Promise<OpenedBlob>;
  /** Reads a blob to its end. Returns the bytes and the cache status. */
  read(digest: Digest, how?: BlobAsk): Promise<{ readonly content: Buffer; readonly cacheStatus: string }>;
  head(digest: Digest, how?: BlobAsk): ReturnType<BlobService['stat']>;
  target(repository?: string, organization?: string): ReturnType<ReturnType<typeof pullRig>['access']['authorize']>;
  /** Reads the requested range to its end. Returns its bytes and the size of the whole blob. */
  readRange(
    digest: Digest,
    range: RangeRequest,
    how?: BlobAsk,
  ): Promise<{ readonly content: Buffer; readonly size: number; readonly cacheStatus: string }>;
  /** Number of fills that wait for a slot. */
  waiting(): number;
  /** Resolves when no fill of the digest is running any more. */
  quiet(digest: Digest): Promise<void>;
  dispose(): Promise<void>;
}

/** The properties of a client request. */
export interface BlobAsk {
  readonly organization?: string;
  readonly repository?: string;
  readonly redirectable?: boolean;
  readonly further?: boolean;
  readonly range?: RangeRequest;
  /** When the delivery began that the request continues; see RequestContext. */
  readonly authorizedAt?: number;
  readonly signal?: AbortSignal;
}

export async function blobRig(options: BlobRigOptions = {}): Promise<BlobRig> {
  const parts = pullRig(...(options.organizations ?? []));
  const { access, upstream, knowledge, uses, journal, reporter } = parts;
  const folder: TemporaryFolder = await temporaryFolder('blobs');
  const directory = createDirectoryBlobStore({ root: `${folder.path}/blobs`, logger: silentLogger });
  await directory.prepare();
  const looked: string[] = [];
  const links: BlobLinks = {
    lifetimeMs: 600_000,
    async linkTo(digest) {
      looked.push('link');
      const size = await directory.stat(digest);
      return size === undefined ? 'absent' : { url: `https://bucket.example/${digest}`, size };
    },
  };
  const store = changedStore(directory, {
    open: (digest) => {
      looked.push('open');
      return directory.open(digest);
    },
    stat: (digest) => {
      looked.push('stat');
      return directory.stat(digest);
    },
  });
  const stored = new StoredBlobs({
    store,
    uses,
    links: options.redirects === true ? links : undefined,
    logger: silentLogger,
  });
  const { blobAccess, proofs } = blobAccessOn(parts, stored);
  const fills = createFills({
    stored,
    uses,
    spoolDirectory: `${folder.path}/spool`,
    room: ampleRoom(),
    clock: systemClock,
    logger: silentLogger,
    limits: { resumeBaseMs: 1, resumeMaxMs: 2, ...options.limits },
    onProven: (blob) => proofs.provenByFill(blob),
    onFilled: (blob) => proofs.arrived(blob),
  });
  const service = new BlobService({
    access,
    blobAccess,
    upstream,
    stored,
    fills,
    uses,
    journal,
    reporter,
    redirects:
      options.redirects === true ? new BlobRedirects({ stored, uses, fills, lifetimeMs: links.lifetimeMs }) : undefined,
    elsewhere: options.elsewhere,
    direct: new DirectRanges({ upstream, journal, clock: parts.clock, logger: silentLogger }),
    missing: options.missing,
  });
  const target: BlobRig['target'] = async (repository = 'team/app', organization = 'acme') =>
    access.authorize(access.locate({ kind: 'organization', name: organization }, repository), CONTEXT.authorization);
  const request = (digest: Digest, how: BlobAsk) => ({
    context: { ...CONTEXT, authorizedAt: how.authorizedAt ?? 0 },
    owner: { kind: 'organization' as const, name: how.organization ?? 'acme' },
    repository: how.repository ?? 'team/app',
    digest,
    range: how.range,
    redirectable: how.redirectable ?? false,
    further: how.further,
    signal: how.signal,
  });
  return {
    ...parts,
    service,
    stored,
    lookups: () => looked.splice(0),
    async keep(content) {
      const digest = digestOf(content);
      await stored.put(digest, content);
      return digest;
    },
    async offer(content, ...repositories) {
      const digest = digestOf(content);
      for (const repository of repositories) {
        const { key, upstream: place } = await target(repository);
        upstream.putBlob(place.name, digest, content);
        knowledge.putBlob(key, { digest, size: content.length, mediaType: 'application/octet-stream' });
      }
      return digest;
    },
    async name(digest, size, organization, repository) {
      const { key } = await target(repository, organization);
      knowledge.putBlob(key, { digest, size, mediaType: 'application/octet-stream' });
    },
    get: (digest, how = {}) => service.open(request(digest, how)),
    async read(digest, how = {}) {
      const opened = await service.open(request(digest, how));
      if (opened.kind !== 'bytes') throw new Error('the client was redirected');
      const chunks: Buffer[] = [];
      try {
        for await (const chunk of opened.reader.read(0, opened.reader.size)) chunks.push(chunk);
      } finally {
        await opened.reader.close();
      }
      return { content: Buffer.concat(chunks), cacheStatus: opened.cacheStatus };
    },
    async readRange(digest, range, how = {}) {
      const opened = await service.open(request(digest, { ...how, range }));
      if (opened.kind !== 'bytes') throw new Error('the client was redirected');
      const chunks: Buffer[] = [];
      try {
        const { offset, length } = opened.range;
        for await (const chunk of opened.reader.read(offset, length, how.signal)) chunks.push(chunk);
      } finally {
        await opened.reader.close();
      }
      return { content: Buffer.concat(chunks), size: opened.reader.size, cacheStatus: opened.cacheStatus };
    },
    head: (digest, how = {}) => service.stat(request(digest, how)),
    target,
    waiting: () => fills.counts().waiting,
    async quiet(digest) {
      while (fills.isActive(digest)) await new Promise((resolve) => setImmediate(resolve));
    },
    async dispose() {
      await fills.stop(0);
      await directory.close();
      await folder.remove();
    },
  };
}
