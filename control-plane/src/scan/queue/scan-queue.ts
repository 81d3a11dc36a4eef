import type { ScanDeletionRow, ScanRow } from '../../../../schema/scan-tables';
import { Table } from '../../../../schema/tables';
import type { BlobRowStore } from '../../cache/holdings/blob.store';
import { bulkInsert } from '../../db/bulk-insert';
import { chunks } from '../../db/chunks';
import type { Queries } from '../../db/database';
import type { ManifestStore } from '../../cache/content/manifest.store';
import type { ContentStores } from '../../cache/content/content-stores';
import type { KeptManifest, ScanNotices } from '../../cache/content/scan-notices';
import { hasImageLayers, isScannedByItself } from './image-layers';
import { newScanRow } from './scan-row';
import type { ScanSwitch } from './scan-switch';
import { wholeImages } from './whole-images';

/** The stores of cached content, with the whole scan queue. */
export interface ScannedStores extends ContentStores {
  readonly scans: ScanQueue;
}

/** Maximum number of images that one arrival of blobs queues. The sweep finds the rest. */
const ARRIVAL_STEP = 200;

/**
 * The notices about cached content for scanning, inside the transactions that change it. They cost
 * nothing if scanning is off. Two concurrent transactions may miss an image, because neither sees
 * the writes of the other; the sweep finds it.
 */
export class ScanQueue implements ScanNotices {
  constructor(
    readonly scanning: ScanSwitch,
    readonly manifests: ManifestStore,
    readonly blobs: BlobRowStore,
  ) {}

  /**
   * Adds a scan for an admitted manifest, to run when its blobs are stored. An existing scan of the
   * digest is not changed.
   */
  async admitted(queries: Queries, manifest: KeptManifest, now: number): Promise<void> {
    if (!isScannedByItself(manifest.mediaType) || !(await this.scanning.isOn(queries))) return;
    await bulkInsert(queries, Table.scans, [await this.rowOf(queries, manifest, now)], { kind: 'keep' });
  }

  /** Queues images that have all their blobs after these blobs have arrived. */
  async arrived(queries: Queries, digests: readonly string[], now: number): Promise<void> {
    if (digests.length === 0 || !(await this.scanning.isOn(queries))) return;
    const waiting = new Set<string>();
    for (const part of chunks([...new Set(digests)])) {
      const rows = (await queries(`${Table.manifestReferences} as x`)
        .join(`${Table.manifests} as m`, 'm.id', 'x.manifest_id')
        .join(`${Table.scans} as s`, 's.digest', 'm.digest')
        .whereIn('x.digest', part)
        .whereIn('x.role', ['LAYER', 'CONFIG'])
        .where('s.state', 'WAITING_FOR_LAYERS')
        .limit(ARRIVAL_STEP)
        .distinct({ digest: 's.digest' })) as { digest: string }[];
      for (const { digest } of rows) waiting.add(digest);
    }
    await this.queueWhole(queries, [...waiting], now);
  }

  /** Queues the images that wait for layers and now have all of them. Returns their number. */
  async queueWhole(queries: Queries, waiting: readonly string[], now: number): Promise<number> {
    const whole = [...(await wholeImages(queries, this, waiting))].sort();
    let queued = 0;
    for (const part of chunks(whole))
      queued += await queries<ScanRow>(Table.scans)
        .whereIn('digest', part)
        .where('state', 'WAITING_FOR_LAYERS')
        .update({ state: 'QUEUED', work: 'INDEX', due_at: now, queued_at: now, error: null });
    return queued;
  }

  /**
   * Notes removed manifests that nobody holds any more, so that their reports in Clair are deleted
   * later.
   */
  async removed(queries: Queries, digests: readonly string[], now: number): Promise<void> {
    if (!this.scanning.isConfigured) return;
    for (const part of chunks([...new Set(digests)])) {
      const gone = (await queries(`${Table.scans} as s`)
        .whereIn('s.digest', part)
        .whereNotExists((held) =>
          held.select(queries.raw('1')).from(`${Table.manifests} as m`).where('m.digest', queries.ref('s.digest')),
        )
        .select({ digest: 's.digest' })) as { digest: string }[];
      await this.noteDeletions(
        queries,
        gone.map(({ digest }) => digest),
        now,
      );
    }
  }

  /** Notes that these reports in Clair have to be deleted. */
  async noteDeletions(queries: Queries, digests: readonly string[], now: number): Promise<void> {
    const rows: ScanDeletionRow[] = digests.map((digest) => ({ digest, attempts: 0, due_at: now }));
    await bulkInsert(queries, Table.scanDeletions, rows, { kind: 'keep' });
  }

  /** Returns a new row for a manifest without one. */
  async rowOf(queries: Queries, { digest, references }: KeptManifest, now: number): Promise<ScanRow> {
    if (!hasImageLayers(references)) return newScanRow(digest, 'UNSUPPORTED', now);
    const named = references.filter(({ role }) => role === 'LAYER' || role === 'CONFIG').map((one) => one.digest);
    const present = await this.blobs.present(queries, named);
    const isWhole = named.every((one) => present.has(one));
    return newScanRow(digest, isWhole ? 'QUEUED' : 'WAITING_FOR_LAYERS', now);
  }
}
