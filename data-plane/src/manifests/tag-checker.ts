import type { Digest } from '../../../common/oci/digest';
import type { Tag } from '../../../common/oci/reference';
import type { Clock } from '../../../common/runtime/clock';
import type { PullTarget } from '../access/pull-target';
import { repositoryScope } from '../access/repository-scope';
import { SingleFlight } from '../../../common/async/single-flight';
import type { FetchedManifest, UpstreamRegistry } from '../upstream/upstream-registry';
import type { ManifestLookup } from './content/manifest-answer';

/** The answer of the upstream about a tag. */
export interface CheckedTag {
  readonly digest: Digest;
  readonly mediaType: string;
  /** Bytes; undefined if the answer to the HEAD does not say it. */
  readonly size: number | undefined;
  /** Milliseconds since the epoch. */
  readonly checkedAt: number;
  /** The manifest itself, if a GET was needed, so that callers need not fetch it again. */
  readonly fetched: FetchedManifest | undefined;
}

/** A tag whose manifest was fetched to learn where it points. */
type FetchedTag = CheckedTag & { readonly size: number };

type Query = Pick<ManifestLookup, 'alsoAccept' | 'signal'>;

/** Asks the upstream where a tag points with one HEAD, which all concurrent callers share. */
export class TagChecker {
  private readonly checks = new SingleFlight<CheckedTag>();
  private readonly fetches = new SingleFlight<FetchedTag>();

  constructor(
    private readonly upstream: UpstreamRegistry,
    private readonly clock: Clock,
  ) {}

  /**
   * Returns the digest of a tag at the upstream. Throws the errors of the upstream client, and
   * CANCELLED if the caller aborts.
   */
  check(target: PullTarget, tag: Tag, query: Query): Promise<CheckedTag> {
    const key = `${repositoryScope(target)}\n${tag}\n${query.alsoAccept.join(',')}`;
    return this.checks.run(key, () => this.ask(target, tag, query.alsoAccept), query.signal);
  }

  /**
   * Fetches the manifest of a tag and stores nothing, for a HEAD of a client that needs more than
   * the upstream says to a HEAD. Throws like {@link check}.
   */
  fetch(target: PullTarget, tag: Tag, query: Query): Promise<FetchedTag> {
    const key = `${repositoryScope(target)}\n${tag}\n${query.alsoAccept.join(',')}`;
    return this.fetches.run(key, () => this.get(target, tag, query.alsoAccept), query.signal);
  }

  /**
   * Returns the size of a manifest in bytes by fetching it, if the upstream does not say the size
   * to a HEAD. Nothing is stored.
   */
  async measure(target: PullTarget, digest: Digest, { alsoAccept }: Query): Promise<number> {
    const reference = { kind: 'digest', digest } as const;
    return (await this.upstream.getManifest(target.upstream, reference, undefined, alsoAccept)).content.length;
  }

  private async ask(target: PullTarget, tag: Tag, alsoAccept: readonly string[]): Promise<CheckedTag> {
    const reference = { kind: 'tag', tag } as const;
    const head = await this.upstream.headManifest(target.upstream, reference, undefined, alsoAccept);
    const { digest, mediaType, size, fetched } = head;
    if (digest === undefined) return this.get(target, tag, alsoAccept);
    return { digest, mediaType, size, checkedAt: this.clock.now(), fetched };
  }

  private async get(target: PullTarget, tag: Tag, alsoAccept: readonly string[]): Promise<FetchedTag> {
    const fetched = await this.upstream.getManifest(target.upstream, { kind: 'tag', tag }, undefined, alsoAccept);
    const { digest, mediaType, content } = fetched;
    return { digest, mediaType, size: content.length, checkedAt: this.clock.now(), fetched };
  }
}
