import { type OriginHoldingRow, type RepositoryHoldingRow, Table } from '../../../../schema/tables';
import type { StoredContent } from './blob.store';
import { bulkInsert } from '../../db/bulk-insert';
import { chunks } from '../../db/chunks';
import type { Queries } from '../../db/database';
import { type Holding, type HoldingState, isHeld } from './holding';

/** A digest in an origin. */
export interface HoldingKey {
  readonly originVersion: string;
  readonly digest: string;
}

/** Stored content that an origin names. */
export type StoredHolding = HoldingKey & StoredContent;

/** Returns the map key of a digest in an origin. */
export function holdingKey({ originVersion, digest }: HoldingKey): string {
  return `${originVersion} ${digest}`;
}

/** A digest in a repository. */
export interface PartKey {
  readonly repositoryId: number;
  readonly digest: string;
}

/** Returns the map key for the part of a repository in a digest. */
export function partKey({ repositoryId, digest }: PartKey): string {
  return `${repositoryId} ${digest}`;
}

/** What one repository needs a digest for. */
export interface RepositoryHolding extends PartKey {
  readonly isManifest: boolean;
  /** Number of manifests of the repository that name it as layer or config. */
  readonly namedBy: number;
}

/** Pairs in one statement: MariaDB is slow with hundreds of pairs. */
const PARTS_AT_ONCE = 50;

/**
 * Reads and writes holdings by digest. {@link OriginUsageStore} keeps their sums. Only the ledger
 * changes both.
 */
export class HoldingsStore {
  /**
   * Returns the holdings of an origin for these digests, by digest. Digests without a holding are
   * left out.
   */
  async find(queries: Queries, originVersion: string, digests: Iterable<string>): Promise<Map<string, Holding>> {
    const found = new Map<string, Holding>();
    for (const part of chunks([...new Set(digests)])) {
      const rows: OriginHoldingRow[] = await queries<OriginHoldingRow>(Table.originHoldings)
        .where('origin_version', originVersion)
        .whereIn('digest', part);
      for (const row of rows) found.set(row.digest, toHolding(row));
    }
    return found;
  }

  /**
   * Returns the sizes in bytes of the holdings that count as used, by {@link holdingKey}. The
   * others are left out.
   */
  async heldSizes(queries: Queries, keys: readonly HoldingKey[]): Promise<ReadonlyMap<string, number>> {
    const digestsOf = new Map<string, Set<string>>();
    for (const { originVersion, digest } of keys)
      digestsOf.set(originVersion, (digestsOf.get(originVersion) ?? new Set()).add(digest));
    const sizes = new Map<string, number>();
    for (const [originVersion, digests] of digestsOf)
      for (const holding of (await this.find(queries, originVersion, digests)).values())
        if (isHeld(holding)) sizes.set(holdingKey({ originVersion, digest: holding.digest }), holding.size);
    return sizes;
  }

  /**
   * Returns the origins that name one of these digests but do not hold it. An arrival concerns
   * them.
   */
  async waiting(queries: Queries, digests: readonly string[]): Promise<readonly HoldingKey[]> {
    const keys: HoldingKey[] = [];
    for (const part of chunks(digests)) {
      const rows = await queries<OriginHoldingRow>(Table.originHoldings)
        .whereIn('digest', part)
        .whereIn('state', ['RESERVED', 'LAPSED'])
        .select('origin_version', 'digest');
      keys.push(...rows.map((row) => ({ originVersion: row.origin_version, digest: row.digest })));
    }
    return keys;
  }

  /**
   * Returns those of these digests that are in the store although an origin counts them as
   * reserved, once for each such origin.
   */
  async reservedInStore(queries: Queries, digests: readonly string[]): Promise<readonly StoredHolding[]> {
    const found: StoredHolding[] = [];
    for (const part of chunks([...new Set(digests)]))
      found.push(
        ...(await queries(`${Table.originHoldings} as h`)
          .join(`${Table.blobs} as b`, 'b.digest', 'h.digest')
          .whereIn('h.digest', part)
          .where({ 'h.state': 'RESERVED', 'b.state': 'PRESENT' })
          .select<StoredHolding[]>({
            originVersion: 'h.origin_version',
            digest: 'b.digest',
            size: 'b.size',
            at: 'b.present_at',
          })),
      );
    return found;
  }

