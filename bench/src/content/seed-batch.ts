import {
  type BlobRow,
  type ManifestReferenceRow,
  type ManifestRow,
  type OriginHoldingRow,
  type RepositoryHoldingRow,
  type RepositoryRow,
  Table,
  type TagRow,
} from '../../../schema/tables';
import { bulkInsert } from '../../../control-plane/src/db/bulk-insert';
import type { Database } from '../../../control-plane/src/db/database';
import { blobRow, holdingRow, manifestRow, partRow, referenceRows, type SeedPlace, tagRow } from './image-rows';
import type { SeedImage } from './seed-image';

/** Images per transaction. */
const STEP = 2_000;

/** Collects rows and writes them with multi-row statements. */
export class SeedBatch {
  private readonly repositories: RepositoryRow[] = [];
  private readonly manifests: ManifestRow[] = [];
  private readonly references: ManifestReferenceRow[] = [];
  private readonly tags: Omit<TagRow, 'id'>[] = [];
  private readonly blobs: BlobRow[] = [];
  private readonly holdings: OriginHoldingRow[] = [];
  private readonly parts: RepositoryHoldingRow[] = [];

  constructor(private readonly database: Database) {}

  /** Adds a repository. */
  addRepository(row: RepositoryRow): void {
    this.repositories.push(row);
  }

  /**
   * Adds an image with the content that only it has. Shared layers are added with {@link
   * addShared}.
   */
  async addImage(image: SeedImage, place: SeedPlace): Promise<void> {
    const { originVersion, repositoryId, at } = place;
    this.manifests.push(manifestRow(image, place));
    this.references.push(...referenceRows(image, place));
    this.tags.push(tagRow(image, place));
    this.blobs.push(blobRow(image.digest, image.size, at));
    this.holdings.push(holdingRow(originVersion, image.digest, image.size, { manifestOf: 1 }));
    this.parts.push(partRow(originVersion, image.digest, repositoryId, 0));
    for (const [digest, size] of image.own) {
      this.blobs.push(blobRow(digest, size, at));
      this.holdings.push(holdingRow(originVersion, digest, size, { repositories: 1 }));
      this.parts.push(partRow(originVersion, digest, repositoryId, 1));
    }
    if (this.manifests.length >= STEP) await this.flush();
  }

  /**
   * Adds a layer that arrived at `at` and is shared by repositories. `named` maps each repository
   * to the number of its manifests that name the layer.
   */
  addShared(originVersion: string, digest: string, size: number, at: number, named: ReadonlyMap<number, number>): void {
    this.blobs.push(blobRow(digest, size, at));
    this.holdings.push(holdingRow(originVersion, digest, size, { repositories: named.size }));
    for (const [repositoryId, manifests] of named)
      this.parts.push(partRow(originVersion, digest, repositoryId, manifests));
  }

  /** Writes the remaining rows. */
  async flush(): Promise<void> {
    await this.database.transaction(async (queries) => {
      await bulkInsert(queries, Table.repositories, this.repositories);
      await bulkInsert(queries, Table.manifests, this.manifests);
      await bulkInsert(queries, Table.manifestReferences, this.references);
      await bulkInsert(queries, Table.tags, this.tags);
      await bulkInsert(queries, Table.blobs, this.blobs);
      await bulkInsert(queries, Table.originHoldings, this.holdings);
      await bulkInsert(queries, Table.repositoryHoldings, this.parts);
    });
    for (const rows of [
      this.repositories,
      this.manifests,
      this.references,
      this.tags,
      this.blobs,
      this.holdings,
      this.parts,
    ])
      rows.length = 0;
  }
}
