import type { ChaosCase, FaultPoint } from '../cases/chaos-case';
import type { Place } from '../world/place';
import type { Sight } from './ask';

/**
 * Places behind which a cached image does not need anything: it is served without the control plane
 * and what is behind that.
 */
const NOT_NEEDED_WARM: ReadonlySet<Place> = new Set(['data-control', 'data-control-tls', 'control-database']);

/** Returns what is wrong with what a client saw of the request with the fault. */
export function judge(one: ChaosCase, sight: Sight): string[] {
  const { place, request, temperature, fault, moment, second } = one;
  const seen = `${sight.kind} ${sight.status} after ${sight.seconds.toFixed(1)} s, ${sight.bodyBytes} bytes of the body (${sight.detail})`;
  const problem = (expected: string): string[] => [`expected ${expected}; the client saw: ${seen}`];
  if (sight.kind === 'right') return [];
  // An image without a scan is refused; this is not an outage of the registry.
  if (place === 'control-clair' && sight.status === 403) return [];
  if (sight.kind === 'wrong') return problem('right bytes or a clean error');
  // The line of the client itself: it may break, or stay silent.
  if ([one, second].some((point) => point !== undefined && breaksOwnLine(point))) return [];
  if (sight.kind === 'late') return problem('an answer in time');
  if (second !== undefined) return [];
  if (moment === 'after') return problem('right bytes, because the fault came after the answer');
  if (fault === 'delay' || fault === 'throttle') return problem('right bytes, because nothing was lost');
  if (temperature === 'warm' && NOT_NEEDED_WARM.has(place)) return problem('right bytes from the cache');
  if (sight.kind === 'cut') {
    if (!request.startsWith('blob-')) return problem('an answer, because it fits into one piece');
    if (sight.status === 0) return problem('an answer with headers');
  }
  return [];
}

function breaksOwnLine({ place, fault }: FaultPoint): boolean {
  return place === 'client-edge' && fault !== 'delay' && fault !== 'throttle';
}

/** Returns what is wrong with the requests after the fault. */
export function judgeNext({ place }: ChaosCase, next: readonly Sight[]): string[] {
  const [first] = next;
  if (first === undefined || first.kind === 'right') return [];
  const last = next.at(-1)!;
  // A scan that failed is tried again after a pause. Until then the image is refused.
  if (place === 'control-clair' && first.status === 403 && last.kind === 'right') return [];
  const ending = last.kind === 'right' ? `${next.length - 1} more requests later it was right` : 'it did not recover';
  const seen = `${first.kind} ${first.status} after ${first.seconds.toFixed(1)} s (${first.detail})`;
  return [`expected the next request to be right; the client saw: ${seen}; ${ending}`];
}
