import { HELD_ROLES } from '../../../../common/oci/held-role';
import { type ManifestReferenceRow, type ManifestRow, Table } from '../../../../schema/tables';
import { bulkInsert } from '../../db/bulk-insert';
import { bulkUpdate } from '../../db/bulk-update';
import { chunks } from '../../db/chunks';
import type { Queries } from '../../db/database';
import { findHooks, hooksOf } from '../../db/transaction-hooks';
import { LIVE } from './live-repositories';
import { CLASSIFICATION, findManifests, findParents, type ManifestKey } from './classify-manifests';

/** A manifest to create. */
export type NewManifest = Omit<ManifestRow, 'id' | 'last_pulled_at' | 'used_at' | 'eviction_class' | 'eviction_at'>;
/** A reference of a manifest to create. */
export type NewReference = Omit<ManifestReferenceRow, 'manifest_id' | 'repository_id'>;

/** Maximum depth of nested indexes (docs/design/pull-semantics.md#manifest-limits). */
const MAX_DEPTH = 4;

/** Reads and writes manifests and their references. */
export class ManifestStore {
  /** Returns the manifest of a repository, or undefined if the repository does not hold it. */
  async find(queries: Queries, repositoryId: number, digest: string): Promise<ManifestRow | undefined> {
    return queries<ManifestRow>(Table.manifests)
      .where({ repository_id: repositoryId, digest })
      .first<ManifestRow | undefined>();
  }

  /** Returns the manifests with these ids, unordered. */
  async findByIds(queries: Queries, ids: readonly number[]): Promise<readonly ManifestRow[]> {
    return findManifests(queries, ids);
  }

  /** Returns the manifests of one repository with these digests. */
  async findByDigests(
    queries: Queries,
    repositoryId: number,
    digests: readonly string[],
  ): Promise<readonly ManifestRow[]> {
    const rows: ManifestRow[] = [];
    for (const part of chunks(digests))
      rows.push(
        ...(await queries<ManifestRow>(Table.manifests).where('repository_id', repositoryId).whereIn('digest', part)),
      );
    return rows;
  }

  /** Returns the manifests of these (repository, digest) pairs. Unknown ones are left out. */
  async findMany(queries: Queries, keys: readonly ManifestKey[]): Promise<readonly ManifestRow[]> {
    const rows: ManifestRow[] = [];
    for (const part of chunks(keys)) rows.push(...(await byKeys(queries, part)));
    return rows;
  }

  /** Returns the manifests like {@link findMany}, locked until the transaction ends. */
  async lockMany(queries: Queries, keys: readonly ManifestKey[]): Promise<readonly ManifestRow[]> {
    return keys.length === 0 ? [] : byKeys(queries, keys).orderBy('id').forUpdate();
  }

  /**
   * Creates a manifest with its references, if its repository does not hold it. The manifest and
   * its children are classified before the commit.
   */
  async create(queries: Queries, manifest: NewManifest, references: readonly NewReference[]): Promise<ManifestRow> {
    // The manifest has no class until the classification runs.
    const row: Omit<ManifestRow, 'id'> = {
      ...manifest,
      last_pulled_at: null,
      used_at: manifest.created_at,
      eviction_class: null,
      eviction_at: manifest.created_at,
    };
    await bulkInsert(queries, Table.manifests, [row], { kind: 'keep' });
    const created = await this.find(queries, manifest.repository_id, manifest.digest);
    if (created === undefined) throw new Error('The manifest was not found after its insertion.');
    const rows: ManifestReferenceRow[] = references.map((reference) => ({
      manifest_id: created.id,
      repository_id: created.repository_id,
      ...reference,
    }));
    await bulkInsert(queries, Table.manifestReferences, rows, { kind: 'keep' });
    const children = await this.findMany(queries, childKeys(rows));
    hooksOf(queries).beforeCommit(CLASSIFICATION, [created.id, ...children.map(({ id }) => id)]);
    return created;
  }

