/** The global switches. */
export interface SystemSettings {
  readonly proxyCacheEnabled: boolean;
  readonly quotaManagementEnabled: boolean;
  readonly scanningEnabled: boolean;
  readonly version: number;
}

/** Switches of the system settings that the environment holds on or off. */
export interface ForcedSwitches {
  readonly proxyCacheEnabled: boolean | undefined;
  readonly quotaManagementEnabled: boolean | undefined;
  readonly scanningEnabled: boolean | undefined;
}

/** The settings that are in force: what the environment forces wins over what is stored. */
export function inForce(stored: SystemSettings, forced: ForcedSwitches): SystemSettings {
  return {
    ...stored,
    proxyCacheEnabled: forced.proxyCacheEnabled ?? stored.proxyCacheEnabled,
    quotaManagementEnabled: forced.quotaManagementEnabled ?? stored.quotaManagementEnabled,
    scanningEnabled: forced.scanningEnabled ?? stored.scanningEnabled,
  };
}
