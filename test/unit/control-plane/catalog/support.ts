import { EventEmitter } from 'node:events';
import type { ConfigurationPosition } from '../../../../common/grpc/configuration-position';
import { createLogger } from '../../../../common/runtime/logger';
import { ConfigurationFeed } from '../../../../control-plane/src/catalog/configuration-feed';
import type { WatchCall } from '../../../../control-plane/src/catalog/watch-stream';
import type {
  ConfigurationChanges,
  SharedConfiguration,
  WholeConfiguration,
} from '../../../../control-plane/src/tenancy/configuration/configuration-source';
import type { ConfigurationUpdate } from '../../../../proto/gen/layover/v1/ConfigurationUpdate';
import type { Organization } from '../../../../proto/gen/layover/v1/Organization';
import type { WatchReply } from '../../../../proto/gen/layover/v1/WatchReply';
import type { WatchRequest__Output } from '../../../../proto/gen/layover/v1/WatchRequest';
import type { ConfigurationChangeRow } from '../../../../schema/tables';
import { TestClock } from '../../../support/test-clock';

/** The format that is part of the marks of {@link startFeed}. */
export const FORMAT = 'f';

/** The shared configuration of these tests. */
export const SHARED: SharedConfiguration = {
  settings: { proxyCacheEnabled: true },
  tokenKeys: [{ id: 'key', secret: Buffer.alloc(32) }],
};

/** A source of configuration in memory. */
export class MemorySource {
  readonly organizations = new Map<string, Organization>();
  log: ConfigurationChangeRow[] = [{ revision: 1, mark: 'm1', organization_uid: null }];
  /** Number of reads of the whole configuration. */
  wholeReads = 0;

  head(): Promise<ConfigurationPosition> {
    return Promise.resolve(this.newest);
  }

  readAll(): Promise<WholeConfiguration> {
    this.wholeReads += 1;
    const organizations = [...this.organizations.values()];
    return Promise.resolve({ position: this.newest, log: [...this.log], organizations, shared: SHARED });
  }

  readSince(known: ConfigurationPosition): Promise<ConfigurationChanges | undefined> {
    const at = this.log.findIndex(({ revision, mark }) => revision === known.revision && mark === known.mark);
    if (at < 0) return Promise.resolve(undefined);
    const log = this.log.slice(at + 1);
    const uids = [...new Set(log.flatMap(({ organization_uid: uid }) => (uid === null ? [] : [uid])))];
    const organizations = uids.flatMap((uid) => this.organizations.get(uid) ?? []);
    return Promise.resolve({ log, uids, organizations, shared: undefined });
  }

  /** Creates or replaces an organization. */
  put(name: string, change: Organization = {}): void {
    this.organizations.set(`uid-${name}`, { uid: `uid-${name}`, name, ...change });
    this.bump(name);
  }

  /** Deletes an organization. */
  remove(name: string): void {
    this.organizations.delete(`uid-${name}`);
    this.bump(name);
  }

  private get newest(): ConfigurationPosition {
    return this.log.at(-1)!;
  }

  private bump(name: string): void {
    const revision = this.newest.revision + 1;
    this.log.push({ revision, mark: `m${revision}`, organization_uid: `uid-${name}` });
  }
}

/**
 * Starts a feed of a {@link MemorySource}. `announce` resolves when a mutation would be answered.
 */
export async function startFeed(source = new MemorySource()) {
  let announce: () => Promise<void> = () => Promise.resolve();
  const revision = {
    onAnnounce(listener: () => Promise<void>) {
      announce = listener;
      return () => undefined;
    },
  };
  const clock = new TestClock();
  const log = createLogger('test', 'silent');
  const feed = new ConfigurationFeed({ source, revision, format: FORMAT, clock, log });
  await feed.start();
  return { source, feed, clock, log, announce: () => announce() };
}

/**
 * A call whose reader takes `room` messages, and then none until {@link SlowCall.read} is called.
 */
export class SlowCall extends EventEmitter {
  readonly request: WatchRequest__Output;
  readonly sent: WatchReply[] = [];
  ended = false;

  constructor(
    private room: number,
    request: Partial<WatchRequest__Output> = {},
  ) {
    super();
    this.request = { node: 'slow', knownRevision: 0, knownMark: '', acceptsUpdates: true, ...request };
  }

  /** This call, with the type of a gRPC call. */
  get asCall(): WatchCall {
    return this as unknown as WatchCall;
  }

  /** The parts of updates that were sent. */
  get updates(): ConfigurationUpdate[] {
    return this.sent.flatMap(({ update }) => update ?? []);
  }

  write(reply: WatchReply): boolean {
    this.sent.push(reply);
    return --this.room > 0;
  }

  end(): void {
    this.ended = true;
  }

  read(count: number): void {
    this.room = count;
    this.emit('drain');
  }
}
