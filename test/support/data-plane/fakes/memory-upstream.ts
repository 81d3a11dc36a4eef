import { untilAborted } from '../../../../common/async/until-aborted';
import { LayoverError } from '../../../../common/errors/layover-error';
import type { Digest } from '../../../../common/oci/digest';
import { MediaType } from '../../../../common/oci/media-types';
import { formatReference, type Reference } from '../../../../common/oci/reference';
import type {
  FetchedManifest,
  ManifestHead,
  TagPageRequest,
  UpstreamBlobStream,
  UpstreamHealth,
  UpstreamRange,
  UpstreamReferrersPage,
  UpstreamRegistry,
  UpstreamRepository,
  UpstreamTagPage,
} from '../../../../data-plane/src/upstream/upstream-registry';

/** How the next requests behave. */
export interface Behaviour {
  /** The error for requests that match the pattern (`GET x/y:tag` …). */
  fail?: { readonly when: RegExp; readonly error: () => LayoverError };
  /** Awaited by every request before it answers. */
  gate?: Promise<void>;
  headWithoutDigest?: boolean;
  headWithoutSize?: boolean;
  blobHeadWithoutSize?: boolean;
  /** The size that a HEAD of a blob gives instead of the true one. */
  blobHeadSize?: number;
  /** Whether a HEAD of a manifest is refused, and asked again with GET. */
  headRefused?: boolean;
  /** Whether requests for a range of a blob get no usable answer. */
  ignoresRange?: boolean;
  /** Awaited before the answer to a range that is requested for a client. */
  rangeGate?: Promise<void>;
  /** The number of bytes after which such a range breaks. */
  cutsRange?: number;
  /** Awaited between the headers and the bytes of a blob. */
  bodyGate?: Promise<void>;
}

const NO_REFERRERS = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: MediaType.ociIndex, manifests: [] }));

/**
 * A registry in memory behind the upstream port. Records its requests and admits only the given
 * users. It fulfills the contract of UpstreamRegistry; see
 * test/contract/upstream-registry.contract.ts.
 */
export class MemoryUpstream implements UpstreamRegistry {
  readonly requests: string[] = [];
  /** The media types besides the known ones that each request for a manifest asked for. */
  readonly accepted: (readonly string[])[] = [];
  /** The users that may read; undefined = everybody. */
  users: ReadonlySet<string> | undefined;
  behaviour: Behaviour = {};
  healthNow: UpstreamHealth = {
    reachable: true,
    lastCheckedAt: 1,
    lastError: undefined,
    rateLimit: undefined,
    rateLimitRemaining: undefined,
    retryAfter: undefined,
  };
  private readonly tags = new Map<string, Digest>();
  private readonly manifests = new Map<string, FetchedManifest>();
  private readonly blobs = new Map<string, Buffer | number>();
  referrers: UpstreamReferrersPage = { content: NO_REFERRERS, filtered: true, nextQuery: undefined };

  /**
   * Pages of tags by the query of their position ('' = the first page), instead of those of `put`.
   */
  tagPages: Readonly<Record<string, UpstreamTagPage>> = {};
  /** Pages of referrers by their query ('' = the first page), instead of `referrers`. */
  referrersPages: Readonly<Record<string, UpstreamReferrersPage>> = {};

  /** Adds a manifest to the repository `name`, with a tag if one is given. */
  put(name: string, manifest: FetchedManifest, tag?: string): void {
    this.manifests.set(`${name}@${manifest.digest}`, manifest);
    if (tag !== undefined) this.tags.set(`${name}:${tag}`, manifest.digest);
  }
  /** Adds a blob to the repository `name`; without its bytes, only its size can be requested. */
  putBlob(name: string, digest: Digest, content: Buffer | number): void {
    this.blobs.set(`${name}@${digest}`, content);
  }
  removeTag(name: string, tag: string): void {
    this.tags.delete(`${name}:${tag}`);
  }
  removeManifest(name: string, digest: Digest): void {
    this.manifests.delete(`${name}@${digest}`);
  }
  /** Returns the requests since the last call. */
  take(): string[] {
    return this.requests.splice(0);
  }

