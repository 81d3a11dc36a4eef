import { contribution, type Holding } from '../holdings/holding';
import { type PartKey, partKey, type RepositoryHolding } from '../holdings/holdings.store';
import { partsOf, releaseSteps } from '../holdings/manifest-content';
import type { CachedImage } from '../content/load-images';

/**
 * Computes the bytes that releasing images one after the other would free, without changing
 * anything. Only bytes that nothing else in the origin needs are counted, and `pinned` digests are
 * never counted, because the content that needs the room uses them.
 */
export class FreedBytes {
  private readonly holdings = new Map<string, Holding>();
  private readonly parts = new Map<string, RepositoryHolding>();

  constructor(private readonly pinned: ReadonlySet<string>) {}

  /**
   * Returns the digests and parts of these images that are not known yet. The caller loads them and
   * passes them to {@link learn}.
   */
  unknown(images: readonly CachedImage[]): { readonly digests: readonly string[]; readonly parts: readonly PartKey[] } {
    const parts = images.flatMap(({ members }) => members.flatMap(partsOf));
    const digests = new Set(parts.map(({ digest }) => digest));
    return {
      digests: [...digests].filter((digest) => !this.holdings.has(digest)),
      parts: parts.filter((part) => !this.parts.has(partKey(part))),
    };
  }

  /** Adds holdings of the origin, and the parts of repositories in them. */
  learn(holdings: Iterable<Holding>, parts: Iterable<RepositoryHolding>): void {
    for (const holding of holdings) this.holdings.set(holding.digest, holding);
    for (const part of parts) this.parts.set(partKey(part), part);
  }

  /** Returns whether a blob of the image has not arrived yet. */
  isArriving({ members }: CachedImage): boolean {
    return members.some(({ blobs }) => [...blobs].some((digest) => this.holdings.get(digest)?.state === 'RESERVED'));
  }

  /** Returns the bytes that releasing these images together frees, without changing this object. */
  ofAll(images: readonly CachedImage[]): bigint {
    const trial = new FreedBytes(this.pinned);
    trial.learn(this.holdings.values(), this.parts.values());
    return images.reduce((total, image) => total + trial.release(image), 0n);
  }

  /** Releases an image and returns the bytes that this frees after all earlier releases. */
  release({ members }: CachedImage): bigint {
    let freed = 0n;
    for (const { part, manifestRepositories, blobRepositories } of releaseSteps(members, this.parts)) {
      const before = this.holdings.get(part.digest);
      if (before === undefined) continue;
      const after = {
        ...before,
        manifestRepositories: before.manifestRepositories - manifestRepositories,
        blobRepositories: before.blobRepositories - blobRepositories,
      };
      this.holdings.set(part.digest, after);
      if (!this.pinned.has(part.digest)) freed += bytesOf(before) - bytesOf(after);
    }
    return freed;
  }
}

function bytesOf(holding: Holding): bigint {
  const { used, reserved } = contribution(holding);
  return used + reserved;
}
