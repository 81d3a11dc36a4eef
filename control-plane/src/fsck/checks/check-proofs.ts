import { type BlobProofRow, type EndedIdentityRow, Table } from '../../../../schema/tables';
import type { Queries } from '../../db/database';
import { fromIdentityColumns, type IdentityColumns } from '../../tenancy/organizations/organization.rows';
import { identitiesOf } from '../../tenancy/organizations/upstream-identities';
import type { FsckParts } from '../parts/fsck-parts';

/** Rows read by one statement. */
const PAGE = 500;

/**
 * Checks that proofs belong to an identity that an organization has, and to content that exists.
 * Whether a proof is true cannot be checked: only the upstream knows. Proofs of identities that
 * wait for their deletion, of lost content that a manifest names, and of content that a data plane
 * stores or fills, are no problem.
 */
export async function checkProofs(parts: FsckParts): Promise<void> {
  await checkIdentities(parts);
  await checkDigests(parts);
}

async function checkIdentities({ database, stores, clock, options, report, signal }: FsckParts): Promise<void> {
  for (let after = ''; ;) {
    signal.throwIfAborted();
    const row = await database
      .reader<BlobProofRow>(Table.blobProofs)
      .where('identity', '>', after)
      .orderBy('identity')
      .first<{ identity: string } | undefined>('identity');
    if (row === undefined) return;
    const { identity } = row;
    after = identity;
    if (await isKnown(database.reader, identity)) continue;
    if (options.repair) {
      await database.transaction((queries) => stores.proofs.endIdentities(queries, [identity], clock.now()));
      while (await database.transaction((queries) => stores.proofs.removeEnded(queries))) signal.throwIfAborted();
    }
    report.add({
      kind: 'LEFT_OVER_PROOF',
      message: `proofs belong to the upstream identity ${identity}, which no organization has`,
      repaired: options.repair,
    });
  }
}

/** Returns whether an organization has an identity, or the deletion of its proofs is pending. */
async function isKnown(queries: Queries, identity: string): Promise<boolean> {
  const ended = await queries<EndedIdentityRow>(Table.endedIdentities).where('identity', identity).first('identity');
  if (ended !== undefined) return true;
  const version = identity.slice(identity.indexOf(':') + 1);
  const rows = await queries<IdentityColumns>(Table.proxyConfigs)
    .where('shared_identity', identity)
    .orWhere('account_version', version)
    .orWhere('credential_version', version)
    .select('credential_version', 'account_version', 'shared_identity', 'identified_version');
  return rows.some((row) => identitiesOf(fromIdentityColumns(row as IdentityColumns)).includes(identity));
}

async function checkDigests({ database, stores, copies, options, report, progress, signal }: FsckParts): Promise<void> {
  for (let after = ''; ;) {
    signal.throwIfAborted();
    const page = await database
      .reader<BlobProofRow>(Table.blobProofs)
      .where('digest', '>', after)
      .distinct<{ digest: string }[]>('digest')
      .orderBy('digest')
      .limit(PAGE);
    const digests = page.map(({ digest }) => digest);
    const known = await stores.blobs.find(database.reader, digests);
    const named = await stores.holdings.named(database.reader, digests);
    const unknown = digests.filter((digest) => !known.has(digest) && !named.has(digest));
    const states = await copies.stat(unknown);
    for (const digest of unknown) {
      const { copies: found, inUse } = states.get(digest)!;
      if (found.length > 0 || inUse) continue;
      if (options.repair) await database.transaction((queries) => stores.proofs.removeUnneeded(queries, [digest]));
      report.add({
        kind: 'LEFT_OVER_PROOF',
        digest,
        message: 'there are proofs of the right to read it, but no manifest names it and no data plane stores it',
        repaired: options.repair,
      });
    }
    progress.advance(page.length);
    if (page.length < PAGE) return;
    after = digests.at(-1)!;
  }
}

/** Returns the number of digests with proofs, which {@link checkProofs} reads. */
export async function countProvenDigests(queries: Queries): Promise<number> {
  const [row] = (await queries(Table.blobProofs).countDistinct({ n: 'digest' })) as { n: number | string }[];
  return Number(row?.n ?? 0);
}
