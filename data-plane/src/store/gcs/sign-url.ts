import { Storage } from '@google-cloud/storage';
import type { BucketAddress } from './bucket-address';

/** The object to read, and how long the URL is valid. */
export interface SignedRead {
  readonly name: string;
  /** The URL reads this generation only, never a newer object under the same name. */
  readonly generation: string;
  readonly lifetimeMs: number;
}

/**
 * Returns a URL that reads one object (Cloud Storage, "V4 signing process"). Rejects with any
 * error, and may take as long as the network does.
 */
export type SignUrl = (read: SignedRead) => Promise<string>;

/**
 * Signs with application default credentials. With the key of a service account on this host, it
 * signs locally. Otherwise (identity of a workload) it calls signBlob of IAM, for which the account
 * needs the role "Service Account Token Creator" on itself. URLs of an emulator are signed the same
 * way and lead to the emulator.
 */
export function defaultSignUrl(address: BucketAddress, emulator: string | undefined): SignUrl {
  // Without a project name, the library would look for one over the network, as it does for
  // requests.
  const storage = new Storage({ projectId: 'none', ...(emulator === undefined ? {} : { apiEndpoint: emulator }) });
  const bucket = storage.bucket(address.bucket);
  return async ({ name, generation, lifetimeMs }) => {
    const [url] = await bucket.file(name, { generation }).getSignedUrl({
      version: 'v4',
      action: 'read',
      // The system clock, because the bucket compares the expiration with its own clock.
      expires: Date.now() + lifetimeMs,
      responseType: 'application/octet-stream',
    });
    return url;
  };
}
