import { Storage } from '@google-cloud/storage';
import type { BucketAddress } from './bucket-address';

/** Which object, and for how long. */
export interface SignedRead {
  readonly name: string;
  /** Another object that comes under the name is not what was looked at. */
  readonly generation: string;
  readonly lifetimeMs: number;
}

/** Makes a URL that reads one object (Cloud Storage, "V4 signing process"). Rejects with whatever went wrong; may take as long as a network likes. */
export type SignUrl = (read: SignedRead) => Promise<string>;

/**
 * Signs with application default credentials: with the key of a service account on this host, otherwise (a workload's own identity) by asking IAM's signBlob, for which the
 * account needs the role "Service Account Token Creator" on itself. An emulator's URLs are signed the same way, and lead to the emulator.
 */
export function defaultSignUrl(address: BucketAddress, emulator: string | undefined): SignUrl {
  // As for requests: without a project's name the library would look for one over the network.
  const storage = new Storage({ projectId: 'none', ...(emulator === undefined ? {} : { apiEndpoint: emulator }) });
  const bucket = storage.bucket(address.bucket);
  return async ({ name, generation, lifetimeMs }) => {
    const [url] = await bucket.file(name, { generation }).getSignedUrl({
      version: 'v4',
      action: 'read',
      // The library's own clock: that of the machine, which the bucket compares with its own.
      expires: Date.now() + lifetimeMs,
      responseType: 'application/octet-stream',
    });
    return url;
  };
}
