import { isHeldReference } from '../../../../common/oci/held-role';
import type { Clock } from '../../../../common/runtime/clock';
import type { ManifestRow } from '../../../../schema/tables';
import type { Queries } from '../../db/database';
import { RESERVED_MS } from '../holdings/holding';
import type { HoldingCost } from '../holdings/ledger';
import type { ManifestContent } from '../holdings/manifest-content';
import type { ManifestKey } from '../content/classify-manifests';
import { checkWarning } from '../eviction/check-warning';
import { evict } from '../eviction/evict';
import { makeReservable, makeRoom, type RoomDecision } from '../eviction/make-room';
import { refuseOversize } from './refuse-oversize';
import type { Admission, AdmissionDecision } from './admission';
import { believableTime } from '../content/believable-time';
import type { ContentStores } from '../content/content-stores';
import type { Origin } from '../content/origin.store';
import { pointTag } from './point-tag';

type LockedOrigin = Origin & { readonly originVersion: string; readonly expirationSeconds: number };

/**
 * Decides whether to keep a manifest. If so, makes room for it, holds it and points its tag to it,
 * all in the caller's transaction. Repeating an admission is harmless.
 *
 * Returns PASS_THROUGH if the organization was deleted or has another upstream by now. `onOversize`
 * decides about an image that does not fit into the quota. Then nothing is evicted.
 */
export async function admitManifest(
  queries: Queries,
  stores: ContentStores,
  asked: Admission,
  clock: Clock,
): Promise<AdmissionDecision> {
  const found = await stores.origins.lock(queries, asked.key.organizationUid);
  const now = clock.now();
  const admission = { ...asked, checkedAt: believableTime(asked.checkedAt, now) };
  if (!isOriginOf(found, admission)) {
    await recordUnheld(queries, stores, admission, now);
    return { decision: 'PASS_THROUGH' };
  }
  const repository = await stores.repositories.find(queries, admission.key);
  const known = repository && (await stores.manifests.find(queries, repository.id, admission.manifest.digest));
  if (repository !== undefined && known !== undefined) {
    await stores.ledger.restore(queries, admission.manifest, now);
    await applyTag(queries, stores, admission, found, repository.id, known.id);
    return { decision: 'ADMITTED' };
  }
  const leaving = repository && (await findLeaving(queries, stores, admission, repository.id));
  const { room, cost } = await findRoom(queries, stores, found, admission, repository?.id, leaving, now);
  if (room.kind === 'none' && (found.quota?.onOversize !== 'OVERFLOW' || room.why === 'TOO_MUCH_RESERVED')) {
    await recordUnheld(queries, stores, admission, now);
    const { references, manifest } = admission;
    return refuseOversize(
      queries,
      stores,
      found,
      { ...admission, wholeSize: wholeSize(manifest, references) },
      room,
      now,
    );
  }
  await keep(queries, stores, found, admission, { room, cost }, now);
  await checkWarning(queries, stores, found, now);
  return { decision: 'ADMITTED' };
}

function isOriginOf(origin: Origin | undefined, admission: Admission): origin is LockedOrigin {
  return origin?.originVersion === admission.key.originVersion && origin.expirationSeconds !== null;
}

/**
 * Records a refused manifest as unheld, so that collection deletes its bytes. The data plane stored
 * them before it asked.
 */
async function recordUnheld(queries: Queries, stores: ContentStores, admission: Admission, now: number): Promise<void> {
  const { digest, size } = admission.manifest;
  if ((await stores.blobs.find(queries, [digest])).has(digest)) return;
  await stores.ledger.stored(queries, [{ digest, size, at: now }], now);
}

/**
 * Returns the manifest that the tag points to now, if this admission moves the tag and no other tag
 * points to it. It leaves service with this admission.
 */
async function findLeaving(
  queries: Queries,
  stores: ContentStores,
  admission: Admission,
  repositoryId: number,
): Promise<ManifestRow | undefined> {
  if (admission.tag === undefined) return undefined;
  const live = await stores.tags.lockLive(queries, repositoryId, admission.tag);
  if (live === undefined || admission.checkedAt < live.checked_at) return undefined;
  const summary = (await stores.tags.summaries(queries, [live.manifest_id])).get(live.manifest_id);
  if (summary?.live !== 1) return undefined;
  const row = await stores.manifests.findPlaced(queries, live.manifest_id);
  return row?.eviction_class === 1 ? row : undefined;
}