  /** Returns the references of these manifests, ordered by manifest, role and position. */
  async references(queries: Queries, manifestIds: readonly number[]): Promise<readonly ManifestReferenceRow[]> {
    const rows: ManifestReferenceRow[] = [];
    for (const part of chunks(manifestIds))
      rows.push(
        ...(await queries<ManifestReferenceRow>(Table.manifestReferences)
          .whereIn('manifest_id', part)
          .orderBy(['manifest_id', 'role', 'position'])),
      );
    return rows;
  }

  /**
   * Returns a reference of a manifest of the repository to this blob, one with a size if there is
   * one. It gives clients the right to ask the upstream for the blob, also for one that is stored
   * elsewhere.
   */
  async findBlobReference(
    queries: Queries,
    repositoryId: number,
    digest: string,
  ): Promise<ManifestReferenceRow | undefined> {
    return queries<ManifestReferenceRow>(Table.manifestReferences)
      .where({ repository_id: repositoryId, digest })
      .whereIn('role', [...HELD_ROLES, 'FOREIGN'])
      .orderBy('size', 'desc')
      .first<ManifestReferenceRow | undefined>();
  }

  /** Writes new times of the last pull to rows that {@link lockMany} returned. */
  async pulled(queries: Queries, rows: readonly ManifestRow[]): Promise<void> {
    await bulkUpdate(queries, Table.manifests, rows, ['last_pulled_at', 'used_at', 'eviction_at']);
  }

  /** Records a use that is not a pull. Ignores a time before the stored one. */
  async used(queries: Queries, id: number, at: number): Promise<void> {
    await queries<ManifestRow>(Table.manifests).where('id', id).where('used_at', '<', at).update({ used_at: at });
    hooksOf(queries).beforeCommit(CLASSIFICATION, [id]);
  }

  /**
   * Returns the indexes of the same repository that name one of these manifests, with the named
   * digest.
   */
  async parents(
    queries: Queries,
    keys: readonly ManifestKey[],
  ): Promise<readonly Pick<ManifestReferenceRow, 'manifest_id' | 'repository_id' | 'digest'>[]> {
    return findParents(queries, keys);
  }

  /** Returns the ids of all indexes above these manifests, at every level. */
  async ancestors(queries: Queries, keys: readonly ManifestKey[]): Promise<ReadonlySet<number>> {
    const found = new Set<number>();
    let level = keys;
    for (let depth = 0; level.length > 0 && depth < MAX_DEPTH; depth += 1) {
      const ids = (await this.parents(queries, level)).map(({ manifest_id }) => manifest_id);
      const rows = await this.findByIds(
        queries,
        [...new Set(ids)].filter((id) => !found.has(id)),
      );
      for (const { id } of rows) found.add(id);
      level = rows.map((row) => ({ repositoryId: row.repository_id, digest: row.digest }));
    }
    return found;
  }

  /**
   * Returns up to `limit` manifests of an organization under its present upstream that name a blob,
   * each with the name of its repository.
   */
  async namingBlob(
    queries: Queries,
    origin: { readonly organizationUid: string; readonly originVersion: string },
    digest: string,
    limit: number,
  ): Promise<readonly { readonly id: number; readonly digest: string; readonly repository: string }[]> {
    // A cross join keeps its order on SQLite. Otherwise SQLite would start with all manifests that
    // name the blob, of which other organizations may have very many.
    return queries(`${Table.repositories} as r`)
      .crossJoin(queries.raw(`${Table.manifestReferences} as x`))
      .join(`${Table.manifests} as m`, 'm.id', 'x.manifest_id')
      .where({
        'x.digest': digest,
        'r.organization_uid': origin.organizationUid,
        'r.origin_version': origin.originVersion,
      })
      .whereRaw('x.repository_id = r.id')
      .whereIn('x.role', HELD_ROLES)
      .whereRaw(LIVE)
      .limit(limit)
      .distinct({ id: 'm.id', digest: 'm.digest', repository: 'r.name' });
  }

