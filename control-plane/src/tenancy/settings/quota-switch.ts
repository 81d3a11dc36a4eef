import type { Queries } from '../../db/database';
import { type ForcedSwitches, inForce } from './system-settings';
import type { SystemSettingsStore } from './system-settings.store';

/** The global switch for quotas. If it is off, nothing is refused and nothing is evicted. */
export class QuotaSwitch {
  constructor(
    private readonly settings: SystemSettingsStore,
    private readonly forced: ForcedSwitches,
  ) {}

  /** Returns the present value, read in the caller's transaction. */
  async isOn(queries: Queries): Promise<boolean> {
    if (this.forced.quotaManagementEnabled !== undefined) return this.forced.quotaManagementEnabled;
    return inForce(await this.settings.read(queries), this.forced).quotaManagementEnabled;
  }
}
