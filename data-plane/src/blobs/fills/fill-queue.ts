import type { FillLimits } from './fill-limits';

/** The properties of a fill that the queue uses. */
export interface QueuedFill {
  readonly upstream: string;
  readonly owner: string;
  readonly priority: 'client' | 'background';
}

/** A fill's place in the queue, and later its slot. */
export interface FillTicket {
  /** Resolves when the fill may ask the upstream. Stays pending forever if released before that. */
  readonly granted: Promise<void>;
  /** Whether the fill has a slot. */
  readonly isGranted: boolean;
  /** Raises the fill to client priority, because a client joined it. */
  lift(): void;
  /** Gives the slot or the place back. Idempotent. */
  release(): void;
}

type Priority = QueuedFill['priority'];
interface Entry {
  readonly upstream: string;
  readonly owner: string;
  priority: Priority;
  state: 'waiting' | 'running' | 'over';
  readonly grant: () => void;
}
/**
 * Waiting fills: upstream → owner → fills in order of arrival. The insertion order of a Map is the
 * order of turns.
 */
type Lane = Map<string, Map<string, Entry[]>>;
interface Running {
  all: number;
  background: number;
}

/**
 * Limits how many fills read from upstreams at a time (docs/design/fills.md#queue). Client fills go
 * before background fills. Within each priority, upstreams take turns, and owners take turns within
 * an upstream, so the backlog of one owner does not delay the others. The running fills of an owner
 * are limited too, whatever upstreams they read from, because they may never end.
 */
export class FillQueue {
  private readonly lanes: Readonly<Record<Priority, Lane>> = { client: new Map(), background: new Map() };
  private readonly inAll: Running = { all: 0, background: 0 };
  private readonly byUpstream = new Map<string, Running>();
  private readonly byOwner = new Map<string, number>();

  constructor(
    private readonly limits: Pick<
      FillLimits,
      'perUpstream' | 'perOwner' | 'inAll' | 'backgroundPerUpstream' | 'backgroundInAll'
    >,
  ) {}

  /** Adds a fill to the queue. The slot may be granted at once. */
  enter(fill: QueuedFill): FillTicket {
    let grant = (): void => undefined;
    const granted = new Promise<void>((resolve) => (grant = resolve));
    const entry: Entry = { ...fill, state: 'waiting', grant };
    this.append(entry);
    this.grantNext();
    return {
      granted,
      get isGranted() {
        return entry.state === 'running';
      },
      lift: () => this.lift(entry),
      release: () => this.release(entry),
    };
  }

  /** Returns how many fills have a slot, and how many wait for one. */
  counts(): { readonly running: number; readonly waiting: number } {
    let waiting = 0;
    for (const lane of Object.values(this.lanes))
      for (const owners of lane.values()) for (const entries of owners.values()) waiting += entries.length;
    return { running: this.inAll.all, waiting };
  }

  private lift(entry: Entry): void {
    if (entry.priority === 'client' || entry.state === 'over') return;
    if (entry.state === 'waiting') {
      this.remove(entry);
      entry.priority = 'client';
      this.append(entry);
    } else {
      this.count(entry, -1);
      entry.priority = 'client';
      this.count(entry, +1);
    }
    this.grantNext();
  }

  private release(entry: Entry): void {
    if (entry.state === 'waiting') this.remove(entry);
    if (entry.state === 'running') this.count(entry, -1);
    entry.state = 'over';
    this.grantNext();
  }

  private grantNext(): void {
    for (let entry = this.take(); entry !== undefined; entry = this.take()) {
      entry.state = 'running';
      this.count(entry, +1);
      entry.grant();
    }
  }

  private take(): Entry | undefined {
    for (const priority of ['client', 'background'] as const) {
      const lane = this.lanes[priority];
      for (const [upstream, owners] of lane) {
        if (!this.hasRoom(upstream, priority)) continue;
        const turn = this.nextOwner(owners);
        if (turn === undefined) continue;
        const [owner, entries] = turn;
        const entry = entries.shift()!;
        owners.delete(owner);
        if (entries.length > 0) owners.set(owner, entries);
        lane.delete(upstream);
        if (owners.size > 0) lane.set(upstream, owners);
        return entry;
      }
    }
    return undefined;
  }

  private nextOwner(owners: ReadonlyMap<string, Entry[]>): readonly [string, Entry[]] | undefined {
    for (const turn of owners) if ((this.byOwner.get(turn[0]) ?? 0) < this.limits.perOwner) return turn;
    return undefined;
  }

  private hasRoom(upstream: string, priority: Priority): boolean {
    const { limits, inAll } = this;
    const here = this.byUpstream.get(upstream) ?? { all: 0, background: 0 };
    if (inAll.all >= limits.inAll || here.all >= limits.perUpstream) return false;
    return (
      priority === 'client' ||
      (inAll.background < limits.backgroundInAll && here.background < limits.backgroundPerUpstream)
    );
  }

  private count(entry: Entry, change: 1 | -1): void {
    const here = this.byUpstream.get(entry.upstream) ?? { all: 0, background: 0 };
    this.byUpstream.set(entry.upstream, here);
    for (const running of [this.inAll, here]) {
      running.all += change;
      if (entry.priority === 'background') running.background += change;
    }
    if (here.all === 0) this.byUpstream.delete(entry.upstream);
    const own = (this.byOwner.get(entry.owner) ?? 0) + change;
    if (own === 0) this.byOwner.delete(entry.owner);
    else this.byOwner.set(entry.owner, own);
  }

  private append(entry: Entry): void {
    const lane = this.lanes[entry.priority];
    const owners = lane.get(entry.upstream) ?? new Map<string, Entry[]>();
    lane.set(entry.upstream, owners);
    const entries = owners.get(entry.owner) ?? [];
    owners.set(entry.owner, entries);
    entries.push(entry);
  }

  private remove(entry: Entry): void {
    const lane = this.lanes[entry.priority];
    const owners = lane.get(entry.upstream);
    const entries = owners?.get(entry.owner);
    if (owners === undefined || entries === undefined) return;
    entries.splice(entries.indexOf(entry), 1);
    if (entries.length === 0) owners.delete(entry.owner);
    if (owners.size === 0) lane.delete(entry.upstream);
  }
}
