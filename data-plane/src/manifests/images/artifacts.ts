import pLimit from 'p-limit';
import { isLayoverError } from '../../../../common/errors/layover-error';
import { type Digest, mustDigest } from '../../../../common/oci/digest';
import type { Clock } from '../../../../common/runtime/clock';
import type { Logger } from '../../../../common/runtime/logger';
import { TtlCache } from '../../../../common/runtime/ttl-cache';
import type { PullTarget } from '../../access/pull-target';
import { repositoryScope } from '../../access/repository-scope';
import { classifyUpstreamError } from '../../upstream/classify-upstream-error';
import type { Completion } from './completion';

/**
 * Fetches the signatures, attestations and SBOMs of a manifest in the background, and returns
 * whether there are any. Throws the errors of the upstream.
 */
export type FetchArtifacts = (target: PullTarget, subject: Digest) => Promise<boolean>;

/** Manifests that wait; further ones are dropped. */
const MAX_WAITING = 10_000;

/** Maximum number of repositories and upstreams whose misses are remembered. */
const MAX_REMEMBERED = 10_000;

/** How long misses are remembered, in milliseconds. */
const REMEMBERED_MS = 86_400_000;

/** Manifests without artifacts after which a repository is left alone. */
const MAX_REPOSITORY_MISSES = 2;

/** Manifests without artifacts after which an upstream is left alone that never had any. */
const MAX_UPSTREAM_MISSES = 10;

const NOT_FETCHED = 'The artifacts of an image were not fetched';

/**
 * Completes images with what is attached to them (docs/design/pull-semantics.md#artifacts): one
 * manifest at a time, long after the pull, because an image is usually signed after it was pushed.
 * An upstream without artifacts is asked for a few manifests a day.
 */
export class ArtifactCompletion {
  private readonly turn = pLimit(1);
  private readonly waiting = new Set<string>();
  /** The number of misses. -Infinity = something was found. */
  private readonly misses: TtlCache<{ count: number }>;
  private stopped = false;

  constructor(
    private readonly fetch: FetchArtifacts,
    private readonly delayMs: number,
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {
    this.misses = new TtlCache(clock, MAX_REMEMBERED);
  }

  /**
   * Schedules the artifacts of a manifest that was just fetched from the upstream, if the
   * organization completes its images. Never throws and never waits.
   */
  consider(target: PullTarget, subject: Digest): void {
    const key = `${repositoryScope(target)}\n${subject}`;
    if (this.stopped || !target.proxy.completeImages || this.waiting.has(key)) return;
    if (this.waiting.size >= MAX_WAITING || !this.isWorthwhile(target)) return;
    this.waiting.add(key);
    this.clock.after(this.delayMs, () => void this.turn(() => this.run(target, subject, key)));
  }

  /**
   * Returns a completion of images that also considers the artifacts of every manifest that was
   * just fetched, indexes included, unless it is an artifact itself.
   */
  following(completion: Pick<Completion, 'consider'>): Pick<Completion, 'consider'> {
    return {
      consider: (target, manifest, content, fresh) => {
        completion.consider(target, manifest, content, fresh);
        if (fresh && !isArtifact(content)) this.consider(target, mustDigest(manifest.digest));
      },
    };
  }

  /** Fetches nothing more. What is running ends with the upstream client. */
  stop(): void {
    this.stopped = true;
    this.waiting.clear();
  }

  private async run(target: PullTarget, subject: Digest, key: string): Promise<void> {
    if (!this.waiting.delete(key) || this.stopped || !this.isWorthwhile(target)) return;
    try {
      this.note(target, await this.fetch(target, subject));
    } catch (error) {
      if (this.stopped) return;
      // Some upstreams refuse what does not exist. An outage says nothing about artifacts.
      if (['denied', 'refused'].includes(classifyUpstreamError(error))) this.note(target, false);
      const place = { organization: target.organization.name, repository: target.key.repository, digest: subject };
      if (isLayoverError(error)) this.logger.debug({ err: error, ...place }, NOT_FETCHED);
      else this.logger.warn({ err: error, ...place }, NOT_FETCHED);
    }
  }

  private isWorthwhile(target: PullTarget): boolean {
    const [repository, upstream] = this.placesOf(target);
    return this.missesAt(repository) < MAX_REPOSITORY_MISSES && this.missesAt(upstream) < MAX_UPSTREAM_MISSES;
  }

  private note(target: PullTarget, isFound: boolean): void {
    for (const place of this.placesOf(target)) {
      const known = this.misses.get(place);
      // Where there are artifacts, a single image without any means nothing.
      if (isFound) this.misses.set(place, { count: -Infinity }, REMEMBERED_MS);
      else if (known !== undefined && known.count > 0) known.count += 1;
      else this.misses.set(place, { count: (known?.count ?? 0) + 1 }, REMEMBERED_MS);
    }
  }

  private missesAt(place: string): number {
    return this.misses.get(place)?.count ?? 0;
  }

  private placesOf(target: PullTarget): readonly [repository: string, upstream: string] {
    const { key, proxy } = target;
    const upstream = `${key.organizationUid}\n${key.originVersion}\n${proxy.credentialVersion}`;
    return [repositoryScope(target), upstream];
  }
}

/** Media types of the layers in which signatures, attestations and SBOMs are kept. */
const ARTIFACT_LAYER = /cosign|dsse|in-toto|spdx|cyclonedx|syft/i;

/** Returns whether a manifest is attached to another one. */
function isArtifact(content: Buffer): boolean {
  const text = content.toString();
  return /"subject"\s*:/.test(text) || ARTIFACT_LAYER.test(text);
}
