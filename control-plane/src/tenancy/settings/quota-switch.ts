import type { Queries } from '../../db/database';
import { type ForcedSwitches, inForce } from './system-settings';
import type { SystemSettingsStore } from './system-settings.store';

/** Whether quotas are enforced at all: off means that nothing is refused and nothing evicted. */
export class QuotaSwitch {
  constructor(
    private readonly settings: SystemSettingsStore,
    private readonly forced: ForcedSwitches,
  ) {}

  /** As it is now, in the caller's transaction. */
  async isOn(queries: Queries): Promise<boolean> {
    if (this.forced.quotaManagementEnabled !== undefined) return this.forced.quotaManagementEnabled;
    return inForce(await this.settings.read(queries), this.forced).quotaManagementEnabled;
  }
}
