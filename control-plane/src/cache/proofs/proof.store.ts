import {
  type BlobProofRow,
  type BlobRow,
  type EndedIdentityRow,
  type OriginHoldingRow,
  Table,
} from '../../../../schema/tables';
import type { UpstreamRule } from '../../../../common/oci/upstream-rule';
import { bulkInsert } from '../../db/bulk-insert';
import { chunks } from '../../db/chunks';
import type { Queries } from '../../db/database';

/** A proof that an upstream gives a blob: bytes came from there with this identity. */
export interface BlobProof {
  readonly identity: string;
  readonly digest: string;
  /** The complete name of the repository at the upstream. */
  readonly upstreamRepository: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/**
 * What decides which proofs are good for an organization: it has one of the identities and may pull
 * from the proving repository too.
 */
export interface UpstreamRights {
  readonly identities: readonly string[];
  readonly mayPull: UpstreamRule;
}

/** The rights of an organization without an upstream. */
export const NO_RIGHTS: UpstreamRights = { identities: [], mayPull: () => false };

/** Returns the map key of the proofs of a digest for an identity. */
export function proofKey({ identity, digest }: Pick<BlobProof, 'identity' | 'digest'>): string {
  return `${identity} ${digest}`;
}

/** Repositories that are kept for an identity and a digest, the newest. */
export const MAX_PROVING_REPOSITORIES = 8;
/** Digests in one step of a deletion. */
const STEP = 1000;

/**
 * Reads and writes proofs of the right to read a blob
 * (docs/design/pull-semantics.md#right-to-read).
 */
export class ProofStore {
  /** Returns those of these digests that are proven for an organization. */
  async provenTo(
    queries: Queries,
    { identities, mayPull }: UpstreamRights,
    digests: Iterable<string>,
  ): Promise<ReadonlySet<string>> {
    const proven = new Set<string>();
    if (identities.length === 0) return proven;
    for (const part of chunks([...new Set(digests)])) {
      const rows = await queries<BlobProofRow>(Table.blobProofs)
        .whereIn('identity', [...identities])
        .whereIn('digest', part)
        .select('digest', 'upstream_repository');
      for (const row of rows) if (mayPull(row.upstream_repository)) proven.add(row.digest);
    }
    return proven;
  }

  /**
   * Returns the repositories of all proofs of these digests for these identities, by {@link
   * proofKey}.
   */
  async repositoriesOf(
    queries: Queries,
    identities: readonly string[],
    digests: readonly string[],
  ): Promise<ReadonlyMap<string, readonly string[]>> {
    const found = new Map<string, string[]>();
    const wanted = [...new Set(digests)];
    for (const some of chunks(identities))
      for (const part of chunks(wanted)) {
        const rows = (await queries<BlobProofRow>(Table.blobProofs)
          .whereIn('identity', some)
          .whereIn('digest', part)
          .select('identity', 'digest', 'upstream_repository')) as BlobProofRow[];
        for (const row of rows) {
          const key = proofKey(row);
          const known = found.get(key);
          if (known === undefined) found.set(key, [row.upstream_repository]);
          else known.push(row.upstream_repository);
        }
      }
    return found;
  }

  /**
   * Returns the repositories that proved a digest for one of these identities, the newest first.
   */
  async repositories(queries: Queries, identities: readonly string[], digest: string): Promise<readonly string[]> {
    if (identities.length === 0) return [];
    const rows = await queries<BlobProofRow>(Table.blobProofs)
      .whereIn('identity', [...identities])
      .where('digest', digest)
      .orderBy('proven_at', 'desc')
      .select('upstream_repository');
    return [...new Set(rows.map((row) => row.upstream_repository))];
  }