  /**
   * Returns the ids of the manifests of an origin that name a blob, and of the indexes above them.
   */
  async naming(queries: Queries, originVersion: string, digest: string): Promise<readonly number[]> {
    const rows: ManifestRow[] = await queries(`${Table.manifestReferences} as x`)
      .join(`${Table.manifests} as m`, 'm.id', 'x.manifest_id')
      .where({ 'x.digest': digest, 'm.origin_version': originVersion })
      .whereIn('x.role', HELD_ROLES)
      .select('m.*');
    const above = await this.ancestors(
      queries,
      rows.map((row) => ({ repositoryId: row.repository_id, digest: row.digest })),
    );
    return [...new Set([...rows.map(({ id }) => id), ...above])];
  }

  /**
   * Returns a manifest with its place in the eviction order, including changes of this transaction.
   */
  async findPlaced(queries: Queries, id: number): Promise<ManifestRow | undefined> {
    await settlePlaces(queries);
    const [row] = await this.findByIds(queries, [id]);
    return row;
  }

  /**
   * Returns up to `limit` manifests of one eviction class in eviction order, starting after
   * `after`.
   */
  async leaving(
    queries: Queries,
    originVersion: string,
    evictionClass: 0 | 1 | 2,
    after: Pick<ManifestRow, 'eviction_at' | 'id'> | undefined,
    limit: number,
  ): Promise<readonly ManifestRow[]> {
    await settlePlaces(queries);
    const query = queries<ManifestRow>(Table.manifests)
      .where({ origin_version: originVersion, eviction_class: evictionClass })
      .orderBy(['eviction_at', 'id'])
      .limit(limit);
    if (after !== undefined)
      void query
        .where('eviction_at', '>=', after.eviction_at)
        .whereRaw('(eviction_at > ? OR id > ?)', [after.eviction_at, after.id]);
    return query;
  }

  /**
   * Returns up to `limit` manifests of a repository ordered by digest, which is the order of an
   * index, starting after `after`. Pass '' to start with the first.
   */
  async ofRepository(
    queries: Queries,
    repositoryId: number,
    after: string,
    limit: number,
  ): Promise<readonly ManifestRow[]> {
    return queries<ManifestRow>(Table.manifests)
      .where('repository_id', repositoryId)
      .where('digest', '>', after)
      .orderBy('digest')
      .limit(limit);
  }

  /** Returns the id of the newest manifest of a repository, or undefined if it holds none. */
  async newest(queries: Queries, repositoryId: number): Promise<number | undefined> {
    const row = await queries<ManifestRow>(Table.manifests)
      .where('repository_id', repositoryId)
      .orderBy('id', 'desc')
      .first('id');
    return row?.id;
  }

  /**
   * Deletes manifests and their references. Children that stay are classified before the commit.
   */
  async delete(queries: Queries, ids: readonly number[]): Promise<void> {
    const children = await this.findMany(queries, childKeys(await this.references(queries, ids)));
    const gone = new Set(ids);
    hooksOf(queries).beforeCommit(
      CLASSIFICATION,
      children.map(({ id }) => id).filter((id) => !gone.has(id)),
    );
    for (const part of chunks(ids)) {
      await queries(Table.manifestReferences).whereIn('manifest_id', part).delete();
      await queries(Table.manifests).whereIn('id', part).delete();
    }
  }
}

/** Classifies the pending changes of this transaction, so that the eviction order can be read. */
async function settlePlaces(queries: Queries): Promise<void> {
  await findHooks(queries)?.settle(queries, CLASSIFICATION);
}

function childKeys(references: readonly ManifestReferenceRow[]): readonly ManifestKey[] {
  return references
    .filter(({ role }) => role === 'CHILD')
    .map(({ repository_id, digest }) => ({ repositoryId: repository_id, digest }));
}

function byKeys(queries: Queries, keys: readonly ManifestKey[]) {
  return queries<ManifestRow>(Table.manifests).whereIn(
    ['repository_id', 'digest'],
    keys.map((key) => [key.repositoryId, key.digest]),
  );
}
