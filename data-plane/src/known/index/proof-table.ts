import type { Digest } from '../../../../common/oci/digest';

/** Repositories that are kept of an identity and digest; the newest stay. */
const MAX_REPOSITORIES = 8;

/** Approximate memory of an entry in addition to its repositories, in bytes. */
const ENTRY_COST = 250;

const NONE: readonly string[] = [];

/** The proofs of one identity. Maps keep the order of insertion, oldest first. */
type ProofsOfIdentity = Map<Digest, readonly string[]>;

/**
 * The proofs of the right to read (docs/design/pull-semantics.md#right-to-read) in memory, within
 * approximately `maxCost` bytes. Above this limit, the identity with the most proofs loses the
 * older half of them; a dropped proof costs a look-up at the Catalog. A look-up takes two steps in
 * maps and creates nothing.
 */
export class ProofTable {
  private readonly byIdentity = new Map<string, ProofsOfIdentity>();
  private total = 0;

  constructor(private readonly maxCost: number) {}

  /** Returns the approximate memory in bytes. */
  get cost(): number {
    return this.total;
  }

  /** Returns the upstream repositories that gave the digest to the identity, newest last. */
  find(identity: string, digest: Digest): readonly string[] {
    return this.byIdentity.get(identity)?.get(digest) ?? NONE;
  }

  /** Returns the identities that have proofs. */
  identities(): readonly string[] {
    return [...this.byIdentity.keys()];
  }

  /** Returns whether `forget` would remove something. An empty string means any. */
  has(identity: string, digest: string): boolean {
    for (const [name, proofs] of this.matching(identity)) {
      if (digest === '' ? this.byIdentity.has(name) : proofs.has(digest as Digest)) return true;
    }
    return false;
  }

  /** Stores a proof as the newest one of its identity. */
  put(identity: string, digest: Digest, upstreamRepository: string): void {
    let proofs = this.byIdentity.get(identity);
    if (proofs === undefined) this.byIdentity.set(identity, (proofs = new Map<Digest, readonly string[]>()));
    const others = (proofs.get(digest) ?? NONE).filter((repository) => repository !== upstreamRepository);
    this.remove(proofs, digest);
    const repositories = [...others, upstreamRepository].slice(-MAX_REPOSITORIES);
    proofs.set(digest, repositories);
    this.total += costOf(repositories);
    while (this.total > this.maxCost && this.total > 0) this.evict();
  }

  /** Removes the proofs of an identity (empty: of all), or only those of a digest. */
  forget(identity: string, digest: Digest | undefined): void {
    for (const [name, proofs] of this.matching(identity)) {
      for (const one of digest === undefined ? [...proofs.keys()] : [digest]) this.remove(proofs, one);
      if (proofs.size === 0) this.byIdentity.delete(name);
    }
  }

  /** Yields all proofs: identity, digest and repository, the oldest of each identity first. */
  *all(): Iterable<readonly [identity: string, digest: Digest, upstreamRepository: string]> {
    for (const [identity, proofs] of this.byIdentity) {
      for (const [digest, repositories] of proofs) {
        for (const repository of repositories) yield [identity, digest, repository];
      }
    }
  }

  private matching(identity: string): Iterable<[string, ProofsOfIdentity]> {
    if (identity === '') return this.byIdentity;
    const proofs = this.byIdentity.get(identity);
    return proofs === undefined ? [] : [[identity, proofs]];
  }

  private remove(proofs: ProofsOfIdentity, digest: Digest): void {
    const repositories = proofs.get(digest);
    if (repositories === undefined) return;
    proofs.delete(digest);
    this.total -= costOf(repositories);
  }

  private evict(): void {
    let most: [string, ProofsOfIdentity] | undefined;
    for (const entry of this.byIdentity) if (most === undefined || entry[1].size > most[1].size) most = entry;
    if (most === undefined) return;
    const [identity, proofs] = most;
    let left = Math.ceil(proofs.size / 2);
    for (const digest of proofs.keys()) {
      if (left-- === 0) break;
      this.remove(proofs, digest);
    }
    if (proofs.size === 0) this.byIdentity.delete(identity);
  }
}

function costOf(repositories: readonly string[]): number {
  return repositories.reduce((sum, repository) => sum + repository.length, ENTRY_COST);
}
