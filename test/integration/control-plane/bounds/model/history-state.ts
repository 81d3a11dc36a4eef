import type { BoundsStage } from './bounds-stage';
import { ModelOrganization } from './model-organization';
import type { Asked, Circumstances } from './pull-effects';
import type { OwnedContent } from './tables';
import { upstreamName } from './upstream-images';

const SECOND = 1000;
const HOUR = 3600 * SECOND;

/** The state shared by the parts of a history: the model, the stage and the counters. */
export class HistoryState {
  readonly organizations: readonly ModelOrganization[] = [
    new ModelOrganization({
      name: 'one',
      lifetime: 24 * HOUR,
      timeMachine: 336 * HOUR,
      revalidateAfter: 0,
      keep: false,
    }),
    new ModelOrganization({
      name: 'two',
      lifetime: HOUR,
      timeMachine: 2 * HOUR,
      revalidateAfter: 60 * SECOND,
      keep: true,
    }),
  ];
  /** Counters that show which situations the histories reach. */
  readonly counts = new Map<string, number>();
  /** Whether quota management is on. */
  quotasOn = true;
  /**
   * An image that must be complete at the next check, unless it was evicted: its manifest was
   * served while all planes were running.
   */
  whole: { readonly organization: ModelOrganization; readonly repository: string; readonly digest: string } | undefined;
  /** The tables at the last check. */
  tables: OwnedContent | undefined;
  /**
   * Manifests that were pulled concurrently or recorded late since the last check, as
   * `<organization> <repository> <digest>`.
   */
  readonly racing = new Set<string>();
  /** Whether a data plane was killed, so that bytes can exist that it had not recorded. */
  dataDied = false;
  /** When a collection was interrupted that may have left rows in DELETING. */
  cutOffAt: number | undefined;

  constructor(readonly stage: BoundsStage) {}

  /** Milliseconds since the epoch. */
  get now(): number {
    return this.stage.layover.now;
  }

  get controlUp(): boolean {
    return this.stage.layover.isRunning('control');
  }

  count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }

  /** Returns the conditions of a request made now. */
  circumstances(organization: ModelOrganization, asked: Asked, alone: boolean): Circumstances {
    const { upstream } = this.stage;
    const name = upstreamName(organization.namespace, asked.repository);
    return {
      now: this.now,
      upstream: upstream.content.manifest(name, asked.tag ?? asked.digest!)?.digest,
      upstreamDown: this.stage.upstreamDown,
      held: this.held(organization, asked.repository),
      controlUp: this.controlUp,
      alone,
      quotasOn: this.quotasOn,
    };
  }

  /** Returns the digests of the manifests that a repository held at the last check. */
  held({ traits }: ModelOrganization, name: string): ReadonlySet<string> {
    const { owners, repositories, manifests } = this.tables!;
    const origin = owners.find((owner) => owner.name === traits.name)?.origin_version;
    const row = repositories.find(
      (each) => each.origin_version === origin && each.name === name && each.ended_at === null,
    );
    return new Set(manifests.filter(({ repository_id }) => repository_id === row?.id).map(({ digest }) => digest));
  }
}
