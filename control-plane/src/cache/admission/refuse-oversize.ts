import { newAuditEvent, SYSTEM_ACTOR } from '../../audit/audit-event';
import type { Admission, AdmissionDecision } from './admission';
import type { ContentStores } from '../content/content-stores';
import type { Origin } from '../content/origin.store';
import type { Queries } from '../../db/database';
import type { RoomDecision } from '../eviction/make-room';

const WHY = {
  LARGER_THAN_LIMIT: 'the image is larger than the whole limit',
  NO_AUTO_PRUNE: 'autoPrune is off, so no images are evicted to make room',
  NOTHING_TO_EVICT: 'the images that could be evicted are in use or too small',
  TOO_MUCH_RESERVED: 'too much room is reserved for blobs that have not arrived',
} as const;

/**
 * Refuses an image that does not fit into the quota, or passes it through, as the policy of the
 * organization says. Writes an audit event with the reason.
 */
export async function refuseOversize(
  queries: Queries,
  stores: Pick<ContentStores, 'audit' | 'originUsage'>,
  origin: Origin,
  admission: Admission & { readonly wholeSize: bigint },
  decision: Extract<RoomDecision, { readonly kind: 'none' }>,
  now: number,
): Promise<AdmissionDecision> {
  const { quota, usage, organizationName, organizationUid } = origin;
  const used = (usage?.usedBytes ?? 0n) + (usage?.reservedBytes ?? 0n);
  const limit = quota?.limitBytes ?? 0n;
  const rejected = quota?.onOversize === 'REJECT';
  await stores.audit.append(queries, [
    newAuditEvent({
      kind: 'QUOTA_REFUSED',
      at: now,
      actor: SYSTEM_ACTOR,
      organization: { uid: organizationUid, name: organizationName },
      repository: admission.key.repository,
      reference: admission.tag ?? admission.manifest.digest,
      digest: admission.manifest.digest,
      ...(admission.requestId === '' ? {} : { requestId: admission.requestId.slice(0, 64) }),
      detail: {
        reason: decision.why,
        policy: rejected ? 'REJECT' : 'PASS_THROUGH',
        limitBytes: String(limit),
        usedBytes: String(used),
        neededBytes: String(admission.wholeSize),
      },
    }),
  ]);
  if (!rejected) return { decision: 'PASS_THROUGH' };
  return {
    decision: 'REJECTED',
    refusal: {
      message:
        `Quota has been exceeded on namespace ${organizationName}: the image has ${admission.wholeSize} bytes, ` +
        `the limit is ${limit}, ${used} are in use; ${WHY[decision.why]}`,
      limitBytes: toNumber(limit),
      usedBytes: toNumber(used),
      neededBytes: toNumber(admission.wholeSize),
    },
  };
}

/** Converts bytes to a protocol number. Larger values are clamped to the safe range. */
function toNumber(bytes: bigint): number {
  return Number(bytes > BigInt(Number.MAX_SAFE_INTEGER) ? BigInt(Number.MAX_SAFE_INTEGER) : bytes);
}
