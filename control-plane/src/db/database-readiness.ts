import { withTimeout } from '../../../common/async/deadline';
import { repeat } from '../../../common/async/repeat';
import { SingleFlight } from '../../../common/async/single-flight';
import type { Clock } from '../../../common/runtime/clock';
import type { Logger } from '../../../common/runtime/logger';
import type { Database } from './database';
import { isReadOnly } from './database-error';

/** How long the database may take to answer, in milliseconds, before the plane is not ready. */
const READY_MS = 2000;
/** How long a write that was possible counts for the next requests, in milliseconds. */
const PROVEN_MS = 1000;
/**
 * Interval of probes in the background, in milliseconds. Without them, a plane that only reads
 * would read from the old server for as long as nothing is written.
 */
const PROBE_EVERY_MS = 2000;

/** What the readiness of the database needs. */
export interface DatabaseReadinessParts {
  readonly database: Pick<Database, 'ping' | 'probeWrite'>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Knows whether the database answers and takes writes. */
export class DatabaseReadiness {
  private readonly probes = new SingleFlight<string | undefined>();
  /** Until when the last successful probe counts, in milliseconds since the epoch. */
  private provenUntil = 0;
  private isWritable = true;

  constructor(private readonly parts: DatabaseReadinessParts) {}

  /** Probes in the background. Returns a function that stops it. */
  start(): () => Promise<void> {
    const { clock, log } = this.parts;
    return repeat({
      clock,
      everyMs: PROBE_EVERY_MS,
      work: async () => void (await this.probe()),
      onError: (error) => log.error({ err: error }, 'Probing the database failed'),
    });
  }

  /**
   * Returns why the plane is not ready, or undefined if the database answers and takes writes. Asks
   * the database each time, but whether it takes writes at most once at a time, and not for a
   * second after a success.
   */
  async whyUnready(): Promise<string | undefined> {
    const { database, clock } = this.parts;
    const ping = database.ping().then(
      () => undefined,
      () => 'database: it does not answer',
    );
    const reason = await withTimeout(clock, READY_MS, ping, late);
    if (reason !== undefined || clock.now() < this.provenUntil) return reason;
    return this.probe();
  }

  private probe(): Promise<string | undefined> {
    return this.probes.run('probe', () => withTimeout(this.parts.clock, READY_MS, this.write(), late));
  }

  private async write(): Promise<string | undefined> {
    const { database, clock, log } = this.parts;
    try {
      await database.probeWrite();
      this.provenUntil = clock.now() + PROVEN_MS;
      if (!this.isWritable) log.info('The database takes writes again');
      this.isWritable = true;
      return undefined;
    } catch (error) {
      this.provenUntil = 0;
      if (!isReadOnly(error)) return 'database: it does not take writes';
      if (this.isWritable)
        log.warn('The database server is read-only. Changes fail until the address leads to a server that takes them');
      this.isWritable = false;
      return 'database: the server is read-only';
    }
  }
}

function late(): string {
  return `database: it did not answer within ${READY_MS / 1000} s`;
}
