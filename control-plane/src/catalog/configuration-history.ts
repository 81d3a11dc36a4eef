import type { ConfigurationPosition } from '../../../common/grpc/configuration-position';
import type { ConfigurationChangeRow } from '../../../schema/tables';
import { CHANGES_KEPT } from '../tenancy/settings/configuration-revision';

/**
 * The history may exceed CHANGES_KEPT by a quarter, so that many old changes are dropped at once.
 */
const MOST = CHANGES_KEPT + CHANGES_KEPT / 4;

/**
 * The changes that led to the present position, without gaps and in bounded memory. Resolves the
 * positions that data planes send.
 */
export class ConfigurationHistory {
  private readonly changes: ConfigurationChangeRow[] = [];

  /**
   * Creates the history from the log of changes at the position `head`. Ignores all entries before
   * a revision without an entry. `format` becomes part of the marks on the wire: see
   * catalogFormat().
   */
  constructor(
    private readonly head: ConfigurationPosition,
    log: readonly ConfigurationChangeRow[],
    private readonly format: string,
  ) {
    let first = log.length;
    while (first > 0 && log[first - 1]!.revision === head.revision - (log.length - first)) first -= 1;
    this.add(log.slice(first));
  }

  /** The position of the newest change, with the mark from the database. */
  get newest(): ConfigurationPosition {
    return this.changes.at(-1) ?? this.head;
  }

  /** The position of the newest change, with the mark that data planes receive. */
  get position(): ConfigurationPosition {
    const { revision, mark } = this.newest;
    return { revision, mark: mark === '' ? '' : this.onWire(mark) };
  }

  /** Appends changes that follow the newest one. */
  add(log: readonly ConfigurationChangeRow[]): void {
    for (const change of log) this.changes.push(change);
    if (this.changes.length > MOST) this.changes.splice(0, this.changes.length - CHANGES_KEPT);
  }

  /**
   * Returns the uids of the organizations that changed after `known`, in time proportional to the
   * number of changes. Returns undefined if `known` is not a position of this history.
   */
  changedSince(known: ConfigurationPosition): ReadonlySet<string> | undefined {
    const [first] = this.changes;
    if (first === undefined) return undefined;
    const at = known.revision - first.revision;
    const change = this.changes[at];
    if (change === undefined || this.onWire(change.mark) !== known.mark) return undefined;
    const uids = new Set<string>();
    for (let i = at + 1; i < this.changes.length; i += 1) {
      const uid = this.changes[i]!.organization_uid;
      if (uid !== null) uids.add(uid);
    }
    return uids;
  }

  private onWire(mark: string): string {
    return `${mark}.${this.format}`;
  }
}
