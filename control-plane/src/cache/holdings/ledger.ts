import { type BlobRowStore, presentOf, type StoredContent } from './blob.store';
import type { Queries } from '../../db/database';
import { type AfterCommitStep, hooksOf } from '../../db/transaction-hooks';
import { contribution, difference, type Holding, isHeld, isUnneeded, NO_TOTALS, sum, type Totals } from './holding';
import { type HoldingsStore, partKey, type RepositoryHolding } from './holdings.store';
import type { OriginUsageStore } from './origin-usage.store';
import { assertSizes } from './usage-range';
import type { ProofStore, UpstreamRights } from '../proofs/proof.store';
import { type ManifestContent, partsOf, type ReleasedContent, releaseSteps } from './manifest-content';

/** A holding before and after a change. undefined = none. */
interface Change {
  readonly before: Holding | undefined;
  readonly after: Holding;
}

/** The origin that a manifest is held in. Its organization decides which blobs are proven. */
export interface HoldingOrigin {
  readonly originVersion: string;
  readonly rights: UpstreamRights;
}

/** What an origin holds of the digests of one manifest, and what its repository names of them. */
interface HeldBefore {
  readonly known: ReadonlyMap<string, Holding>;
  readonly parts: ReadonlyMap<string, RepositoryHolding>;
  /**
   * Blobs in the store that are proven for the organization. Those that arrive later are settled
   * after the commit.
   */
  readonly proven: ReadonlySet<string>;
}

/**
 * What it would cost to hold a manifest. Good for {@link Ledger.hold} while the origin stays locked
 * and nothing else changes its holdings of these digests.
 */
export interface HoldingCost {
  /** Bytes by which used plus reserved would grow. */
  readonly bytes: bigint;
  readonly before: HeldBefore;
}

/** Content that was reserved or that arrived in the current transaction. */
export interface PossibleArrival {
  readonly digest: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/**
 * Keeps the holdings of origins and their sums consistent, in the transaction that changes the
 * content: the row of each digest, the sums of the origin, and the number of holders of each blob.
 * The caller has locked the origin (OriginUsageStore.lock) and writes manifests and references
 * itself.
 */
export class Ledger {
  constructor(
    private readonly holdings: HoldingsStore,
    private readonly usage: OriginUsageStore,
    private readonly blobs: BlobRowStore,
    private readonly proofs: ProofStore,
    /** Runs after each commit that reserved room for content or recorded its arrival. */
    private readonly settleMissed: AfterCommitStep<PossibleArrival>,
  ) {}

  /**
   * Returns what it would cost to hold the manifest. Content that is held already costs nothing.
   * Content in the store without a proof costs what the manifest declares, like content that is not
   * there.
   */
  async cost(queries: Queries, origin: HoldingOrigin, content: ManifestContent): Promise<HoldingCost> {
    const present = await this.blobs.present(queries, content.blobs.keys());
    const before = await this.heldBefore(queries, origin, content, present);
    const { changes } = holding(content, { present, before, reservedUntil: 0 });
    const { used, reserved } = totalsOf(changes);
    return { bytes: used + reserved, before };
  }

  /**
   * Holds a manifest that its repository did not hold. Reserves room until `reservedUntil` for
   * blobs that are not in the store or not proven for the organization. `cost` is the cost of the
   * same content, if it is known.
   */
  async hold(
    queries: Queries,
    origin: HoldingOrigin,
    content: ManifestContent,
    {
      reservedUntil,
      now,
      cost,
    }: { readonly reservedUntil: number; readonly now: number; readonly cost?: HoldingCost | undefined },
  ): Promise<void> {
    // The lock makes sure that a concurrent collection has either finished or sees the new holder.
    const rows = await this.blobs.lockMany(queries, [content.digest, ...content.blobs.keys()]);
    const { originVersion } = origin;
    const present = presentOf(rows);
    const before = cost?.before ?? (await this.heldBefore(queries, origin, content, present));
    const { changes, parts } = holding(content, { present, before, reservedUntil });
    await this.holdings.putParts(queries, originVersion, parts);
    if (!present.has(content.digest)) await this.storeManifest(queries, content, now);
    await this.write(queries, originVersion, changes, now);
    const reserved = changes.filter(({ after }) => after.state === 'RESERVED').map(({ after }) => after.digest);
    this.checkForArrivals(queries, reserved, now);
  }

