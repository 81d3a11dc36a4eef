import { LayoverError } from '../../../../common/errors/layover-error';

/**
 * Creates the error for a host with a refused address. The address itself is left out, because it
 * would reveal the internal network.
 */
export function addressRefused(host: string): LayoverError {
  return new LayoverError('UPSTREAM_ADDRESS_REFUSED', {
    message:
      `${host} resolves to a loopback, private or other internal address, which Layover does not connect to; ` +
      'if this is intended, add its network to LAYOVER_UPSTREAM_ALLOWED_NETWORKS',
    detail: { host },
  });
}
