import { type Digest, digestOf } from '../../common/oci/digest';
import { MediaType } from '../../common/oci/media-types';
import { parseReference, type Reference } from '../../common/oci/reference';
import { isLayoverError } from '../../common/errors/layover-error';
import type {
  FetchedManifest,
  UpstreamBlobStream,
  UpstreamRegistry,
  UpstreamRepository,
} from '../../data-plane/src/upstream/upstream-registry';

/** An upstream under test, and the content that the contract adds to it. */
export interface UpstreamUnderTest {
  readonly upstream: UpstreamRegistry;
  /**
   * Returns a repository with the credentials of the only user that may read it, or of one that may
   * not.
   */
  repository(name: string, user?: 'stranger'): UpstreamRepository;
  putManifest(name: string, manifest: FetchedManifest, tag?: string): void;
  putBlob(name: string, content: Buffer): void;
  dispose(): Promise<void>;
}

const MANIFEST: FetchedManifest = manifestOf('first');
const BLOB = Buffer.from('the bytes of a blob');
const DIGEST = digestOf(BLOB);
const ABSENT = digestOf(Buffer.from('nowhere'));

function manifestOf(name: string): FetchedManifest {
  const config = {
    mediaType: 'application/vnd.oci.image.config.v1+json',
    digest: digestOf(Buffer.from(name)),
    size: 5,
  };
  const document = { schemaVersion: 2, mediaType: MediaType.ociManifest, config, layers: [] };
  const content = Buffer.from(JSON.stringify(document));
  return { digest: digestOf(content), mediaType: MediaType.ociManifest, content };
}

function reference(text: string): Reference {
  const parsed = parseReference(text);
  if (parsed === undefined) throw new Error(`"${text}" is not a reference`);
  return parsed;
}

async function keyOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'success',
    (error: unknown) => (isLayoverError(error) ? error.key : String(error)),
  );
}