  /**
   * Returns up to `limit` digests after `after` that are in the store although this origin counts
   * them as reserved, ordered by digest.
   */
  async reservedByOrigin(
    queries: Queries,
    originVersion: string,
    after: string,
    limit: number,
  ): Promise<readonly StoredHolding[]> {
    return queries(`${Table.originHoldings} as h`)
      .join(`${Table.blobs} as b`, 'b.digest', 'h.digest')
      .where({ 'h.origin_version': originVersion, 'h.state': 'RESERVED', 'b.state': 'PRESENT' })
      .where('h.digest', '>', after)
      .orderBy('h.digest')
      .limit(limit)
      .select<StoredHolding[]>({
        originVersion: 'h.origin_version',
        digest: 'b.digest',
        size: 'b.size',
        at: 'b.present_at',
      });
  }

  /** Returns those of these digests that another origin than this one names. */
  async namedElsewhere(
    queries: Queries,
    originVersion: string,
    digests: readonly string[],
  ): Promise<ReadonlySet<string>> {
    const found = new Set<string>();
    for (const part of chunks([...new Set(digests)])) {
      const rows = await queries<OriginHoldingRow>(Table.originHoldings)
        .whereIn('digest', part)
        .whereNot('origin_version', originVersion)
        .distinct<{ digest: string }[]>('digest');
      for (const { digest } of rows) found.add(digest);
    }
    return found;
  }

  /** Returns those of these digests that an origin has a holding of, in whatever state. */
  async named(queries: Queries, digests: readonly string[]): Promise<ReadonlySet<string>> {
    const found = new Set<string>();
    for (const part of chunks(digests)) {
      const rows = await queries<OriginHoldingRow>(Table.originHoldings)
        .whereIn('digest', part)
        .distinct<{ digest: string }[]>('digest');
      for (const { digest } of rows) found.add(digest);
    }
    return found;
  }

  /** Returns the origins that hold this digest as a blob, not only as a manifest. */
  async holdersOf(queries: Queries, digest: string): Promise<readonly HoldingKey[]> {
    const rows = await queries<OriginHoldingRow>(Table.originHoldings)
      .where({ digest, state: 'HELD' })
      .select('origin_version', 'digest');
    return rows.map((row) => ({ originVersion: row.origin_version, digest: row.digest }));
  }

  /** Returns how many origins hold each of these digests. Digests without holders are left out. */
  async countHolders(queries: Queries, digests: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const counts = new Map<string, number>();
    for (const part of chunks(digests)) {
      const rows = (await queries<OriginHoldingRow>(Table.originHoldings)
        .whereIn('digest', part)
        .where((held) => held.where('state', 'HELD').orWhere('manifest_repositories', '>', 0))
        .groupBy('digest')
        .select('digest')
        .count({ n: '*' })) as unknown as { digest: string; n: number | string }[];
      for (const { digest, n } of rows) counts.set(digest, Number(n));
    }
    return counts;
  }

  /** Returns up to `limit` reservations that have ended, the oldest first. */
  async overdue(queries: Queries, now: number, limit: number): Promise<readonly HoldingKey[]> {
    const rows = await queries<OriginHoldingRow>(Table.originHoldings)
      .where('reserved_until', '<=', now)
      .orderBy('reserved_until')
      .limit(limit)
      .select('origin_version', 'digest');
    return rows.map((row) => ({ originVersion: row.origin_version, digest: row.digest }));
  }

  /**
   * Returns up to `limit` reservations of an origin, the largest first. Without digests that a
   * repository holds as a manifest: those count as used.
   */
  async largestReserved(queries: Queries, originVersion: string, limit: number): Promise<readonly Holding[]> {
    const rows: OriginHoldingRow[] = await queries<OriginHoldingRow>(Table.originHoldings)
      .where({ origin_version: originVersion, state: 'RESERVED', manifest_repositories: 0 })
      .orderBy('size', 'desc')
      .limit(limit);
    return rows.map(toHolding);
  }