/** The room for an image, and what it costs if that was found out. */
interface FoundRoom {
  readonly room: RoomDecision;
  readonly cost: HoldingCost | undefined;
}

async function findRoom(
  queries: Queries,
  stores: ContentStores,
  origin: LockedOrigin,
  admission: Admission,
  repositoryId: number | undefined,
  leaving: ManifestRow | undefined,
  now: number,
): Promise<FoundRoom> {
  const whole = wholeSize(admission.manifest, admission.references);
  const pinned = new Set([admission.manifest.digest, ...blobSizes(admission.references).keys()]);
  if (!(await makeReservable(queries, stores, origin, { wholeSize: whole, pinned, inUse: admission.inUse }, now)))
    return { room: { kind: 'none', why: 'TOO_MUCH_RESERVED' }, cost: undefined };
  if (origin.quota === undefined) return { room: { kind: 'room', plan: undefined, overBytes: 0n }, cost: undefined };
  const content = toContent(admission, repositoryId ?? NO_REPOSITORY);
  const { repositoryId: id } = content;
  const above = await stores.manifests.ancestors(queries, [{ repositoryId: id, digest: content.digest }]);
  const below = await stores.manifests.findMany(queries, childKeys(admission, id));
  const cost = await stores.ledger.cost(queries, origin, content);
  const room = await makeRoom(
    queries,
    stores,
    origin,
    {
      cost: cost.bytes,
      wholeSize: whole,
      pinned,
      keep: new Set([...above, ...below.map((child) => child.id)]),
      leaving,
      inUse: admission.inUse,
    },
    now,
  );
  return { room, cost };
}

async function keep(
  queries: Queries,
  stores: ContentStores,
  origin: LockedOrigin,
  admission: Admission,
  { room, cost }: FoundRoom,
  now: number,
): Promise<void> {
  const repository = await stores.repositories.findOrCreate(queries, admission.key, now);
  const manifest = await stores.manifests.create(
    queries,
    {
      repository_id: repository.id,
      origin_version: origin.originVersion,
      digest: admission.manifest.digest,
      media_type: admission.manifest.mediaType,
      size: admission.manifest.size,
      artifact_type: admission.artifactType ?? null,
      created_at: now,
    },
    admission.references,
  );
  await stores.ledger.hold(queries, origin, toContent(admission, repository.id), {
    reservedUntil: now + RESERVED_MS,
    now,
    cost,
  });
  await stores.scans.admitted(queries, { ...admission.manifest, references: admission.references }, now);
  await applyTag(queries, stores, admission, origin, repository.id, manifest.id);
  if (room.kind === 'none' || room.plan === undefined) return;
  // Evicts last, so that content shared by both is held all the time and the manifest that the tag
  // left can be evicted.
  const reason = {
    for: `${admission.key.repository}${admission.tag === undefined ? '@' : ':'}${admission.tag ?? admission.manifest.digest}`,
    neededBytes: room.overBytes,
    limitBytes: origin.quota?.limitBytes ?? 0n,
    requestId: admission.requestId,
  };
  await evict(queries, stores, origin, room.plan.victims, reason, now);
}

async function applyTag(
  queries: Queries,
  stores: ContentStores,
  admission: Admission,
  origin: LockedOrigin,
  repositoryId: number,
  manifestId: number,
): Promise<void> {
  if (admission.tag === undefined) return;
  await pointTag(queries, stores, admission, origin, { repositoryId, manifestId, name: admission.tag });
}

function childKeys(admission: Admission, repositoryId: number): readonly ManifestKey[] {
  return admission.references.filter(({ role }) => role === 'CHILD').map(({ digest }) => ({ repositoryId, digest }));
}

/** The id of a repository that does not exist yet. */
const NO_REPOSITORY = 0;

function toContent(admission: Admission, repositoryId: number): ManifestContent {
  const { digest, size } = admission.manifest;
  return { repositoryId, digest, size, blobs: blobSizes(admission.references) };
}

/** Returns the sizes of config and layers, each digest once. */
function blobSizes(references: Admission['references']): ReadonlyMap<string, number> {
  const sizes = new Map<string, number>();
  for (const { digest, size } of references.filter(isHeldReference))
    sizes.set(digest, Math.max(size, sizes.get(digest) ?? 0));
  return sizes;
}

function wholeSize(manifest: { readonly size: number }, references: Admission['references']): bigint {
  return [...blobSizes(references).values()].reduce((total, size) => total + BigInt(size), BigInt(manifest.size));
}
