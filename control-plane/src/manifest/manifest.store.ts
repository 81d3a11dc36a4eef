import { type BlobRow, type ManifestReferenceRow, type ManifestRow, Table } from '../../../schema/tables';
import { bulkInsert } from '../db/bulk-insert';
import { chunks } from '../db/chunks';
import type { Queries } from '../db/database';

/** A manifest that is to be kept. */
export type NewManifest = Omit<ManifestRow, 'id' | 'last_pulled_at'>;
/** What it names. */
export type NewReference = Omit<ManifestReferenceRow, 'manifest_id' | 'repository_id'>;

/** Which manifest of which repository. */
export interface ManifestKey {
  readonly repositoryId: number;
  readonly digest: string;
}

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

  /** Keeps a manifest with its references. Gives the one that is there when it is known: a digest names one content. */
  async findOrCreate(
    queries: Queries,
    manifest: NewManifest,
    references: readonly NewReference[],
  ): Promise<ManifestRow> {
    const existing = await this.find(queries, manifest.repository_id, manifest.digest);
    if (existing !== undefined) return existing;
    await bulkInsert(queries, Table.manifests, [{ ...manifest, last_pulled_at: null }], { kind: 'keep' });
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

  /** Which of these digests are blobs in the store, with their sizes in bytes. */
  async presentBlobs(queries: Queries, digests: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const present = new Map<string, number>();
    for (const part of chunks(digests)) {
      const rows = await queries<BlobRow>(Table.blobs).whereIn('digest', part).where('state', 'PRESENT');
      for (const row of rows) present.set(row.digest, row.size);
    }
    return present;
  }

  /** Blobs that a data plane has stored whole and verified. */
  async blobsArrived(queries: Queries, blobs: readonly Omit<BlobRow, 'state'>[]): Promise<void> {
    await bulkInsert(
      queries,
      Table.blobs,
      blobs.map((blob) => ({ ...blob, state: 'PRESENT' })),
      { kind: 'merge', key: ['digest'], columns: { size: 'replace', state: 'replace', present_at: 'replace' } },
    );
  }

  /** Writes new times of the last pull into rows that {@link lockMany} gave. */
  async pulled(queries: Queries, rows: readonly ManifestRow[]): Promise<void> {
    await bulkInsert(queries, Table.manifests, rows, {
      kind: 'merge',
      key: ['id'],
      columns: { last_pulled_at: 'replace' },
    });
  }
}

function byKeys(queries: Queries, keys: readonly ManifestKey[]) {
  return queries<ManifestRow>(Table.manifests).whereIn(
    ['repository_id', 'digest'],
    keys.map((key) => [key.repositoryId, key.digest]),
  );
}
