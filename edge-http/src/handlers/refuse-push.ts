import { LayoverError } from '../../../common/errors/layover-error';
import type { Handler } from '../request/exchange';
import type { PushRequest } from '../request/registry-request';

const PUSH = 'Push to the upstream registry.';
/** What to do instead, by method. */
const ADVICE: Readonly<Record<string, string | undefined>> = {
  POST: PUSH,
  PUT: PUSH,
  PATCH: PUSH,
  GET: PUSH,
  HEAD: PUSH,
  DELETE:
    'Delete from the upstream registry. To remove an image from the cache only, use the management API of Layover.',
};
const OTHER = 'Allowed methods: GET, HEAD.';

/**
 * Refuses all writes of the OCI API (end-4 to end-7, end-9 to end-11, end-13) with 405 UNSUPPORTED.
 */
export const refusePush: Handler<PushRequest> = ({ method }) => {
  throw new LayoverError('WRITE_UNSUPPORTED', {
    message: `Layover is a pull-through cache, which is read-only: ${method} is not supported here. ${ADVICE[method] ?? OTHER}`,
    detail: { method, allow: 'GET, HEAD' },
  });
};
