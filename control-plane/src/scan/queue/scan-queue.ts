import { HELD_ROLES } from '../../../../common/oci/held-role';
import type { ScanDeletionRow, ScanRow } from '../../../../schema/scan-tables';
import { Table } from '../../../../schema/tables';
import { bulkInsert } from '../../db/bulk-insert';
import { chunks } from '../../db/chunks';
import type { Queries } from '../../db/database';
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
  constructor(readonly scanning: ScanSwitch) {}

  /**
   * Adds a scan for an admitted manifest, to run when an organization holds all its blobs. An
   * existing scan of the digest is only changed if it waits for these.
   */
  async admitted(queries: Queries, manifest: KeptManifest, now: number): Promise<void> {
    if (!isScannedByItself(manifest.mediaType) || !(await this.scanning.isOn(queries))) return;
    const row = await this.rowOf(queries, manifest, now);
    await bulkInsert(queries, Table.scans, [row], { kind: 'keep' });
    if (row.state === 'QUEUED') await this.queueWhole(queries, [row.digest], now);
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
        .whereIn('x.role', HELD_ROLES)
        .where('s.state', 'WAITING_FOR_LAYERS')
        .limit(ARRIVAL_STEP)
        .distinct({ digest: 's.digest' })) as { digest: string }[];
      for (const { digest } of rows) waiting.add(digest);
    }
    await this.queueWhole(queries, [...waiting], now);
  }

  /**
   * Queues the images that wait for layers and that an organization holds completely now. Returns
   * their number.
   */
  async queueWhole(queries: Queries, waiting: readonly string[], now: number): Promise<number> {
    const whole = [...(await wholeImages(queries, waiting))].sort();
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
    const isWhole = (await wholeImages(queries, [digest])).has(digest);
    return newScanRow(digest, isWhole ? 'QUEUED' : 'WAITING_FOR_LAYERS', now);
  }
}
