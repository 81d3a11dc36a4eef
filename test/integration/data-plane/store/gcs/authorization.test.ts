import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { digestOf } from '../../../../../common/oci/digest';
import { createLogger } from '../../../../../common/runtime/logger';
import { type BucketAuthorization, defaultAuthorization } from '../../../../../data-plane/src/store/gcs/authorization';
import { BucketError } from '../../../../../data-plane/src/store/gcs/bucket-error';
import { createGcsBlobStore, type GcsBlobStore } from '../../../../../data-plane/src/store/gcs/gcs-blob-store';
import { bytes } from '../../../../support/data-plane/fills/fill-setup';
import type { GcsLimits } from '../../../../../data-plane/src/store/gcs/limits';
import { type GcsUnderTest, gcsOnFake, KIB, QUICK } from '../../../../support/data-plane/gcs-store';

/** Starts a token server that reports its tokens and the number of requests. */
async function startTokenServer(): Promise<{
  url: string;
  token: string;
  asked: () => number;
  close(): Promise<void>;
}> {
  const token = randomUUID();
  let asked = 0;
  const server: Server = createServer((message, response) => {
    asked += 1;
    message.resume().on('end', () => {
      response.setHeader('content-type', 'application/json');
      const answer = { access_token: token, token_type: 'Bearer', expires_in: 3600 };
      response.end(JSON.stringify({ ...answer, issued_token_type: 'urn:ietf:params:oauth:token-type:access_token' }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`,
    token,
    asked: () => asked,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

describe('credentials for the bucket', () => {
  let under: GcsUnderTest;
  let store: GcsBlobStore;
  const content = bytes(600 * KIB);
  const before = process.env.GOOGLE_APPLICATION_CREDENTIALS;
  beforeEach(async () => {
    under = await gcsOnFake();
  });
  afterEach(async () => {
    if (before === undefined) delete process.env.GOOGLE_APPLICATION_CREDENTIALS;
    else process.env.GOOGLE_APPLICATION_CREDENTIALS = before;
    await store.close();
    await under.dispose();
  });

  const storeWith = (authorization: BucketAuthorization, limits: Partial<GcsLimits> = {}): void => {
    store = createGcsBlobStore({
      address: { bucket: under.fake.bucket, prefix: '' },
      emulator: under.fake.origin,
      authorization,
      limits: { ...QUICK, ...limits },
      logger: createLogger('test', 'silent'),
    });
  };
  const useEverything = async (): Promise<void> => {
    const spoolFile = await under.spoolFile(content);
    await (await store.ingest(digestOf(content), spoolFile)).commit(spoolFile, content.length);
    await store.get(digestOf(content), content.length);
    await store.delete(digestOf(content));
  };

  it('come from the environment (here a workload identity), are fetched once, and go to the API but never to an upload session', async () => {
    const tokens = await startTokenServer();
    try {
      const subject = join(under.folder, 'subject');
      await writeFile(subject, 'the workload');
      const file = join(under.folder, 'credentials.json');
      const account = {
        type: 'external_account',
        audience: '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/pool/providers/provider',
        subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
        token_url: tokens.url,
        credential_source: { file: subject },
      };
      await writeFile(file, JSON.stringify(account));
      process.env.GOOGLE_APPLICATION_CREDENTIALS = file;
      storeWith(defaultAuthorization());
      await useEverything();
      expect(tokens.asked()).toBe(1);
      for (const { kind, authorization } of under.fake.requests) {
        expect([kind, authorization]).toEqual([kind, kind === 'part' ? undefined : `Bearer ${tokens.token}`]);
      }
      expect(under.fake.requests.map(({ kind }) => kind)).toEqual(
        expect.arrayContaining(['begin', 'part', 'download', 'look', 'delete']),
      );
    } finally {
      await tokens.close();
    }
  });

  it('delay a call at most for the limit of clients if they do not arrive', async () => {
    storeWith(() => new Promise(() => undefined), { clientMs: 100 });
    await expect(store.stat(digestOf(content))).rejects.toMatchObject({ key: 'STORE_UNREACHABLE' });
  });

  it('are awaited if they arrive a little late', async () => {
    let tries = 0;
    storeWith(async () => {
      tries += 1;
      if (tries === 1) throw new BucketError('cannot be reached without credentials', true);
      return { authorization: 'Bearer late' };
    });
    expect(await store.stat(digestOf(content))).toBeUndefined();
    expect(under.fake.requests[0]?.authorization).toBe('Bearer late');
  });

  it('do not appear in error messages', async () => {
    storeWith(async () => ({ authorization: 'Bearer top-secret' }));
    under.fake.fault({ status: 403 });
    const error: unknown = await store.stat(digestOf(content)).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ key: 'STORE_UNREACHABLE' });
    expect((error as Error).message).not.toMatch(/top-secret|127\.0\.0\.1|layover-test/);
  });
});
