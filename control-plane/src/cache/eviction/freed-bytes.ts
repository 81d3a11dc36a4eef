import { contribution, type Holding } from '../holdings/holding';
import { type PartKey, partKey, type RepositoryHolding } from '../holdings/holdings.store';
import { partsOf, releaseSteps } from '../holdings/manifest-content';
import type { CachedImage } from '../content/load-images';

/**
 * Works out what the release of images would free, one after the other, without touching anything: only bytes that nothing
 * else of the origin needs count, and none of what is `pinned` (it is needed by what room is made for).
 */
export class FreedBytes {
  private readonly holdings = new Map<string, Holding>();
  private readonly parts = new Map<string, RepositoryHolding>();

  constructor(private readonly pinned: ReadonlySet<string>) {}

  /** Of what of these images nothing is known here yet: what is held of it has to be given to {@link learn}. */
  unknown(images: readonly CachedImage[]): { readonly digests: readonly string[]; readonly parts: readonly PartKey[] } {
    const parts = images.flatMap(({ members }) => members.flatMap(partsOf));
    const digests = new Set(parts.map(({ digest }) => digest));
    return {
      digests: [...digests].filter((digest) => !this.holdings.has(digest)),
      parts: parts.filter((part) => !this.parts.has(partKey(part))),
    };
  }

  /** Takes in what the origin holds of digests, and the parts of repositories in them. */
  learn(holdings: Iterable<Holding>, parts: Iterable<RepositoryHolding>): void {
    for (const holding of holdings) this.holdings.set(holding.digest, holding);
    for (const part of parts) this.parts.set(partKey(part), part);
  }

  /** Whether a blob of the image is still on its way. */
  isArriving({ members }: CachedImage): boolean {
    return members.some(({ blobs }) => [...blobs].some((digest) => this.holdings.get(digest)?.state === 'RESERVED'));
  }

  /** Bytes that the release of these images, together, frees; what was learned stays as it was. */
  ofAll(images: readonly CachedImage[]): bigint {
    const trial = new FreedBytes(this.pinned);
    trial.learn(this.holdings.values(), this.parts.values());
    return images.reduce((total, image) => total + trial.release(image), 0n);
  }

  /** Releases an image; gives back how many bytes that frees after all releases before it. */
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
