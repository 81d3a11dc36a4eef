import { type ManifestReferenceRow, type ManifestRow, Table } from '../../../../schema/tables';
import { bulkInsert } from '../../db/bulk-insert';
import { chunks } from '../../db/chunks';
import type { Queries } from '../../db/database';

/** A manifest that is to be kept. */
export type NewManifest = Omit<ManifestRow, 'id' | 'last_pulled_at' | 'used_at' | 'eviction_class' | 'eviction_at'>;
/** What it names. */
export type NewReference = Omit<ManifestReferenceRow, 'manifest_id' | 'repository_id'>;

/** Which manifest of which repository. */
export interface ManifestKey {
  readonly repositoryId: number;
  readonly digest: string;
}

/** How deep indexes within indexes are followed (trap T29: depth and cycles). */
const MAX_DEPTH = 4;

/** Reads and writes manifests and what they name. */
export class ManifestStore {
  /** The manifest that a repository holds, or undefined. */
  async find(queries: Queries, repositoryId: number, digest: string): Promise<ManifestRow | undefined> {
    return queries<ManifestRow>(Table.manifests)
      .where({ repository_id: repositoryId, digest })
      .first<ManifestRow | undefined>();
  }

  /** The manifests with these ids, in no order. */
  async findByIds(queries: Queries, ids: readonly number[]): Promise<readonly ManifestRow[]> {
    const rows: ManifestRow[] = [];
    for (const part of chunks(ids)) rows.push(...(await queries<ManifestRow>(Table.manifests).whereIn('id', part)));
    return rows;
  }

  /** The manifests of one repository with these digests. */
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

  /** The manifests of these (repository, digest) pairs; unknown ones are left out. */
  async findMany(queries: Queries, keys: readonly ManifestKey[]): Promise<readonly ManifestRow[]> {
    const rows: ManifestRow[] = [];
    for (const part of chunks(keys)) rows.push(...(await byKeys(queries, part)));
    return rows;
  }

  /** The same; nobody else changes them before the transaction ends. */
  async lockMany(queries: Queries, keys: readonly ManifestKey[]): Promise<readonly ManifestRow[]> {
    return keys.length === 0 ? [] : byKeys(queries, keys).orderBy('id').forUpdate();
  }

  /** Keeps a manifest that its repository does not hold, with its references. */
  async create(queries: Queries, manifest: NewManifest, references: readonly NewReference[]): Promise<ManifestRow> {
    // In no class before it is classified: who creates it does that, in the same transaction.
    const row: Omit<ManifestRow, 'id'> = {
      ...manifest,
      last_pulled_at: null,
      used_at: manifest.created_at,
      eviction_class: null,
      eviction_at: manifest.created_at,
    };
    await bulkInsert(queries, Table.manifests, [row], { kind: 'keep' });
    const created = await this.find(queries, manifest.repository_id, manifest.digest);
    if (created === undefined) throw new Error('a manifest that was just made is not there');
    const rows: ManifestReferenceRow[] = references.map((reference) => ({
      manifest_id: created.id,
      repository_id: created.repository_id,
      ...reference,
    }));
    await bulkInsert(queries, Table.manifestReferences, rows, { kind: 'keep' });
    return created;
  }

  /** What these manifests name, by manifest, role and position. */
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

  /** One reference of any manifest of the repository to that digest, as a blob: what lets a client read it. */
  async findBlobReference(
    queries: Queries,
    repositoryId: number,
    digest: string,
  ): Promise<ManifestReferenceRow | undefined> {
    return queries<ManifestReferenceRow>(Table.manifestReferences)
      .where({ repository_id: repositoryId, digest })
      .whereIn('role', ['LAYER', 'CONFIG'])
      .first<ManifestReferenceRow | undefined>();
  }

  /** Writes new times of the last pull into rows that {@link lockMany} gave. */
  async pulled(queries: Queries, rows: readonly ManifestRow[]): Promise<void> {
    await bulkInsert(queries, Table.manifests, rows, {
      kind: 'merge',
      key: ['id'],
      columns: { last_pulled_at: 'replace', used_at: 'replace', eviction_at: 'replace' },
    });
  }

  /** Notes a use that is no pull; an earlier time than the one stored is ignored. Its place in the order is the caller's to write. */
  async used(queries: Queries, id: number, at: number): Promise<void> {
    await queries<ManifestRow>(Table.manifests).where('id', id).where('used_at', '<', at).update({ used_at: at });
  }

  /** Indexes of the same repository that name one of these manifests, with the digest that they name. */
  async parents(
    queries: Queries,
    keys: readonly ManifestKey[],
  ): Promise<readonly Pick<ManifestReferenceRow, 'manifest_id' | 'repository_id' | 'digest'>[]> {
    const rows: Pick<ManifestReferenceRow, 'manifest_id' | 'repository_id' | 'digest'>[] = [];
    for (const part of chunks(keys))
      rows.push(
        ...(await byKeys(queries, part, Table.manifestReferences)
          .where('role', 'CHILD')
          .select('manifest_id', 'repository_id', 'digest')),
      );
    return rows;
  }

  /** Ids of the indexes that name one of these manifests, and of those that name them. */
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

  /** Ids of the manifests of an origin that name a blob, with the indexes above them. */
  async naming(queries: Queries, originVersion: string, digest: string): Promise<readonly number[]> {
    const rows: ManifestRow[] = await queries(`${Table.manifestReferences} as x`)
      .join(`${Table.manifests} as m`, 'm.id', 'x.manifest_id')
      .where({ 'x.digest': digest, 'm.origin_version': originVersion })
      .whereIn('x.role', ['LAYER', 'CONFIG'])
      .select('m.*');
    const above = await this.ancestors(
      queries,
      rows.map((row) => ({ repositoryId: row.repository_id, digest: row.digest })),
    );
    return [...new Set([...rows.map(({ id }) => id), ...above])];
  }

  /** Writes the places of rows in the order in which manifests leave. */
  async classify(queries: Queries, rows: readonly ManifestRow[]): Promise<void> {
    await bulkInsert(queries, Table.manifests, rows, {
      kind: 'merge',
      key: ['id'],
      columns: { eviction_class: 'replace', eviction_at: 'replace' },
    });
  }

  /** Manifests of one class in the order in which they leave, after `after`. */
  async leaving(
    queries: Queries,
    originVersion: string,
    evictionClass: 0 | 1 | 2,
    after: Pick<ManifestRow, 'eviction_at' | 'id'> | undefined,
    limit: number,
  ): Promise<readonly ManifestRow[]> {
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

  /** Manifests of a repository in the order of the digests' text, which is that of an index; after `after`, '' = from the first. */
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

  /** The id of the manifest of a repository that came last; undefined = it holds none. */
  async newest(queries: Queries, repositoryId: number): Promise<number | undefined> {
    const row = await queries<ManifestRow>(Table.manifests)
      .where('repository_id', repositoryId)
      .orderBy('id', 'desc')
      .first('id');
    return row?.id;
  }

  /** Takes manifests away with what says what they name. */
  async delete(queries: Queries, ids: readonly number[]): Promise<void> {
    for (const part of chunks(ids)) {
      await queries(Table.manifestReferences).whereIn('manifest_id', part).delete();
      await queries(Table.manifests).whereIn('id', part).delete();
    }
  }
}

function byKeys(queries: Queries, keys: readonly ManifestKey[], table: string = Table.manifests) {
  return queries<ManifestRow>(table).whereIn(
    ['repository_id', 'digest'],
    keys.map((key) => [key.repositoryId, key.digest]),
  );
}
