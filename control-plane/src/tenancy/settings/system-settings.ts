/** The global switches. */
export interface SystemSettings {
  readonly proxyCacheEnabled: boolean;
  readonly quotaManagementEnabled: boolean;
  readonly scanningEnabled: boolean;
  readonly version: number;
}

/** The switches that the environment forces on or off. */
export interface ForcedSwitches {
  readonly proxyCacheEnabled: boolean | undefined;
  readonly quotaManagementEnabled: boolean | undefined;
  readonly scanningEnabled: boolean | undefined;
}

/** Returns the settings in force. Forced switches take precedence over stored ones. */
export function inForce(stored: SystemSettings, forced: ForcedSwitches): SystemSettings {
  return {
    ...stored,
    proxyCacheEnabled: forced.proxyCacheEnabled ?? stored.proxyCacheEnabled,
    quotaManagementEnabled: forced.quotaManagementEnabled ?? stored.quotaManagementEnabled,
    scanningEnabled: forced.scanningEnabled ?? stored.scanningEnabled,
  };
}
