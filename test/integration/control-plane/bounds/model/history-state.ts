import type { BoundsStage } from './bounds-stage';
import { ModelOrganization } from './model-organization';
import type { Asked, Circumstances } from './pull-effects';
import type { OwnedContent } from './tables';
import { upstreamName } from './upstream-images';

const SECOND = 1000;
const HOUR = 3600 * SECOND;

/** What the parts of a history share: the model, the stage, and what came about so far. */
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
  /** What came about, for who wants to know whether histories reach everything. */
  readonly counts = new Map<string, number>();
  /** Whether quota management is on. */
  quotasOn = true;
  /** An image that is whole at the next look, unless it was evicted: its manifest was given out while everything was there. */
  whole: { readonly organization: ModelOrganization; readonly repository: string; readonly digest: string } | undefined;
  /** As they were at the last look. */
  tables: OwnedContent | undefined;
  /** Manifests that were pulled since the last look, `<organization> <repository> <digest>`; several at once, or later recorded. */
  readonly racing = new Set<string>();
  /** A data plane was killed: bytes can be there that it had not recorded. */
  dataDied = false;
  /** When a collection was cut off that may have left rows which say DELETING. */
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

  /** What is true for a client that asks now. */
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

  /** Manifests that a repository held at the last look. */
  held({ traits }: ModelOrganization, name: string): ReadonlySet<string> {
    const { owners, repositories, manifests } = this.tables!;
    const origin = owners.find((owner) => owner.name === traits.name)?.origin_version;
    const row = repositories.find(
      (each) => each.origin_version === origin && each.name === name && each.ended_at === null,
    );
    return new Set(manifests.filter(({ repository_id }) => repository_id === row?.id).map(({ digest }) => digest));
  }
}
