import type { ConfigurationPosition } from '../../../common/grpc/configuration-position';
import type { SnapshotCodec, WireUpdate } from './configuration-watch';
import { type HeldOrganization, holdOrganization } from './organization-table';
import { check } from './read-organization';
import { readShared, type SwitchesAndKeys } from './read-shared';

/** An update of which all parts have come, read and checked organization by organization. */
export interface CompleteUpdate {
  /** false = only what changed; true = a full snapshot. */
  readonly isFull: boolean;
  readonly to: ConfigurationPosition;
  readonly organizations: readonly HeldOrganization[];
  readonly removedUids: readonly string[];
  readonly shared: SwitchesAndKeys;
  /** The same for the disk. */
  readonly wireShared: Pick<WireUpdate, 'settings' | 'tokenKeys'>;
}

/** Collects the parts of an update. Nothing of it is used before the last part has come. */
export class UpdateAssembly {
  private first: WireUpdate | undefined;
  private organizations: HeldOrganization[] = [];
  private removedUids: string[] = [];

  constructor(private readonly codec: SnapshotCodec) {}

  /**
   * Adds a part; returns the update if it was the last one. Throws a SnapshotError for an invalid
   * organization, and for a part that does not belong to those before it.
   */
  add(part: WireUpdate): CompleteUpdate | undefined {
    this.first ??= part;
    const { fromRevision, revision, mark } = this.first;
    const belongs = part.fromRevision === fromRevision && part.revision === revision && part.mark === mark;
    check(belongs, 'an update', 'was followed by a part of another one before its last part');
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
