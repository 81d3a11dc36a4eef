import { type SystemSettingsRow, Table } from '../../../../schema/tables';
import type { Queries } from '../../db/database';
import type { SystemSettings } from './system-settings';

/** Reads and writes the row of global switches. */
export class SystemSettingsStore {
  /** Returns the stored settings. */
  async read(queries: Queries): Promise<SystemSettings> {
    return fromRow(await this.row(queries).first());
  }

  /** Returns the stored settings and locks the row until the transaction ends. */
  async lock(queries: Queries): Promise<SystemSettings> {
    return fromRow(await this.row(queries).forUpdate().first());
  }

  /** Replaces the stored settings. */
  async write(queries: Queries, settings: SystemSettings): Promise<void> {
    await this.row(queries).update({
      proxy_cache_enabled: settings.proxyCacheEnabled ? 1 : 0,
      quota_management_enabled: settings.quotaManagementEnabled ? 1 : 0,
      scanning_enabled: settings.scanningEnabled ? 1 : 0,
      version: settings.version,
    });
  }

  /** Returns whether no earlier start has reached {@link firstStartDone}. */
  async isFirstStart(queries: Queries): Promise<boolean> {
    return (await this.row(queries).whereNull('bootstrapped_at').first('id')) !== undefined;
  }

  /** Records that the first start has completed its one-time work. */
  async firstStartDone(queries: Queries, now: number): Promise<void> {
    await this.row(queries).whereNull('bootstrapped_at').update({ bootstrapped_at: now });
  }

  private row(queries: Queries) {
    return queries<SystemSettingsRow>(Table.systemSettings).where('id', 1);
  }
}

function fromRow(row: SystemSettingsRow | undefined): SystemSettings {
  if (row === undefined) throw new Error('There are no system settings: the migrations have not run.');
  return {
    proxyCacheEnabled: row.proxy_cache_enabled === 1,
    quotaManagementEnabled: row.quota_management_enabled === 1,
    scanningEnabled: row.scanning_enabled === 1,
    version: row.version,
  };
}