  /**
   * Releases manifests. Content that the origin no longer needs does not count any more. Content
   * without holders can be collected.
   */
  async release(
    queries: Queries,
    originVersion: string,
    contents: readonly ReleasedContent[],
    now: number,
  ): Promise<void> {
    const digests = contents.flatMap(({ digest, blobs }) => [digest, ...blobs]);
    const parts = new Map(
      (await this.holdings.findParts(queries, originVersion, contents.flatMap(partsOf))).map((part) => [
        partKey(part),
        part,
      ]),
    );
    const before = await this.holdings.find(queries, originVersion, digests);
    const touched = new Map<string, RepositoryHolding>();
    const after = new Map(before);
    for (const step of releaseSteps(contents, parts)) {
      touched.set(partKey(step.part), step.part);
      const holding = after.get(step.part.digest);
      if (holding === undefined) continue;
      after.set(step.part.digest, {
        ...holding,
        manifestRepositories: holding.manifestRepositories - step.manifestRepositories,
        blobRepositories: holding.blobRepositories - step.blobRepositories,
      });
    }
    const gone = [...touched.values()].filter((part) => !part.isManifest && part.namedBy <= 0);
    await this.holdings.removeParts(queries, originVersion, gone);
    await this.holdings.putParts(
      queries,
      originVersion,
      [...touched.values()].filter((part) => !gone.includes(part)),
    );
    const changes = [...after]
      .map(([digest, holding]) => ({ before: before.get(digest), after: holding }))
      .filter((change) => change.before !== change.after);
    await this.write(queries, originVersion, changes, now);
  }

  /** Records that content is in the store, with the number of origins that hold it. */
  async stored(queries: Queries, contents: readonly StoredContent[], now: number): Promise<void> {
    const digests = contents.map(({ digest }) => digest);
    const known = await this.blobs.find(queries, digests);
    await this.blobs.arrived(queries, contents);
    // A manifest stays held when its bytes are lost, so its holders must be counted when the bytes
    // are there again.
    const unknown = digests.filter((digest) => !known.has(digest));
    for (const [digest, holders] of await this.holdings.countHolders(queries, unknown))
      await this.blobs.setHolders(queries, digest, holders, now);
    this.checkForArrivals(queries, digests, now);
  }

  /** Records that the bytes of a held manifest were written to the store again. */
  async restore(queries: Queries, manifest: Pick<ManifestContent, 'digest' | 'size'>, now: number): Promise<void> {
    await this.storeManifest(queries, manifest, now);
  }

  /** Changes the states of holdings that the caller has read under the lock. */
  async change(
    queries: Queries,
    originVersion: string,
    changes: readonly { readonly before: Holding; readonly after: Holding }[],
    now: number,
  ): Promise<void> {
    await this.write(queries, originVersion, changes, now);
  }

  private checkForArrivals(queries: Queries, digests: readonly string[], now: number): void {
    hooksOf(queries).afterCommit(
      this.settleMissed,
      digests.map((digest) => ({ digest, now })),
    );
  }

  private async heldBefore(
    queries: Queries,
    { originVersion, rights }: HoldingOrigin,
    { repositoryId, digest, blobs }: ManifestContent,
    present: ReadonlyMap<string, number>,
  ): Promise<HeldBefore> {
    const digests = [digest, ...blobs.keys()];
    const stored = [...blobs.keys()].filter((name) => present.has(name));
    const proven = await this.proofs.provenTo(queries, rights, stored);
    const known = await this.holdings.find(queries, originVersion, digests);
    const keys = digests.map((name) => ({ repositoryId, digest: name }));
    const parts = await this.holdings.findParts(queries, originVersion, keys);
    return { known, parts: new Map(parts.map((part) => [part.digest, part])), proven };
  }

  /**
   * Records that the bytes of a manifest are in the store, where they are since before its
   * admission. This also revokes a pending deletion.
   */
  private async storeManifest(
    queries: Queries,
    { digest, size }: Pick<ManifestContent, 'digest' | 'size'>,
    now: number,
  ): Promise<void> {
    const row = await this.blobs.lock(queries, digest);
    if (row?.state !== 'PRESENT') await this.stored(queries, [{ digest, size, at: now }], now);
  }

