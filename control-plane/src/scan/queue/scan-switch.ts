import type { Queries } from '../../db/database';
import { type ForcedSwitches, inForce } from '../../tenancy/settings/system-settings';
import type { SystemSettingsStore } from '../../tenancy/settings/system-settings.store';

/** Tells whether images are scanned: a Clair is configured and scanning is on. */
export class ScanSwitch {
  constructor(
    private readonly settings: SystemSettingsStore,
    private readonly forced: ForcedSwitches,
    /** Whether LAYOVER_CLAIR_URL is set. */
    readonly isConfigured: boolean,
  ) {}

  /**
   * Returns the present value, read in the caller's transaction. Costs nothing if no Clair is
   * configured.
   */
  async isOn(queries: Queries): Promise<boolean> {
    if (!this.isConfigured) return false;
    return inForce(await this.settings.read(queries), this.forced).scanningEnabled;
  }

  /**
   * Returns whether Clair can also fetch layers. If the proxy cache is off, every pull is refused,
   * including those of Clair.
   */
  async canScan(queries: Queries): Promise<boolean> {
    if (!this.isConfigured) return false;
    const settings = inForce(await this.settings.read(queries), this.forced);
    return settings.scanningEnabled && settings.proxyCacheEnabled;
  }
}