async function bytesOf({ body }: UpstreamBlobStream): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** The contract of UpstreamRegistry in front of a registry that follows the specification. */
export function describeUpstreamRegistry(name: string, create: () => Promise<UpstreamUnderTest>): void {
  describe(`${name} as an UpstreamRegistry`, () => {
    let under: UpstreamUnderTest;
    let app: UpstreamRepository;
    beforeEach(async () => {
      under = await create();
      app = under.repository('team/app');
      under.putManifest('team/app', MANIFEST, 'v1');
      under.putBlob('team/app', BLOB);
    });
    afterEach(() => under.dispose());

    it.each([['v1'], [MANIFEST.digest as string]])('returns a manifest, and its head, by %s', async (text) => {
      const { digest, mediaType, content } = MANIFEST;
      expect(await under.upstream.getManifest(app, reference(text))).toEqual(MANIFEST);
      expect(await under.upstream.headManifest(app, reference(text))).toEqual({
        digest,
        mediaType,
        size: content.length,
      });
    });

    it.each([['v2'], [ABSENT as string]])('throws MANIFEST_UNKNOWN for a missing manifest, by %s', async (text) => {
      expect(await keyOf(under.upstream.getManifest(app, reference(text)))).toBe('MANIFEST_UNKNOWN');
      expect(await keyOf(under.upstream.headManifest(app, reference(text)))).toBe('MANIFEST_UNKNOWN');
    });

    it('sets the status of the upstream in its errors', async () => {
      await expect(under.upstream.headBlob(app, ABSENT)).rejects.toMatchObject({ upstreamStatus: 404 });
      await expect(under.upstream.getManifest(app, reference('v2'))).rejects.toMatchObject({ upstreamStatus: 404 });
    });

    it('returns the size of a blob, and its bytes from any offset', async () => {
      expect(await under.upstream.headBlob(app, DIGEST)).toEqual({ size: BLOB.length });
      for (const offset of [0, 4]) {
        const stream = await under.upstream.openBlob(app, DIGEST, offset);
        expect(stream).toMatchObject({ size: BLOB.length, offset });
        expect(await bytesOf(stream)).toEqual(BLOB.subarray(offset));
      }
    });

    it('returns a range of a blob with the size of the whole, and nothing if the blob is too short', async () => {
      const range = { offset: 4, length: 5 };
      expect(await under.upstream.readRange(app, DIGEST, range)).toEqual({
        content: BLOB.subarray(4, 9),
        size: BLOB.length,
      });
      for (const beyond of [
        { offset: BLOB.length - 2, length: 5 },
        { offset: BLOB.length + 10, length: 5 },
      ])
        expect(await under.upstream.readRange(app, DIGEST, beyond)).toBeUndefined();
      expect(await keyOf(under.upstream.readRange(app, ABSENT, range))).toBe('BLOB_UNKNOWN');
    });

    it('releases a blob that nobody reads', async () => {
      const stream = await under.upstream.openBlob(app, DIGEST, 0);
      stream.cancel();
      stream.cancel();
      expect(await under.upstream.headBlob(app, DIGEST)).toEqual({ size: BLOB.length });
    });

    it('throws BLOB_UNKNOWN for a blob of another repository', async () => {
      under.putBlob('team/other', Buffer.from('elsewhere'));
      const digest: Digest = digestOf(Buffer.from('elsewhere'));
      expect(await keyOf(under.upstream.headBlob(app, digest))).toBe('BLOB_UNKNOWN');
      expect(await keyOf(under.upstream.openBlob(app, digest, 0))).toBe('BLOB_UNKNOWN');
      expect(await keyOf(under.upstream.headBlob(under.repository('team/other'), digest))).toBe('success');
    });

    it('lists tags in order, whole and in pages, with the start of the next page', async () => {
      under.putManifest('team/app', manifestOf('second'), 'v3');
      under.putManifest('team/app', MANIFEST, 'v2');
      const none = { nextLast: undefined, nextLimit: undefined, position: undefined };
      expect(await under.upstream.listTags(app, {})).toEqual({ tags: ['v1', 'v2', 'v3'], ...none });
      expect(await under.upstream.listTags(app, { limit: 2 })).toEqual({
        tags: ['v1', 'v2'],
        nextLast: 'v2',
        nextLimit: 2,
        position: undefined,
      });
      expect(await under.upstream.listTags(app, { limit: 2, last: 'v2' })).toEqual({ tags: ['v3'], ...none });
    });

    it('throws NAME_UNKNOWN for the tags of a missing repository', async () => {
      expect(await keyOf(under.upstream.listTags(under.repository('nobody/home'), {}))).toBe('NAME_UNKNOWN');
    });

    it('returns an index of referrers', async () => {
      const { content, nextQuery } = await under.upstream.listReferrers(app, MANIFEST.digest, {});
      expect(JSON.parse(content.toString())).toMatchObject({ mediaType: MediaType.ociIndex, manifests: [] });
      expect(nextQuery).toBeUndefined();
    });

    it('throws UPSTREAM_DENIED if the credentials do not permit reading the repository', async () => {
      const stranger = under.repository('team/app', 'stranger');
      const { upstream } = under;
      const outcomes = await Promise.all([
        keyOf(upstream.getManifest(stranger, reference('v1'))),
        keyOf(upstream.headBlob(stranger, DIGEST)),
        keyOf(upstream.openBlob(stranger, DIGEST, 0)),
        keyOf(upstream.readRange(stranger, DIGEST, { offset: 0, length: 1 })),
        keyOf(upstream.listTags(stranger, {})),
      ]);
      expect(outcomes).toEqual(Array.from({ length: 5 }, () => 'UPSTREAM_DENIED'));
    });

    it('throws CANCELLED if the signal has aborted', async () => {
      const { upstream } = under;
      const gone = AbortSignal.abort();
      const outcomes = await Promise.all([
        keyOf(upstream.getManifest(app, reference('v1'), gone)),
        keyOf(upstream.headManifest(app, reference('v1'), gone)),
        keyOf(upstream.headBlob(app, DIGEST, gone)),
        keyOf(upstream.openBlob(app, DIGEST, 0, gone)),
        keyOf(upstream.readRange(app, DIGEST, { offset: 0, length: 1 }, gone)),
        keyOf(upstream.listTags(app, {}, gone)),
      ]);
      expect(outcomes).toEqual(Array.from({ length: 6 }, () => 'CANCELLED'));
    });

    it('reports an upstream that answered as reachable', async () => {
      await under.upstream.headBlob(app, DIGEST);
      expect(under.upstream.health(app.origin)).toMatchObject({ reachable: true, lastError: undefined });
      expect(under.upstream.health(app.origin).lastCheckedAt).toBeGreaterThan(0);
    });
  });
}
