import type { Clock } from '../../../../common/runtime/clock';
import type { ScanRow } from '../../../../schema/scan-tables';
import { type ManifestRow, Table } from '../../../../schema/tables';
import { newAuditEvent } from '../../audit/audit-event';
import { completeManifests } from '../../cache/content/complete-manifests';
import type { ScannedStores } from './scan-queue';
import { bulkInsert } from '../../db/bulk-insert';
import type { Database, Queries } from '../../db/database';
import { ApiError } from '../../errors/api-error';
import type { OrganizationStore } from '../../tenancy/organizations/organization.store';
import { isScannedByItself } from './image-layers';

/** Dependencies of {@link rescanManifest}. */
export interface RescanParts {
  readonly database: Database;
  readonly stores: ScannedStores;
  readonly organizations: OrganizationStore;
  readonly clock: Clock;
}

/** A manifest, named as a user would. */
export interface ManifestName {
  readonly organization: string;
  readonly repository: string;
  readonly digest: string;
}

/**
 * Queues an image for a new scan; Clair's index report is deleted first. For an index, queues its
 * cached images. Images that are being scanned, that the organization does not hold completely, or
 * that have no layers are not changed.
 * Throws NOT_FOUND, or CONFLICT if scanning is off. Returns the manifest.
 */
export async function rescanManifest(
  { database, stores, organizations, clock }: RescanParts,
  name: ManifestName,
  actor: string,
): Promise<ManifestRow> {
  return database.transaction(async (queries) => {
    const organization = await organizations.findByName(queries, name.organization);
    const repository =
      organization && (await stores.repositories.findByName(queries, organization.uid, name.repository));
    if (organization === undefined || repository === undefined)
      throw new ApiError(
        'NOT_FOUND',
        `Repository '${name.repository}' of organization '${name.organization}' has no cached content.`,
        organization === undefined ? 'organization' : 'repository',
      );
    const manifest = await stores.manifests.find(queries, repository.id, name.digest);
    if (manifest === undefined)
      throw new ApiError(
        'NOT_FOUND',
        `Repository '${name.repository}' has no cached manifest ${name.digest}.`,
        'digest',
      );
    if (!(await stores.scans.scanning.isOn(queries)))
      throw new ApiError(
        'CONFLICT',
        stores.scans.scanning.isConfigured
          ? 'Scanning is off. Turn on scanningEnabled in the system settings.'
          : 'No Clair is configured. Set LAYOVER_CLAIR_URL.',
      );
    const now = clock.now();
    const images = await imagesOf(queries, stores, manifest);
    const complete = await completeManifests(
      queries,
      images.map(({ id }) => id),
    );
    const queued = await queue(
      queries,
      stores,
      images.filter(({ id }) => complete.has(id)),
      now,
    );
    if (queued > 0)
      await stores.audit.append(queries, [
        newAuditEvent({
          kind: 'SCAN_REQUESTED',
          at: now,
          actor,
          organization,
          repository: name.repository,
          reference: name.digest,
          digest: name.digest,
          detail: { images: queued },
        }),
      ]);
    return manifest;
  });
}

async function imagesOf(
  queries: Queries,
  { manifests }: ScannedStores,
  manifest: ManifestRow,
): Promise<readonly ManifestRow[]> {
  if (isScannedByItself(manifest.media_type)) return [manifest];
  const children = (await manifests.references(queries, [manifest.id])).filter(({ role }) => role === 'CHILD');
  const rows = await manifests.findByDigests(
    queries,
    manifest.repository_id,
    children.map(({ digest }) => digest),
  );
  return rows.filter(({ media_type }) => isScannedByItself(media_type));
}

/** Returns the number of queued images. */
async function queue(
  queries: Queries,
  { manifests, scans }: ScannedStores,
  images: readonly ManifestRow[],
  now: number,
): Promise<number> {
  let queued = 0;
  for (const { id, digest, media_type } of images) {
    const kept = { digest, mediaType: media_type, references: await manifests.references(queries, [id]) };
    await bulkInsert(queries, Table.scans, [await scans.rowOf(queries, kept, now)], { kind: 'keep' });
    queued += await queries<ScanRow>(Table.scans)
      .where('digest', digest)
      .where((idle) =>
        idle
          .whereIn('state', ['COMPLETED', 'FAILED', 'QUEUED'])
          .orWhere((refused) => refused.where('state', 'UNSUPPORTED').where('attempts', '>', 0)),
      )
      .update({
        state: 'QUEUED',
        work: 'INDEX',
        due_at: now,
        worker: null,
        attempts: 0,
        delete_first: 1,
        queued_at: now,
        error: null,
      });
  }
  return queued;
}
