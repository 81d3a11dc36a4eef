import { setTimeout as pause } from 'node:timers/promises';
import type { ClockedPlaneName } from '../../../../support/clocked/plane-messages';
import type { HistoryState } from './history-state';

/** Maximum number of steps that an outage lasts. */
const OUTAGE_STEPS = 4;

/** Stops, kills and restarts planes. */
export class Outages {
  /** Number of steps since the outage began. */
  private outage = 0;

  constructor(private readonly state: HistoryState) {}

  /**
   * Ends an outage that has lasted too long, because most of a history should test all parts
   * together. Returns true if it ended one.
   */
  async endOutages(): Promise<boolean> {
    this.outage = this.state.controlUp && !this.state.stage.upstreamDown ? 0 : this.outage + 1;
    if (this.outage <= OUTAGE_STEPS) return false;
    this.state.stage.setUpstream(false);
    await this.setControl(true, false);
    return true;
  }

  async setControl(up: boolean, kill: boolean): Promise<void> {
    const { layover } = this.state.stage;
    if (up === layover.isRunning('control')) return;
    if (up) await layover.start('control');
    else await layover[kill ? 'kill' : 'stop']('control');
  }

  async restart(plane: ClockedPlaneName): Promise<void> {
    const { layover } = this.state.stage;
    if (!layover.isRunning(plane)) return;
    await layover.kill(plane);
    await layover.start(plane);
    if (plane === 'data') this.forgetHints();
  }

  /** Kills a plane while `work` runs, and starts it again afterwards. */
  async crash(plane: ClockedPlaneName, afterMs: number, work: () => Promise<void>): Promise<void> {
    const { layover } = this.state.stage;
    if (!layover.isRunning(plane)) return;
    this.state.count(`crashes of ${plane}`);
    const killed = pause(afterMs).then(() => layover.kill(plane));
    await Promise.all([work(), killed]);
    await layover.start(plane);
    if (plane === 'data') {
      this.state.dataDied = true;
      this.forgetHints();
    }
  }

  private forgetHints(): void {
    for (const { hints } of this.state.organizations) hints.clear();
  }
}
