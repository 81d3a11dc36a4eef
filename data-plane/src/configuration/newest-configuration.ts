import { CoalescedRuns } from '../../../common/async/coalesced-runs';
import { withTimeout } from '../../../common/async/deadline';
import { sleep } from '../../../common/async/sleep';
import type { Clock } from '../../../common/runtime/clock';
import type { ConfigurationSnapshot } from './configuration';
import type { LiveConfiguration } from './watched-configuration';

/** Asks a control plane for the newest configuration. */
export interface ConfigurationHead {
  /**
   * Makes the control plane read the newest configuration and send it over its streams. Returns the
   * revision. Rejects if the control plane does not answer soon.
   */
  read(): Promise<number>;
}

/** Longest time that a caller waits, in milliseconds. */
const MOST_MS = 2_000;
/** Number of questions that may be asked at once, and the interval of those that follow, in ms. */
const BURST = 10;
const EVERY_MS = 100;

/** Dependencies of {@link NewestConfiguration}. */
export interface NewestConfigurationParts {
  readonly configuration: Pick<LiveConfiguration, 'current' | 'connected' | 'onChange'>;
  readonly head: ConfigurationHead;
  readonly clock: Clock;
}

/**
 * Catches up with mutations that were answered a moment ago, perhaps by another control plane than
 * the one that this data plane watches (ADR 57). It is for callers that are about to refuse
 * somebody whom they do not know. All callers of the same moment share one question, and there are
 * at most ten questions in a second, so that a flood of wrong passwords costs the control plane
 * almost nothing.
 */
export class NewestConfiguration {
  private readonly questions = new CoalescedRuns<number | undefined>();
  /** When the next question is due, were they asked evenly; in milliseconds since the epoch. */
  private dueAt = -Infinity;

  constructor(private readonly parts: NewestConfigurationParts) {}

  /**
   * Returns a snapshot that has every change that was answered before the call. Returns the current
   * one at once if no control plane is connected, and after two seconds if none answers. Throws
   * NOT_READY if there is none.
   */
  async read(): Promise<ConfigurationSnapshot> {
    const { configuration, clock } = this.parts;
    if (configuration.connected) await withTimeout(clock, MOST_MS, this.catchUp(), () => undefined);
    return configuration.current();
  }

  private async catchUp(): Promise<void> {
    const revision = await this.questions.run('', () => this.ask());
    if (revision !== undefined) await this.reached(revision);
  }

  /** Returns the newest revision; undefined if the control plane did not say it. */
  private async ask(): Promise<number | undefined> {
    const { head, clock } = this.parts;
    const waitMs = this.takeTurn();
    if (waitMs > 0) await sleep(clock, waitMs);
    return head.read().catch(() => undefined);
  }

  /** Returns the milliseconds to wait before the next question. */
  private takeTurn(): number {
    const now = this.parts.clock.steady();
    this.dueAt = Math.max(this.dueAt, now - (BURST - 1) * EVERY_MS);
    const waitMs = this.dueAt - now;
    this.dueAt += EVERY_MS;
    return waitMs;
  }

  /** Resolves when the stream has brought the revision, or after {@link MOST_MS}. */
  private reached(revision: number): Promise<void> {
    const { configuration, clock } = this.parts;
    return new Promise((resolve) => {
      const done = (): void => {
        unsubscribe();
        cancel();
        resolve();
      };
      const cancel = clock.after(MOST_MS, done);
      const unsubscribe = configuration.onChange((snapshot) => {
        if (snapshot.revision >= revision) done();
      });
      if (configuration.current().revision >= revision) done();
    });
  }
}