  /**
   * Records proofs. A repository that proved the digest before counts as the newest. The caller has
   * checked that the organizations have these identities.
   */
  async record(queries: Queries, proofs: readonly BlobProof[]): Promise<void> {
    if (proofs.length === 0) return;
    const rows = new Map<string, BlobProofRow>();
    for (const { identity, digest, upstreamRepository, at } of proofs) {
      const key = `${identity} ${digest} ${upstreamRepository}`;
      const provenAt = Math.max(at, rows.get(key)?.proven_at ?? 0);
      rows.set(key, { identity, digest, upstream_repository: upstreamRepository, proven_at: provenAt });
    }
    // All writers use the same order, so that they wait for each other and do not deadlock.
    const sorted = [...rows.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
    await bulkInsert(queries, Table.blobProofs, sorted, {
      kind: 'merge',
      key: ['identity', 'digest', 'upstream_repository'],
      columns: { proven_at: 'replace' },
    });
    await this.trim(queries, sorted);
  }

  /**
   * Deletes the proofs of those of these digests that have no row in `blobs` and that no origin
   * names. Proofs of lost blobs that a manifest names stay, so that an organization still sees the
   * findings of its image. The caller has just deleted the row or the holding of each digest.
   */
  async removeUnneeded(queries: Queries, digests: readonly string[]): Promise<void> {
    for (const part of chunks([...new Set(digests)].sort())) {
      // The lock waits for a transaction that deletes the row while this one deletes the holding.
      const rows = await queries<BlobRow>(Table.blobs)
        .whereIn('digest', part)
        .orderBy('digest')
        .forUpdate()
        .select('digest');
      const kept = new Set(rows.map(({ digest }) => digest));
      const gone = part.filter((digest) => !kept.has(digest));
      if (gone.length === 0) continue;
      const named = await queries<OriginHoldingRow>(Table.originHoldings)
        .whereIn('digest', gone)
        .distinct<{ digest: string }[]>('digest');
      for (const { digest } of named) kept.add(digest);
      const unneeded = gone.filter((digest) => !kept.has(digest));
      if (unneeded.length > 0) await queries(Table.blobProofs).whereIn('digest', unneeded).delete();
    }
  }

  /** Notes that an organization lost these identities. {@link removeEnded} deletes their proofs. */
  async endIdentities(queries: Queries, identities: readonly string[], now: number): Promise<void> {
    const rows: EndedIdentityRow[] = [...identities].sort().map((identity) => ({ identity, ended_at: now }));
    await bulkInsert(queries, Table.endedIdentities, rows, { kind: 'keep' });
  }

  /** Returns whether identities have ended whose proofs were not deleted yet. */
  async hasEnded(queries: Queries): Promise<boolean> {
    return (await queries(Table.endedIdentities).first('identity')) !== undefined;
  }

  /**
   * Deletes some proofs of one ended identity, unless an organization has it (again). Returns false
   * if no ended identity is left.
   */
  async removeEnded(queries: Queries): Promise<boolean> {
    // The lock waits for a transaction that ends the same identity for another organization.
    const ended = await queries<EndedIdentityRow>(Table.endedIdentities)
      .orderBy('identity')
      .limit(1)
      .forUpdate()
      .first<EndedIdentityRow | undefined>();
    if (ended === undefined) return false;
    const { identity } = ended;
    // An account version is never used again, so only a shared identity can be in use.
    const isInUse = await queries(Table.proxyConfigs).where('shared_identity', identity).first('organization_uid');
    const digests =
      isInUse === undefined
        ? await queries<BlobProofRow>(Table.blobProofs)
            .where('identity', identity)
            .distinct<{ digest: string }[]>('digest')
            .orderBy('digest')
            .limit(STEP)
        : [];
    for (const part of chunks(digests.map(({ digest }) => digest)))
      await queries(Table.blobProofs).where('identity', identity).whereIn('digest', part).delete();
    if (digests.length < STEP) await queries(Table.endedIdentities).where('identity', identity).delete();
    return true;
  }

  /** Deletes the oldest repositories of each identity and digest above the limit. */
  private async trim(queries: Queries, written: readonly BlobProofRow[]): Promise<void> {
    const digestsOf = new Map<string, Set<string>>();
    for (const { identity, digest } of written)
      digestsOf.set(identity, (digestsOf.get(identity) ?? new Set()).add(digest));
    for (const [identity, digests] of digestsOf)
      for (const part of chunks([...digests])) {
        const crowded = (await queries<BlobProofRow>(Table.blobProofs)
          .where('identity', identity)
          .whereIn('digest', part)
          .groupBy('digest')
          .having(queries.raw('COUNT(*)'), '>', MAX_PROVING_REPOSITORIES)
          .select('digest')) as { digest: string }[];
        for (const { digest } of crowded) await this.trimOne(queries, identity, digest);
      }
  }

  private async trimOne(queries: Queries, identity: string, digest: string): Promise<void> {
    const rows = await queries<BlobProofRow>(Table.blobProofs)
      .where({ identity, digest })
      .orderBy('proven_at', 'desc')
      .orderBy('upstream_repository')
      .select('upstream_repository');
    const old = rows.slice(MAX_PROVING_REPOSITORIES).map((row) => row.upstream_repository);
    for (const part of chunks(old))
      await queries(Table.blobProofs).where({ identity, digest }).whereIn('upstream_repository', part).delete();
  }
}