  /** Writes holdings of one origin and replaces existing ones. */
  async put(queries: Queries, originVersion: string, holdings: readonly Holding[]): Promise<void> {
    const rows: OriginHoldingRow[] = holdings.map((holding) => ({
      origin_version: originVersion,
      digest: holding.digest,
      size: holding.size,
      manifest_repositories: holding.manifestRepositories,
      blob_repositories: holding.blobRepositories,
      state: holding.state,
      reserved_until: holding.reservedUntil ?? null,
    }));
    await bulkInsert(queries, Table.originHoldings, rows, {
      kind: 'merge',
      key: ['origin_version', 'digest'],
      columns: {
        size: 'replace',
        manifest_repositories: 'replace',
        blob_repositories: 'replace',
        state: 'replace',
        reserved_until: 'replace',
      },
    });
  }

  /** Deletes holdings of one origin. */
  async remove(queries: Queries, originVersion: string, digests: readonly string[]): Promise<void> {
    for (const part of chunks(digests))
      await queries(Table.originHoldings).where('origin_version', originVersion).whereIn('digest', part).delete();
  }

  /**
   * Returns the parts of these repositories in these digests of an origin. The caller names both,
   * because a base layer has a part in every repository that uses it, and no caller needs them all.
   */
  async findParts(
    queries: Queries,
    originVersion: string,
    keys: readonly PartKey[],
  ): Promise<readonly RepositoryHolding[]> {
    const parts: RepositoryHolding[] = [];
    const wanted = [...new Map(keys.map((key) => [partKey(key), key])).values()];
    for (const part of chunks(wanted, PARTS_AT_ONCE)) {
      const rows = (await queries<RepositoryHoldingRow>(Table.repositoryHoldings)
        .where('origin_version', originVersion)
        .whereIn(
          ['digest', 'repository_id'],
          part.map(({ digest, repositoryId }) => [digest, repositoryId]),
        )) as RepositoryHoldingRow[];
      parts.push(...rows.map(toPart));
    }
    return parts;
  }

  /** Returns the parts of all repositories in these digests of an origin. */
  async allParts(
    queries: Queries,
    originVersion: string,
    digests: readonly string[],
  ): Promise<readonly RepositoryHolding[]> {
    const parts: RepositoryHolding[] = [];
    for (const part of chunks([...new Set(digests)])) {
      const rows = (await queries<RepositoryHoldingRow>(Table.repositoryHoldings)
        .where('origin_version', originVersion)
        .whereIn('digest', part)) as RepositoryHoldingRow[];
      parts.push(...rows.map(toPart));
    }
    return parts;
  }

  /** Writes parts of repositories and replaces existing ones. */
  async putParts(queries: Queries, originVersion: string, parts: readonly RepositoryHolding[]): Promise<void> {
    const rows: RepositoryHoldingRow[] = parts.map((part) => ({
      origin_version: originVersion,
      digest: part.digest,
      repository_id: part.repositoryId,
      is_manifest: part.isManifest ? 1 : 0,
      named_by: part.namedBy,
    }));
    await bulkInsert(queries, Table.repositoryHoldings, rows, {
      kind: 'merge',
      key: ['origin_version', 'digest', 'repository_id'],
      columns: { is_manifest: 'replace', named_by: 'replace' },
    });
  }

  /** Deletes parts of repositories. */
  async removeParts(
    queries: Queries,
    originVersion: string,
    parts: readonly { readonly repositoryId: number; readonly digest: string }[],
  ): Promise<void> {
    const byRepository = new Map<number, string[]>();
    for (const { repositoryId, digest } of parts)
      byRepository.set(repositoryId, [...(byRepository.get(repositoryId) ?? []), digest]);
    for (const [repositoryId, digests] of byRepository)
      for (const part of chunks(digests))
        await queries(Table.repositoryHoldings)
          .where({ origin_version: originVersion, repository_id: repositoryId })
          .whereIn('digest', part)
          .delete();
  }
}

function toPart(row: RepositoryHoldingRow): RepositoryHolding {
  return {
    repositoryId: row.repository_id,
    digest: row.digest,
    isManifest: row.is_manifest === 1,
    namedBy: row.named_by,
  };
}

function toHolding(row: OriginHoldingRow): Holding {
  return {
    digest: row.digest,
    size: row.size,
    manifestRepositories: row.manifest_repositories,
    blobRepositories: row.blob_repositories,
    state: row.state as HoldingState,
    reservedUntil: row.reserved_until ?? undefined,
  };
}
