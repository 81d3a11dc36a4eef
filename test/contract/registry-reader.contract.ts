import { readFile } from 'node:fs/promises';
import { isLayoverError, type LayoverError } from '../../common/errors/layover-error';
import { type Digest, digestOf } from '../../common/oci/digest';
import { MediaType } from '../../common/oci/media-types';
import { parseReference, parseRepositoryName } from '../../common/oci/reference';
import type {
  BlobRead,
  BlobReadQuery,
  RegistryReader,
  RepositoryQuery,
  RequestContext,
} from '../../edge-http/src/registry/registry-reader';
import type { BuiltImage } from '../support/fake-registry';

/**
 * A reader under test, connected to a data plane that serves `image` as team/app:v1 of the public
 * organization acme.
 */
export interface ReaderUnderTest {
  /** A reader that was started. */
  readonly reader: RegistryReader;
  readonly image: BuiltImage;
  dispose(): Promise<void>;
}

const CONTEXT: RequestContext = {
  requestId: 'request-1',
  clientAddress: '',
  userAgent: 'test/1',
  authorization: '',
  hops: [],
};
const NOT_ABORTED = new AbortController().signal;
const ABSENT = digestOf(Buffer.from('nowhere'));

function query(organization = 'acme', name = 'team/app', context = CONTEXT): RepositoryQuery {
  const repository = parseRepositoryName(name);
  if (repository === undefined) throw new Error(`"${name}" is not a repository name`);
  return { context, address: { owner: 'organization', organization, repository } };
}

function reference(text: string) {
  const parsed = parseReference(text);
  if (parsed === undefined) throw new Error(`"${text}" is not a reference`);
  return parsed;
}

async function failureOf(promise: Promise<unknown>): Promise<LayoverError> {
  const thrown = await promise.then(
    () => 'nothing was thrown',
    (error: unknown) => error,
  );
  if (!isLayoverError(thrown)) throw thrown;
  return thrown;
}

async function bytesOf(read: BlobRead): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for (let message = await read.next(); message !== undefined; message = await read.next()) {
    if (message.kind === 'chunk') chunks.push(message.bytes);
  }
  return Buffer.concat(chunks);
}

