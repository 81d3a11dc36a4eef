import { Table, type TagRow } from '../../../../schema/tables';
import type { Queries } from '../../db/database';
import { TagChange } from '../../cache/content/tag-life';
import type { FsckParts } from '../parts/fsck-parts';
import { describeOrigin, underOrigin } from '../parts/origins';

/** Tags, or manifests with references, read by one statement. */
const PAGE = 500;

/** A version of a tag with the copied columns and their sources. */
interface LinkedTag extends Pick<TagRow, 'id' | 'name' | 'digest' | 'origin_version' | 'repository_id'> {
  /** The digest of its manifest; null if the manifest does not exist. */
  readonly manifest_digest: string | null;
  readonly manifest_repository: number | null;
  /** The origin of its repository; null if the repository does not exist. */
  readonly repository_origin: string | null;
}

/**
 * Checks that the manifest of every version of a tag exists, and that the copied columns match. A
 * version without a manifest is never found, and blocks the next pull of the tag.
 */
export async function checkTags(parts: FsckParts): Promise<void> {
  const { database, stores, clock, options, report, signal, progress } = parts;
  for (let after = 0; ;) {
    signal.throwIfAborted();
    const page = await read(database.reader, (query) => query.where('t.id', '>', after).orderBy('t.id').limit(PAGE));
    for (const tag of page.filter((row) => !isLinked(row))) {
      const origin = await describeOrigin(database.reader, tag.repository_origin ?? tag.origin_version);
      if (options.repair)
        await underOrigin(parts, origin, async (queries) => {
          const [row] = await read(queries, (query) => query.where('t.id', tag.id));
          if (row === undefined || isLinked(row)) return;
          const version = (await stores.tags.findById(queries, row.id))!;
          if (row.repository_origin !== null && row.manifest_repository === row.repository_id) {
            const change = TagChange.of(version, {
              kind: 'RELINKED',
              digest: row.manifest_digest!,
              originVersion: row.repository_origin,
            });
            if (change !== undefined) await stores.tags.update(queries, change);
            return;
          }
          await stores.tags.delete(queries, [version]);
          const repository = (await stores.repositories.namesOf(queries, [row.repository_id])).get(row.repository_id);
          if (repository === undefined || origin.organizationUid === undefined) return;
          const forget = { organizationUid: origin.organizationUid, repository, tag: row.name, digest: '' };
          await stores.invalidations.append(queries, [forget], clock.now());
        });
      report.add({
        kind: 'BROKEN_LINK',
        digest: tag.digest,
        organization: origin.organization,
        message: `tag ${tag.name} ${describeFault(tag)}`,
        repaired: options.repair,
      });
    }
    progress.advance(page.length);
    if (page.length < PAGE) return;
    after = page.at(-1)!.id;
  }
}

/**
 * Checks that the manifest of every reference exists, because a missing manifest must not give
 * access to a blob.
 */
export async function checkReferences({ database, options, report, signal }: FsckParts): Promise<void> {
  const lost = (queries: Queries) =>
    queries(`${Table.manifestReferences} as x`)
      .leftJoin(`${Table.manifests} as m`, 'm.id', 'x.manifest_id')
      .whereRaw('(m.id IS NULL OR m.repository_id <> x.repository_id)');
  for (let after = 0; ;) {
    signal.throwIfAborted();
    const page: { manifest_id: number }[] = await database
      .reader(Table.manifestReferences)
      .where('manifest_id', '>', after)
      .distinct('manifest_id')
      .orderBy('manifest_id')
      .limit(PAGE);
    const ids = page.map(({ manifest_id }) => manifest_id);
    const wrong: { id: number; owner: number | null; repository_id: number | null }[] = await lost(database.reader)
      .whereIn('x.manifest_id', ids)
      .distinct('x.manifest_id as id', 'm.id as owner', 'm.repository_id as repository_id');
    for (const { id, owner, repository_id } of wrong) {
      if (options.repair)
        await database.transaction(async (queries) => {
          const references = queries(Table.manifestReferences).where('manifest_id', id);
          if (owner === null) {
            const isBack = await queries(Table.manifests).where('id', id).first('id');
            if (isBack === undefined) await references.delete();
          } else await references.update({ repository_id });
        });
      report.add({
        kind: 'BROKEN_LINK',
        message:
          `manifest number ${id} ` +
          (owner === null ? 'does not exist, but has references' : 'has references recorded under another repository'),
        repaired: options.repair,
      });
    }
    if (page.length < PAGE) return;
    after = ids.at(-1)!;
  }
}

async function read(
  queries: Queries,
  narrow: (query: ReturnType<Queries>) => ReturnType<Queries>,
): Promise<readonly LinkedTag[]> {
  const query = queries(`${Table.tags} as t`)
    .leftJoin(`${Table.manifests} as m`, 'm.id', 't.manifest_id')
    .leftJoin(`${Table.repositories} as r`, 'r.id', 't.repository_id')
    .select(
      't.id',
      't.name',
      't.digest',
      't.origin_version',
      't.repository_id',
      'm.digest as manifest_digest',
      'm.repository_id as manifest_repository',
      'r.origin_version as repository_origin',
    );
  return (await narrow(query)) as LinkedTag[];
}

function isLinked(row: LinkedTag): boolean {
  return (
    row.manifest_digest === row.digest &&
    row.manifest_repository === row.repository_id &&
    row.repository_origin === row.origin_version
  );
}

function describeFault(row: LinkedTag): string {
  if (row.manifest_digest === null) return 'points to a manifest that does not exist';
  if (row.repository_origin === null) return 'belongs to a repository that does not exist';
  if (row.manifest_repository !== row.repository_id) return 'points to a manifest of another repository';
  return row.manifest_digest === row.digest
    ? 'is recorded under another upstream than its repository'
    : `has another digest than its manifest ${row.manifest_digest}`;
}
