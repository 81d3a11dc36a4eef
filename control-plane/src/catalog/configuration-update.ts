import type { ConfigurationPosition } from '../../../common/grpc/configuration-position';
import type { ConfigurationUpdate as UpdatePart } from '../../../proto/gen/layover/v1/ConfigurationUpdate';
import type { Organization } from '../../../proto/gen/layover/v1/Organization';
import type { SharedConfiguration } from '../tenancy/configuration/configuration-source';

/** Maximum number of organizations in a part. */
export const MAX_PART_ORGANIZATIONS = 256;
/** Size at which a part is complete, in bytes. An organization has at most about 200 KB. */
const MAX_PART_BYTES = 1024 * 1024;
/** Maximum number of uids of removed organizations in a part. */
const MAX_PART_REMOVED = 10_000;
/** Estimated size of a number, a boolean, or the framing of a field, in bytes. */
const FIELD_BYTES = 8;

/** The changes from one revision to another. */
export interface ConfigurationUpdate {
  /** 0 for a full snapshot. */
  readonly fromRevision: number;
  readonly to: ConfigurationPosition;
  readonly organizations: readonly Organization[];
  readonly removedUids: readonly string[];
  readonly shared: SharedConfiguration;
}

/**
 * Splits an update into messages of bounded size. The last message has `last` set, and contains the
 * settings and token keys.
 */
export function* splitUpdate(update: ConfigurationUpdate): Generator<UpdatePart, void> {
  const { fromRevision, to, organizations, removedUids, shared } = update;
  const head = { fromRevision, revision: to.revision, mark: to.mark };
  let part: Organization[] = [];
  let bytes = 0;
  for (const organization of organizations) {
    if (part.length === MAX_PART_ORGANIZATIONS || bytes >= MAX_PART_BYTES) {
      yield { ...head, organizations: part };
      part = [];
      bytes = 0;
    }
    part.push(organization);
    bytes += sizeOf(organization);
  }
  let sent = 0;
  for (; removedUids.length - sent > MAX_PART_REMOVED; sent += MAX_PART_REMOVED)
    yield { ...head, removedUids: removedUids.slice(sent, sent + MAX_PART_REMOVED) };
  yield {
    ...head,
    organizations: part,
    removedUids: removedUids.slice(sent),
    settings: shared.settings,
    tokenKeys: [...shared.tokenKeys],
    last: true,
  };
}

/** Returns the approximate size of a message on the wire, in bytes. */
function sizeOf(value: unknown): number {
  if (typeof value === 'string') return FIELD_BYTES + Buffer.byteLength(value);
  if (value instanceof Uint8Array) return FIELD_BYTES + value.byteLength;
  if (typeof value !== 'object' || value === null) return FIELD_BYTES;
  return Object.values(value).reduce((sum: number, field) => sum + sizeOf(field), FIELD_BYTES);
}
