import { type SystemSettingsRow, Table } from '../../../../schema/tables';
import type { Queries } from '../../db/database';
import type { SystemSettings } from './system-settings';

/** Reads and writes the one row of global switches. */
export class SystemSettingsStore {
  /** What is stored. */
  async read(queries: Queries): Promise<SystemSettings> {
    return fromRow(await this.row(queries).first());
  }

  /** The same, and nobody else changes it before the transaction ends. */
  async lock(queries: Queries): Promise<SystemSettings> {
    return fromRow(await this.row(queries).forUpdate().first());
  }

  /** Replaces what is stored. */
  async write(queries: Queries, settings: SystemSettings): Promise<void> {
    await this.row(queries).update({
      proxy_cache_enabled: settings.proxyCacheEnabled ? 1 : 0,
      quota_management_enabled: settings.quotaManagementEnabled ? 1 : 0,
      scanning_enabled: settings.scanningEnabled ? 1 : 0,
      version: settings.version,
    });
  }

  /** Whether no start before this one got as far as {@link firstStartDone}. */
  async isFirstStart(queries: Queries): Promise<boolean> {
    return (await this.row(queries).whereNull('bootstrapped_at').first('id')) !== undefined;
  }

  /** The first start has done all that it does once. */
  async firstStartDone(queries: Queries, now: number): Promise<void> {
    await this.row(queries).whereNull('bootstrapped_at').update({ bootstrapped_at: now });
  }

  private row(queries: Queries) {
    return queries<SystemSettingsRow>(Table.systemSettings).where('id', 1);
  }
}

function fromRow(row: SystemSettingsRow | undefined): SystemSettings {
  if (row === undefined) throw new Error('there are no system settings: the migrations have not run');
  return {
    proxyCacheEnabled: row.proxy_cache_enabled === 1,
    quotaManagementEnabled: row.quota_management_enabled === 1,
    scanningEnabled: row.scanning_enabled === 1,
    version: row.version,
  };
}