  private async write(queries: Queries, originVersion: string, changes: readonly Change[], now: number): Promise<void> {
    const unneeded = changes.filter(({ after }) => isUnneeded(after)).map(({ after }) => after.digest);
    const needed = changes.map(({ after }) => after).filter((holding) => !isUnneeded(holding));
    assertSizes(originVersion, needed);
    await this.holdings.remove(queries, originVersion, unneeded);
    await this.holdings.put(queries, originVersion, needed);
    const digestsWhere = (test: (change: Change) => boolean): string[] =>
      changes
        .filter(test)
        .map(({ after }) => after.digest)
        .sort();
    await this.blobs.hold(
      queries,
      digestsWhere(({ before, after }) => !isHeld(before) && isHeld(after)),
    );
    await this.blobs.release(
      queries,
      digestsWhere(({ before, after }) => isHeld(before) && !isHeld(after)),
      now,
    );
    await this.proofs.removeUnneeded(queries, unneeded);
    await this.usage.add(
      queries,
      originVersion,
      totalsOf(changes),
      changes.map(({ after }) => after.digest),
    );
  }
}

/** Returns the new holdings of the origin, and the new parts of the repository. */
function holding(
  content: ManifestContent,
  {
    present,
    before: { known, parts: before, proven },
    reservedUntil,
  }: {
    readonly present: ReadonlyMap<string, number>;
    readonly before: HeldBefore;
    readonly reservedUntil: number;
  },
): { readonly changes: readonly Change[]; readonly parts: readonly RepositoryHolding[] } {
  const { repositoryId, digest, size, blobs } = content;
  const parts = new Map<string, RepositoryHolding>();
  const after = new Map<string, Holding>();
  const partOf = (name: string): RepositoryHolding =>
    parts.get(name) ?? before.get(name) ?? { repositoryId, digest: name, isManifest: false, namedBy: 0 };
  for (const [name, declared] of blobs) {
    const part = partOf(name);
    parts.set(name, { ...part, namedBy: part.namedBy + 1 });
    after.set(
      name,
      named(
        known.get(name),
        name,
        declared,
        proven.has(name) ? present.get(name) : undefined,
        part.namedBy === 0,
        reservedUntil,
      ),
    );
  }
  const part = partOf(digest);
  parts.set(digest, { ...part, isManifest: true });
  const own = after.get(digest) ?? known.get(digest);
  after.set(digest, {
    digest,
    size,
    manifestRepositories: (own?.manifestRepositories ?? 0) + (part.isManifest ? 0 : 1),
    blobRepositories: own?.blobRepositories ?? 0,
    state: 'HELD',
    reservedUntil: undefined,
  });
  const changes = [...after].map(([name, next]) => ({ before: known.get(name), after: next }));
  return { changes, parts: [...parts.values()] };
}

/**
 * Returns the holding of a blob that one more manifest names. `present` is its size in the store,
 * or undefined if it is not there or not proven for the organization.
 */
function named(
  before: Holding | undefined,
  digest: string,
  declared: number,
  present: number | undefined,
  newToRepository: boolean,
  reservedUntil: number,
): Holding {
  const blobRepositories = (before?.blobRepositories ?? 0) + (newToRepository ? 1 : 0);
  if (isHeld(before)) return { ...before!, blobRepositories };
  const manifestRepositories = before?.manifestRepositories ?? 0;
  if (present !== undefined)
    return { digest, size: present, manifestRepositories, blobRepositories, state: 'HELD', reservedUntil: undefined };
  // A reservation of 0 bytes is one for a blob of unknown size (see possibleSize).
  const size = before?.state === 'RESERVED' && before.size > 0 ? before.size : declared;
  return { digest, size, manifestRepositories, blobRepositories, state: 'RESERVED', reservedUntil };
}

function totalsOf(changes: readonly Change[]): Totals {
  return changes.reduce(
    (total, { before, after }) => sum(total, difference(contribution(after), contribution(before))),
    NO_TOTALS,
  );
}