/** The contract of RegistryReader in front of a data plane that serves an image. */
export function describeRegistryReader(name: string, create: () => Promise<ReaderUnderTest>): void {
  describe(`${name} as a RegistryReader`, () => {
    let under: ReaderUnderTest;
    let reader: RegistryReader;
    let layer: { readonly digest: Digest; readonly bytes: Buffer };
    beforeAll(async () => {
      under = await create();
      reader = under.reader;
      layer = under.image.layers[0]!;
      // The whole blob is cached after this read.
      await bytesOf(await read({ accepts: 'inline' }));
    });
    afterAll(() => under.dispose());

    const manifest = (text: string, headOnly = false, of = query()): ReturnType<RegistryReader['getManifest']> =>
      reader.getManifest({ ...of, reference: reference(text), headOnly, accept: [] }, NOT_ABORTED);
    const read = (how: Partial<BlobReadQuery> = {}): Promise<BlobRead> =>
      reader.readBlob(
        { ...query(), digest: layer.digest, range: undefined, accepts: 'inline', avoid: [], ...how },
        NOT_ABORTED,
      );

    it('is ready although the data plane requires credentials', async () => {
      await reader.ready(5_000);
    });

    it.each([
      ['no', ''],
      ['wrong', `Basic ${Buffer.from('acme+ci:wrong').toString('base64')}`],
      ['forged', 'Bearer forged'],
    ])('throws UNAUTHORIZED for %s credentials', async (_what, authorization) => {
      const failure = await failureOf(reader.checkAccess({ ...CONTEXT, authorization }, NOT_ABORTED));
      expect(failure.key).toBe('UNAUTHORIZED');
    });

    it('returns a manifest by tag and by digest, and everything except its bytes for a HEAD', async () => {
      const { digest, mediaType, manifest: content } = under.image;
      for (const text of ['v1', digest]) {
        expect(await manifest(text)).toMatchObject({ digest, mediaType, size: content.length, content });
        const head = await manifest(text, true);
        expect(head).toMatchObject({ digest, mediaType, size: content.length });
        expect([head.content.length, head.cacheStatus === undefined, head.upstreamHost === '']).toEqual([
          0,
          false,
          false,
        ]);
      }
    });

    it('throws the error of the data plane for missing content', async () => {
      expect((await failureOf(manifest('v2'))).key).toBe('MANIFEST_UNKNOWN');
      expect((await failureOf(manifest(ABSENT))).key).toBe('MANIFEST_UNKNOWN');
      expect((await failureOf(manifest('v1', false, query('nobody')))).key).toBe('UNAUTHORIZED');
      expect((await failureOf(reader.statBlob({ ...query(), digest: ABSENT }, NOT_ABORTED))).key).toBe('BLOB_UNKNOWN');
      expect((await failureOf(read({ digest: ABSENT }))).key).toBe('BLOB_UNKNOWN');
    });

    it('returns the size of a blob', async () => {
      const stat = await reader.statBlob({ ...query(), digest: layer.digest }, NOT_ABORTED);
      expect(stat).toMatchObject({ size: layer.bytes.length, cacheStatus: 'HIT' });
    });

    it('returns the bytes of a blob, whole and in part', async () => {
      const size = layer.bytes.length;
      const whole = await read();
      expect(whole.header).toMatchObject({ size, offset: 0, length: size, delivery: { kind: 'inline' } });
      expect((await bytesOf(whole)).equals(layer.bytes)).toBe(true);
      expect(whole.node).not.toBe('');
      const part = await read({ range: { kind: 'bytes', first: 10, last: 19 } });
      expect(part.header).toMatchObject({ size, offset: 10, length: 10 });
      expect((await bytesOf(part)).equals(layer.bytes.subarray(10, 20))).toBe(true);
      const end = await read({ range: { kind: 'suffix', length: 5 } });
      expect(end.header).toMatchObject({ size, offset: size - 5, length: 5 });
      expect((await bytesOf(end)).equals(layer.bytes.subarray(size - 5))).toBe(true);
    });

    it('returns a local file to a reader on the same host that accepts it', async () => {
      const { header, next } = await read({ accepts: 'any' });
      expect(header.delivery).toMatchObject({ kind: 'local-file', available: layer.bytes.length });
      if (header.delivery.kind !== 'local-file') throw new Error('no file');
      expect((await readFile(header.delivery.path)).equals(layer.bytes)).toBe(true);
      expect(await next()).toBeUndefined();
    });

    it('throws RANGE_INVALID with the size for a range outside the blob', async () => {
      const failure = await failureOf(read({ range: { kind: 'bytes', first: layer.bytes.length } }));
      expect([failure.key, failure.detail]).toEqual(['RANGE_INVALID', { size: layer.bytes.length }]);
    });

    it('can be cancelled in the middle of a blob, even twice', async () => {
      const going = await read();
      await going.next();
      going.cancel();
      going.cancel();
    });

    it('lists tags and referrers', async () => {
      const tags = await reader.listTags({ ...query(), limit: 0, last: '', page: '' }, NOT_ABORTED);
      expect(tags).toMatchObject({ tags: ['v1'], nextLast: '', nextPage: '' });
      const referrers = await reader.listReferrers(
        { ...query(), digest: under.image.digest, artifactType: '', page: '' },
        NOT_ABORTED,
      );
      expect(JSON.parse(referrers.content.toString())).toMatchObject({ mediaType: MediaType.ociIndex, manifests: [] });
      expect(referrers.nextPage).toBe('');
    });

    it('issues a token that authorizes pulls, to anonymous clients too', async () => {
      const token = await reader.issueToken({ context: CONTEXT, service: 'layover', scopes: [] }, NOT_ABORTED);
      expect(token.token).not.toBe('');
      expect(token.expiresInSeconds).toBeGreaterThan(0);
      expect(token.issuedAt).toBeGreaterThan(0);
      await reader.checkAccess({ ...CONTEXT, authorization: `Bearer ${token.token}` }, NOT_ABORTED);
    });

    it('throws CANCELLED if the signal has aborted', async () => {
      const gone = AbortSignal.abort();
      const blob = { ...query(), digest: layer.digest };
      const failures = await Promise.all([
        failureOf(reader.statBlob(blob, gone)),
        failureOf(reader.readBlob({ ...blob, range: undefined, accepts: 'inline', avoid: [] }, gone)),
      ]);
      expect(failures.map(({ key }) => key)).toEqual(['CANCELLED', 'CANCELLED']);
    });
  });
}
