import { CLOCK_TOLERANCE_MS } from '../../../../common/runtime/clock-watch';

/**
 * Returns a time that a data plane reports, or `now` if it is in the future: its clock is wrong,
 * and a time in the future would win over every later event. Both in milliseconds since the epoch.
 */
export function believableTime(at: number, now: number): number {
  return at <= now + CLOCK_TOLERANCE_MS ? at : now;
}
