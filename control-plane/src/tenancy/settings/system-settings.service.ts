import type { Clock } from '../../../../common/runtime/clock';
import { newAuditEvent } from '../../audit/audit-event';
import type { AuditStore } from '../../audit/audit.store';
import type { ConfigurationRevision } from './configuration-revision';
import type { Database, Queries } from '../../db/database';
import { ApiError } from '../../errors/api-error';
import { type ForcedSwitches, inForce, type SystemSettings } from './system-settings';
import type { SystemSettingsStore } from './system-settings.store';

/** The switches to change. Undefined leaves a switch as it is. */
export interface SystemSettingsChange {
  readonly proxyCacheEnabled?: boolean | undefined;
  readonly quotaManagementEnabled?: boolean | undefined;
  readonly scanningEnabled?: boolean | undefined;
}

/** Applies quotas to cached content when quotas are turned on for all organizations. */
export interface GlobalQuotas {
  /**
   * Records in the caller's transaction that all quotas are now in force, so that usage may be over
   * any of them.
   */
  turnedOn(queries: Queries): Promise<void>;
  /**
   * Evicts down to quotas that came into force or changed, for a few seconds at most. Garbage
   * collection evicts the rest.
   */
  enforceAll(): Promise<void>;
}

/** Dependencies of {@link SystemSettingsService}. */
export interface SystemSettingsParts {
  readonly database: Database;
  readonly settings: SystemSettingsStore;
  readonly audit: AuditStore;
  readonly revision: ConfigurationRevision;
  readonly quotas: GlobalQuotas;
  readonly forced: ForcedSwitches;
  readonly clock: Clock;
}

/** The environment variables that force each switch. */
const VARIABLES = {
  proxyCacheEnabled: 'LAYOVER_FEATURE_PROXY_CACHE',
  quotaManagementEnabled: 'LAYOVER_FEATURE_QUOTA_MANAGEMENT',
  scanningEnabled: 'LAYOVER_FEATURE_SCANNING',
} as const;

/** Reads and changes the global switches. */
export class SystemSettingsService {
  constructor(private readonly parts: SystemSettingsParts) {}

  /** Returns the switches in force. */
  async read(): Promise<SystemSettings> {
    return inForce(await this.parts.settings.read(this.parts.database.reader), this.parts.forced);
  }

  /** Returns the names of the switches that the environment forces. */
  forcedSwitches(): readonly string[] {
    return Object.entries(this.parts.forced).flatMap(([name, value]) => (value === undefined ? [] : [name]));
  }

  /**
   * Changes switches. Throws VERSION_CONFLICT, or CONFLICT if the environment forces one of the
   * switches to the other value. In both cases no switch changes.
   */
  async update(
    change: SystemSettingsChange,
    expectedVersion: number | undefined,
    actor: string,
  ): Promise<SystemSettings> {
    const { database, settings, audit, revision, quotas, forced, clock } = this.parts;
    for (const [name, variable] of Object.entries(VARIABLES) as [keyof typeof VARIABLES, string][]) {
      if (forced[name] !== undefined && change[name] !== undefined && change[name] !== forced[name])
        throw new ApiError(
          'CONFLICT',
          `${name} is forced ${forced[name] ? 'on' : 'off'} by ${variable} in the environment of ` +
            'the control plane. Change it there.',
          `input.${name}`,
        );
    }
    const result = await database.transaction(async (queries) => {
      const current = await settings.lock(queries);
      if (expectedVersion !== undefined && expectedVersion !== current.version)
        throw new ApiError(
          'VERSION_CONFLICT',
          `The system settings are at version ${current.version}, not ${expectedVersion}. Read them again.`,
          'expectedVersion',
        );
      const changed: Record<string, { readonly from: boolean; readonly to: boolean }> = {};
      for (const name of ['proxyCacheEnabled', 'quotaManagementEnabled', 'scanningEnabled'] as const) {
        const wanted = change[name] ?? current[name];
        if (wanted !== current[name]) changed[name] = { from: current[name], to: wanted };
      }
      if (Object.keys(changed).length === 0) return current;
      const to = Object.fromEntries(Object.entries(changed).map(([name, { to }]) => [name, to]));
      const next: SystemSettings = { ...current, ...to, version: current.version + 1 };
      await settings.write(queries, next);
      if (changed['quotaManagementEnabled']?.to === true) await quotas.turnedOn(queries);
      await revision.bump(queries, 'shared');
      await audit.append(queries, [
        newAuditEvent({ kind: 'SETTINGS_UPDATED', at: clock.now(), actor, detail: { changed } }),
      ]);
      return next;
    });
    await quotas.enforceAll();
    return inForce(result, forced);
  }
}
