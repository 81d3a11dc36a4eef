import { isLayoverError } from '../../../common/errors/layover-error';
import type { ConfigurationSnapshot } from '../configuration/configuration';

/**
 * Returns the newest configuration: what was changed before the call is in it. Returns the known
 * one if no control plane can be reached.
 */
export type NewestSnapshot = () => Promise<ConfigurationSnapshot>;

/** The answer where no newer configuration can be asked for. */
export type MaybeNewest = NewestSnapshot | undefined;

/**
 * Runs `judge` with a snapshot. If it refuses with UNAUTHORIZED in a way that a newer configuration
 * could change, runs it again with the newest one (ADR 57).
 */
export async function withNewest<T>(
  snapshot: ConfigurationSnapshot,
  newest: MaybeNewest,
  judge: (snapshot: ConfigurationSnapshot) => T | Promise<T>,
  mayChange: (error: unknown) => boolean = () => true,
): Promise<T> {
  try {
    return await judge(snapshot);
  } catch (error) {
    if (newest === undefined || !isLayoverError(error) || error.key !== 'UNAUTHORIZED' || !mayChange(error))
      throw error;
    const newer = await newest();
    if (newer === snapshot) throw error;
    return judge(newer);
  }
}
