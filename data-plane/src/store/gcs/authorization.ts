import { Storage } from '@google-cloud/storage';
import { BucketError } from './bucket-error';

/** Headers that let a request in. Throws a BucketError. */
export type Authorization = () => Promise<Readonly<Record<string, string>>>;

/** What an emulator needs. */
export const noAuthorization: Authorization = () => Promise.resolve({});

/**
 * Application default credentials (the file that GOOGLE_APPLICATION_CREDENTIALS names, or the workload's own identity), as Google's library finds
 * them; it keeps the token and renews it before it ends.
 */
export function defaultAuthorization(): Authorization {
  // No request of ours is for a project. Without a name the library would look for one, over the network too, before it gives the first token.
  const { authClient } = new Storage({ projectId: 'none' });
  return async () => {
    try {
      return { ...(await authClient.getRequestHeaders()) };
    } catch (error) {
      // Also where there are none: a workload's identity may come a little after the workload.
      throw new BucketError('cannot be reached without credentials, and there are none', true, error);
    }
  };
}
