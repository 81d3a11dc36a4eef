import type { ConfigurationPosition } from '../../../common/grpc/configuration-position';
import type { SnapshotCodec, WireUpdate } from './configuration-watch';
import { type HeldOrganization, holdOrganization } from './organization-table';
import { check } from './read-organization';
import { readShared, type SwitchesAndKeys } from './read-shared';

/** An update whose parts have all arrived. Each organization has been read and validated. */
export interface CompleteUpdate {
  /** True for a full snapshot, false for changes only. */
  readonly isFull: boolean;
  readonly to: ConfigurationPosition;
  readonly organizations: readonly HeldOrganization[];
  readonly removedUids: readonly string[];
  readonly shared: SwitchesAndKeys;
  /** The settings and token keys in their wire form, for the disk. */
  readonly wireShared: Pick<WireUpdate, 'settings' | 'tokenKeys'>;
}

/** Collects the parts of an update. No part is used before the last one has arrived. */
export class UpdateAssembly {
  private first: WireUpdate | undefined;
  private organizations: HeldOrganization[] = [];
  private removedUids: string[] = [];

  constructor(private readonly codec: SnapshotCodec) {}

  /**
   * Adds a part. Returns the complete update after its last part, otherwise undefined. Throws a
   * SnapshotError if an organization is invalid or the part belongs to another update.
   */
  add(part: WireUpdate): CompleteUpdate | undefined {
    this.first ??= part;
    const { fromRevision, revision, mark } = this.first;
    const belongs = part.fromRevision === fromRevision && part.revision === revision && part.mark === mark;
    check(belongs, 'an update', 'was interrupted by a part of another update');
    check(revision >= 0, 'revision', 'is negative');
    for (const wire of part.organizations) this.organizations.push(holdOrganization(wire, this.codec));
    this.removedUids.push(...part.removedUids);
    if (!part.last) return undefined;
    const { settings, tokenKeys } = part;
    const update: CompleteUpdate = {
      isFull: fromRevision === 0,
      to: { revision, mark },
      organizations: this.organizations,
      removedUids: this.removedUids,
      shared: readShared(part),
      wireShared: { settings, tokenKeys },
    };
    this.first = undefined;
    this.organizations = [];
    this.removedUids = [];
    return update;
  }
}
