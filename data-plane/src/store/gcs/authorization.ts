import { Storage } from '@google-cloud/storage';
import { BucketError } from './bucket-error';

/** Returns headers that authorize a request. Throws a BucketError. */
export type BucketAuthorization = () => Promise<Readonly<Record<string, string>>>;

/** The authorization for emulators, which need none. */
export const noAuthorization: BucketAuthorization = () => Promise.resolve({});

/**
 * Returns application default credentials as Google's library finds them: the file that
 * GOOGLE_APPLICATION_CREDENTIALS names, or the identity of the workload. The library caches the
 * token and renews it before it expires.
 */
export function defaultAuthorization(): BucketAuthorization {
  // Requests of Layover need no project. Without this name, the library would look for a project,
  // also over the network, before it returns the first token.
  const { authClient } = new Storage({ projectId: 'none' });
  return async () => {
    try {
      return { ...(await authClient.getRequestHeaders()) };
    } catch (error) {
      // Transient, because the identity of a workload may become available a little after its
      // start.
      throw new BucketError('cannot be reached because no credentials were found', true, error);
    }
  };
}
