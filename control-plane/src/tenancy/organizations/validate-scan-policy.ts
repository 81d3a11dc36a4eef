import { isStorable } from '../../db/storable-text';
import { badInput } from '../../errors/api-error';
import { seconds } from './validate-seconds';
import type { ScanPolicy } from './scan-policy';
import type { UncheckedScanPolicy } from './unchecked-settings';

/** Longest wait, in seconds: an edge gives a pull two minutes, and the answer needs some of them. */
const MAX_WAIT_SECONDS = 100;
const MAX_ALLOWED = 1000;
const MAX_NAME = 255;

/** Checks a gate. The order of the allow list means nothing, so it is kept sorted. Throws BAD_USER_INPUT with the path of the first bad field. */
export function validateScanPolicy(input: UncheckedScanPolicy, field: string): ScanPolicy {
  const waitSeconds = input.waitSeconds ?? 60;
  if (waitSeconds < 1 || waitSeconds > MAX_WAIT_SECONDS)
    throw badInput(`${field}.waitSeconds`, `must be from 1 to ${MAX_WAIT_SECONDS} seconds`);
  const allowed = [...new Set(input.allowedVulnerabilities ?? [])].sort();
  if (allowed.length > MAX_ALLOWED) throw badInput(`${field}.allowedVulnerabilities`, `must be at most ${MAX_ALLOWED}`);
  if (allowed.some((name) => name === '' || name.length > MAX_NAME || !isStorable(name)))
    throw badInput(`${field}.allowedVulnerabilities`, `must be names of 1 to ${MAX_NAME} characters`);
  return {
    blockFrom: input.blockFrom,
    onlyFixable: input.onlyFixable ?? false,
    graceSeconds: seconds(input.graceSeconds ?? 0, 0, `${field}.graceSeconds`),
    unscanned: input.unscanned ?? 'SERVE',
    waitSeconds,
    allowedVulnerabilities: allowed,
  };
}