  async headManifest(
    repository: UpstreamRepository,
    reference: Reference,
    signal?: AbortSignal,
    alsoAccept: readonly string[] = [],
  ): Promise<ManifestHead> {
    this.accepted.push(alsoAccept);
    const found = await this.find('HEAD', repository, reference, signal);
    const fetched = this.behaviour.headRefused ? await this.find('GET', repository, reference, signal) : undefined;
    const { digest, mediaType, content } = fetched ?? found;
    return {
      fetched,
      digest: this.behaviour.headWithoutDigest ? undefined : digest,
      mediaType,
      size: this.behaviour.headWithoutSize ? undefined : content.length,
    };
  }
  getManifest(
    repository: UpstreamRepository,
    reference: Reference,
    signal?: AbortSignal,
    alsoAccept: readonly string[] = [],
  ): Promise<FetchedManifest> {
    this.accepted.push(alsoAccept);
    return this.find('GET', repository, reference, signal);
  }
  async headBlob(
    repository: UpstreamRepository,
    digest: Digest,
    signal?: AbortSignal,
  ): Promise<{ readonly size: number | undefined }> {
    await this.arrive(`HEAD ${repository.name}@${digest}`, repository, signal);
    const { size } = this.blob(repository, digest);
    return { size: this.behaviour.blobHeadWithoutSize ? undefined : (this.behaviour.blobHeadSize ?? size) };
  }
  async openBlob(
    repository: UpstreamRepository,
    digest: Digest,
    offset: number,
    signal?: AbortSignal,
  ): Promise<UpstreamBlobStream> {
    await this.arrive(`GET ${repository.name}@${digest}`, repository, signal);
    const { size, content } = this.blob(repository, digest);
    const { bodyGate } = this.behaviour;
    async function* body(): AsyncGenerator<Buffer> {
      await bodyGate;
      if (content.length > offset) yield content.subarray(offset);
    }
    return { size, offset, body: body(), cancel: () => undefined };
  }
  async openRange(
    repository: UpstreamRepository,
    digest: Digest,
    range: { readonly offset: number; readonly length: number },
    signal?: AbortSignal,
  ): Promise<UpstreamBlobStream | undefined> {
    await this.arrive(`DIRECT ${repository.name}@${digest}`, repository, signal);
    await untilAborted(this.behaviour.rangeGate ?? Promise.resolve(), signal);
    const { size, content } = this.blob(repository, digest);
    const { cutsRange } = this.behaviour;
    const part = content.subarray(range.offset, range.offset + range.length);
    if (this.behaviour.ignoresRange === true || part.length < range.length) return undefined;
    async function* body(): AsyncGenerator<Buffer> {
      yield part.subarray(0, cutsRange ?? part.length);
      if (cutsRange !== undefined) throw new LayoverError('UPSTREAM_FAILED');
    }
    return { size, offset: range.offset, body: body(), cancel: () => undefined };
  }
  async readRange(
    repository: UpstreamRepository,
    digest: Digest,
    range: { readonly offset: number; readonly length: number },
    signal?: AbortSignal,
  ): Promise<UpstreamRange | undefined> {
    await this.arrive(`RANGE ${repository.name}@${digest}`, repository, signal);
    const { size, content } = this.blob(repository, digest);
    const part = content.subarray(range.offset, range.offset + range.length);
    return this.behaviour.ignoresRange === true || part.length < range.length ? undefined : { content: part, size };
  }
  async listTags(repository: UpstreamRepository, page: TagPageRequest, signal?: AbortSignal): Promise<UpstreamTagPage> {
    const place = page.position === undefined ? `last=${page.last ?? ''}` : `at=${page.position.query.slice(0, 50)}`;
    await this.arrive(`TAGS ${repository.name} n=${page.limit ?? ''} ${place}`, repository, signal);
    const scripted = this.tagPages[page.position?.query ?? ''];
    if (scripted !== undefined) return scripted;
    const prefix = `${repository.name}:`;
    const all = [...this.tags.keys()].filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length));
    if (all.length === 0) throw new LayoverError('NAME_UNKNOWN', { upstreamStatus: 404 });
    const rest = all.sort().filter((tag) => tag > (page.last ?? ''));
    const tags = rest.slice(0, page.limit ?? rest.length);
    const more = rest.length > tags.length;
    return {
      ...{ tags, nextLast: more ? tags.at(-1) : undefined, nextLimit: more ? page.limit : undefined },
      position: undefined,
    };
  }
  async listReferrers(
    repository: UpstreamRepository,
    digest: Digest,
    page: { readonly artifactType?: string; readonly query?: string },
    signal?: AbortSignal,
  ): Promise<UpstreamReferrersPage> {
    const place = page.query === undefined ? '' : ` at=${page.query}`;
    await this.arrive(`REFERRERS ${repository.name}@${digest}${place}`, repository, signal);
    return this.referrersPages[page.query ?? ''] ?? this.referrers;
  }
  health(): UpstreamHealth {
    return this.healthNow;
  }
  async close(): Promise<void> {}

  private async find(
    method: string,
    repository: UpstreamRepository,
    reference: Reference,
    signal: AbortSignal | undefined,
  ): Promise<FetchedManifest> {
    const place = `${repository.name}${reference.kind === 'tag' ? ':' : '@'}${formatReference(reference)}`;
    await this.arrive(`${method} ${place}`, repository, signal);
    const digest = reference.kind === 'tag' ? this.tags.get(place) : reference.digest;
    const found = digest === undefined ? undefined : this.manifests.get(`${repository.name}@${digest}`);
    if (found === undefined) throw new LayoverError('MANIFEST_UNKNOWN', { upstreamStatus: 404 });
    return found;
  }

  private blob(repository: UpstreamRepository, digest: Digest): { readonly size: number; readonly content: Buffer } {
    const blob = this.blobs.get(`${repository.name}@${digest}`);
    if (blob === undefined) throw new LayoverError('BLOB_UNKNOWN', { upstreamStatus: 404 });
    return typeof blob === 'number' ? { size: blob, content: Buffer.alloc(0) } : { size: blob.length, content: blob };
  }

  private async arrive(line: string, repository: UpstreamRepository, signal: AbortSignal | undefined): Promise<void> {
    this.requests.push(line);
    await untilAborted(this.behaviour.gate ?? Promise.resolve(), signal);
    const { fail } = this.behaviour;
    if (fail?.when.test(line)) throw fail.error();
    if (this.users !== undefined && !this.users.has(repository.origin.credentials?.username ?? '')) {
      throw new LayoverError('UPSTREAM_DENIED', { upstreamStatus: 401 });
    }
  }
}
