import { LayoverError } from '../../../common/errors/layover-error';
import type { Handler } from '../request/exchange';
import type { PushRequest } from '../request/registry-request';

/**
 * Refuses all writes of the OCI API (end-4 to end-7, end-9 to end-11, end-13) with 405 UNSUPPORTED.
 */
export const refusePush: Handler<PushRequest> = ({ method }) => {
  throw new LayoverError('WRITE_UNSUPPORTED', {
    message: 'Layover is a pull-through cache and does not accept pushes. Push to the upstream registry.',
    detail: { method, allow: 'GET, HEAD' },
  });
};
