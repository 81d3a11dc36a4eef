import { type OriginUsageRow, Table } from '../../../schema/tables';
import { bulkInsert } from '../../../control-plane/src/db/bulk-insert';
import type { Database } from '../../../control-plane/src/db/database';
import { SeedBatch } from './seed-batch';
import { type ImageShape, type SeedImage, seedImage } from './seed-image';
import type { SeedOrganization } from './seed-organization';

/**
 * The content of a seeded organization: images with one tag each, distributed over its repositories
 * in turn.
 */
export interface SeedContent {
  /** The shape of the images, or a function that returns an image by its number. */
  readonly shape: ImageShape | ((image: number) => SeedImage);
  readonly images: number;
  readonly repositories: number;
  /**
   * Returns the admission time of an image and the expiration time of its tag, in milliseconds
   * since the epoch. Images are numbered from 0.
   */
  at(image: number): number;
  expiresAt(image: number): number;
}

/** Returns the tag of an image by its number. */
export const tagName = (image: number): string => `image-${image}`;
/** Returns the name of a repository by its number. */
export const repositoryName = (repository: number): string => `team/service-${repository}`;

/** Fills organizations in bulk with the rows that admissions and arrivals would have written. */
export class ContentSeeder {
  private repositories = 1;
  private manifests = 1;

  /** Takes a database whose content tables are empty. */
  constructor(private readonly database: Database) {}

  /** Fills an empty organization. Resolves to the bytes that it uses afterwards. */
  async fill(organization: SeedOrganization, content: SeedContent): Promise<bigint> {
    const { name, uid, originVersion } = organization;
    const batch = new SeedBatch(this.database);
    const used = Math.min(content.repositories, content.images);
    const repositoryOf = (image: number): number => this.repositories + (image % used);
    for (let nth = 0; nth < used; nth++)
      batch.addRepository({
        id: repositoryOf(nth),
        organization_uid: uid,
        origin_version: originVersion,
        name: repositoryName(nth),
        created_at: content.at(nth),
        last_pulled_at: null,
        ended_at: null,
      });
    const { shape } = content;
    const imageOf =
      typeof shape === 'function' ? shape : (nth: number): SeedImage => seedImage(name, tagName(nth), shape);
    const shared = new Map<string, { readonly size: number; readonly named: Map<number, number> }>();
    let bytes = 0n;
    let blobs = 0;
    for (let nth = 0; nth < content.images; nth++) {
      const image = imageOf(nth);
      const repositoryId = repositoryOf(nth);
      await batch.addImage(image, {
        repositoryId,
        originVersion,
        manifestId: this.manifests + nth,
        at: content.at(nth),
        expiresAt: content.expiresAt(nth),
      });
      bytes += [...image.own.values()].reduce((sum, size) => sum + BigInt(size), BigInt(image.size));
      blobs += image.own.size;
      for (const [digest, size] of image.shared) {
        const layer = shared.get(digest) ?? { size, named: new Map<number, number>() };
        layer.named.set(repositoryId, (layer.named.get(repositoryId) ?? 0) + 1);
        shared.set(digest, layer);
      }
    }
    for (const [digest, { size, named }] of shared) {
      batch.addShared(originVersion, digest, size, content.at(0), named);
      bytes += BigInt(size);
      blobs += 1;
    }
    await batch.flush();
    this.repositories += used;
    this.manifests += content.images;
    await this.writeSums(organization, bytes, content.images, blobs);
    return bytes;
  }

  private async writeSums(
    { uid, originVersion }: SeedOrganization,
    bytes: bigint,
    manifests: number,
    blobs: number,
  ): Promise<void> {
    const row: OriginUsageRow = {
      origin_version: originVersion,
      organization_uid: uid,
      used_bytes: bytes.toString(),
      reserved_bytes: '0',
      manifest_count: manifests,
      blob_count: blobs,
      prune_pending: 0,
      warned: 0,
    };
    await this.database.transaction((queries) => bulkInsert(queries, Table.originUsage, [row]));
  }
}
