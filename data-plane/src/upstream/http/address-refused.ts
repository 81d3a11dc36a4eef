import { LayoverError } from '../../../../common/errors/layover-error';

/** The error for a host at an address that may not be reached. `address` is not named: it would map our inner network for others. */
export function addressRefused(host: string): LayoverError {
  return new LayoverError('UPSTREAM_ADDRESS_REFUSED', {
    message:
      `${host} is at a loopback, private or otherwise internal address, which Layover does not connect to; ` +
      'if that is intended, add its network to LAYOVER_UPSTREAM_ALLOWED_NETWORKS',
    detail: { host },
  });
}
