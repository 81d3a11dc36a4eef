import { type ChannelCredentials, credentials } from '@grpc/grpc-js';
import { PlaneChannelCredentials, secretCallCredentials } from '../../common/grpc/plane-credentials';

/** The secret of planes in tests that reach each other by TCP. */
export const PLANE_SECRET = 'the-secret-that-planes-in-tests-share';

/** Returns credentials that send {@link PLANE_SECRET}. Servers without a secret ignore it. */
export function sendingSecret(): ChannelCredentials {
  return new PlaneChannelCredentials(credentials.createInsecure(), undefined, secretCallCredentials(PLANE_SECRET));
}
