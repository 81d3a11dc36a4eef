import { isLayoverError } from '../../../common/errors/layover-error';
import type { Digest } from '../../../common/oci/digest';
import type { Tag } from '../../../common/oci/reference';
import type { Clock } from '../../../common/runtime/clock';
import type { PullTarget } from '../access/pull-target';
import { repositoryScope } from '../access/repository-scope';
import { SingleFlight } from '../../../common/async/single-flight';
import type { FetchedManifest, UpstreamRegistry } from '../upstream/upstream-registry';

/** The answer of the upstream about a tag. */
export interface CheckedTag {
  readonly digest: Digest;
  readonly mediaType: string;
  /** undefined if the answer to the HEAD had no length. */
  readonly size: number | undefined;
  /** Milliseconds since the epoch. */
  readonly checkedAt: number;
  /** The manifest itself, if a GET was needed, so that callers need not fetch it again. */
  readonly fetched: FetchedManifest | undefined;
}

/** Statuses of registries that do not support HEAD for manifests. */
const HEAD_UNSUPPORTED: ReadonlySet<number | undefined> = new Set([405, 501]);

/** Asks the upstream where a tag points with one HEAD, which all concurrent callers share. */
export class TagChecker {
  private readonly checks = new SingleFlight<CheckedTag>();

  constructor(
    private readonly upstream: UpstreamRegistry,
    private readonly clock: Clock,
  ) {}

  /**
   * Returns the digest of a tag at the upstream. Throws the errors of the upstream client, and
   * CANCELLED if the caller aborts.
   */
  check(target: PullTarget, tag: Tag, signal: AbortSignal | undefined): Promise<CheckedTag> {
    return this.checks.run(`${repositoryScope(target)}\n${tag}`, () => this.ask(target, tag), signal);
  }

  /**
   * Returns the size of a manifest by fetching its body, if the HEAD of the upstream had no length.
   * Nothing is stored.
   */
  async measure(target: PullTarget, digest: Digest): Promise<number> {
    return (await this.upstream.getManifest(target.upstream, { kind: 'digest', digest })).content.length;
  }

  private async ask(target: PullTarget, tag: Tag): Promise<CheckedTag> {
    const reference = { kind: 'tag', tag } as const;
    try {
      const { digest, mediaType, size } = await this.upstream.headManifest(target.upstream, reference);
      if (digest !== undefined) {
        return { digest, mediaType, size, checkedAt: this.clock.now(), fetched: undefined };
      }
    } catch (error) {
      if (!isLayoverError(error) || !HEAD_UNSUPPORTED.has(error.upstreamStatus)) throw error;
    }
    const fetched = await this.upstream.getManifest(target.upstream, reference);
    const { digest, mediaType, content } = fetched;
    return { digest, mediaType, size: content.length, checkedAt: this.clock.now(), fetched };
  }
}
