import type { Queries } from '../../db/database';
import { type ForcedSwitches, inForce } from '../../tenancy/settings/system-settings';
import type { SystemSettingsStore } from '../../tenancy/settings/system-settings.store';

/** Whether images are scanned: there is a Clair, and scanning is on. */
export class ScanSwitch {
  constructor(
    private readonly settings: SystemSettingsStore,
    private readonly forced: ForcedSwitches,
    /** Whether LAYOVER_CLAIR_URL names a Clair. */
    readonly isConfigured: boolean,
  ) {}

  /** As it is now, in the caller's transaction. Costs nothing where there is no Clair. */
  async isOn(queries: Queries): Promise<boolean> {
    if (!this.isConfigured) return false;
    return inForce(await this.settings.read(queries), this.forced).scanningEnabled;
  }

  /** Whether Clair can get layers as well: with proxying off every pull is refused, its pulls too. */
  async canScan(queries: Queries): Promise<boolean> {
    if (!this.isConfigured) return false;
    const settings = inForce(await this.settings.read(queries), this.forced);
    return settings.scanningEnabled && settings.proxyCacheEnabled;
  }
}
