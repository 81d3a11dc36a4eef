import { isIP } from 'node:net';
import { withTimeout } from '../../../../common/async/deadline';
import { isLayoverError, LayoverError } from '../../../../common/errors/layover-error';
import type { Clock } from '../../../../common/runtime/clock';
import type { ProxiedNames, Resolver } from '../options';
import type { AddressPolicy } from './address-policy';
import { addressRefused } from './address-refused';
import { errorCode } from './error-code';
import { resolveForProxy } from './guarded-lookup';

/** How the host of a request that goes through a proxy is checked. */
export interface ProxiedNameOptions {
  readonly policy: AddressPolicy;
  readonly resolver: Resolver;
  /** How names are treated behind a proxy. */
  readonly proxiedNames: ProxiedNames;
  readonly clock: Clock;
  /** Timeout for DNS, in milliseconds. */
  readonly timeoutMs: number;
}

/**
 * Names that mean this machine or the metadata service of its cloud for every resolver, including
 * the one of a proxy. Refused behind a proxy even if they do not resolve here.
 */
const INTERNAL_NAMES: readonly RegExp[] = [
  // RFC 6761 section 6.3, and the names that Debian and Red Hat have in /etc/hosts.
  /^(?:.+\.)?localhost[46]?(?:\.localdomain[46]?)?$/,
  /^ip6-(?:localhost|loopback)$/,
  /^metadata(?:\.goog|\.google\.internal)?$/,
  /^instance-data(?:\..+)?$/,
];

/**
 * Returns the host that a proxy may connect to: the name, or its checked address
 * (docs/design/access.md#address-checks). `hostname` has no brackets. Throws
 * UPSTREAM_ADDRESS_REFUSED, or UPSTREAM_UNREACHABLE if the name cannot be resolved here.
 */
export async function proxiedName(hostname: string, options: ProxiedNameOptions): Promise<string> {
  const { policy, resolver, proxiedNames, clock, timeoutMs } = options;
  const refused = isIP(hostname) === 0 ? INTERNAL_NAMES.some((name) => name.test(hostname)) : !policy.allows(hostname);
  if (refused) throw addressRefused(hostname);
  try {
    const lookup = resolveForProxy(hostname, resolver, policy);
    const [first] = await withTimeout(clock, timeoutMs, lookup, () => {
      throw Object.assign(new Error('the lookup took too long'), { code: 'ETIMEDOUT' });
    });
    return proxiedNames === 'pin' ? first!.address : hostname;
  } catch (error) {
    if (isLayoverError(error)) throw error;
    if (proxiedNames === 'proxy') return hostname;
    throw new LayoverError('UPSTREAM_UNREACHABLE', {
      message:
        `The name ${hostname} cannot be resolved here (${errorCode(error)}), so its address cannot be checked before ` +
        'the proxy connects to it; if only the proxy can resolve names, set LAYOVER_UPSTREAM_PROXY_NAMES=proxy',
      cause: error,
    });
  }
}
