import { withDeadline } from '../../../../common/async/deadline';
import { LayoverError } from '../../../../common/errors/layover-error';
import { createConnections } from '../http/create-connections';
import { probeRegistry } from './probe-registry';
import { DEFAULT_TIMEOUTS, type UpstreamOptions } from '../options';
import type { UpstreamProber } from './upstream-prober';

/**
 * Upper limit of a probe. It is below the 15 s timeout of the control plane, so that the caller
 * gets the message of the probe and not that of the control plane.
 */
const MAX_PROBE_MS = 12_000;
const LONGEST_HEADERS_MS = 10_000;

/**
 * Creates the prober (port: upstream-prober.ts). Every probe has its own connections under the same
 * rules as pulls: a kept connection would hide that a certificate, a name or an address has
 * changed.
 */
export function createUpstreamProber(options: UpstreamOptions): UpstreamProber {
  const { clock } = options;
  const given = { ...DEFAULT_TIMEOUTS, ...options.timeouts };
  const timeouts = {
    ...given,
    headersMs: Math.min(given.headersMs, LONGEST_HEADERS_MS),
    operationMs: Math.min(given.operationMs, MAX_PROBE_MS),
  };
  return {
    async probe(origin, signal) {
      const connections = createConnections({ ...options, connectionsPerOrigin: 1 }, timeouts);
      const reason = (): LayoverError =>
        new LayoverError('UPSTREAM_TIMEOUT', {
          message: `${origin.host} did not answer within ${Math.round(timeouts.operationMs / 1000)} seconds`,
        });
      try {
        return await withDeadline({ clock, ms: timeouts.operationMs, reason }, signal, (bounded) =>
          probeRegistry(connections.http, clock, origin, bounded),
        );
      } finally {
        await connections.close();
      }
    },
  };
}
