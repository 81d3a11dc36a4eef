import { LayoverError } from '../../../common/errors/layover-error';
import type { Handler } from '../request/exchange';
import type { PushRequest } from '../request/registry-request';

/** Every write of the OCI API (end-4 to end-7, end-9 to end-11, end-13): 405 UNSUPPORTED. */
export const refusePush: Handler<PushRequest> = ({ method }) => {
  throw new LayoverError('WRITE_UNSUPPORTED', {
    message: 'this is a pull-through cache: images are pushed to their upstream registry',
    detail: { method, allow: 'GET, HEAD' },
  });
};
