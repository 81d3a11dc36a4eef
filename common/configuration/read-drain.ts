import { SETTINGS } from './settings';
import type { SettingsReader } from './settings-reader';

/** Returns how long an edge waits for running responses when it stops, in seconds. */
export function readEdgeDrainSeconds(reader: SettingsReader): number {
  const forAll = reader.integer(SETTINGS.LAYOVER_DRAIN_SECONDS);
  return reader.integer(SETTINGS.LAYOVER_EDGE_DRAIN_SECONDS) ?? forAll;
}
