import type { Descriptor } from '../../common/oci/descriptor';
import { type Digest, digestOf } from '../../common/oci/digest';
import { MediaType } from '../../common/oci/media-types';
import type { RepositoryKey } from '../../data-plane/src/access/repository-key';
import type { Catalog } from '../../data-plane/src/known/catalog';
import type { AdmitManifestRequest } from '../../proto/gen/layover/v1/AdmitManifestRequest';
import type { ManifestReference } from '../../proto/gen/layover/v1/ManifestReference';

/** A Catalog under test. */
export interface CatalogUnderTest {
  readonly catalog: Catalog;
  /** A repository of an organization whose tags expire after a day. */
  readonly repository: RepositoryKey;
  /** Returns the time of the control plane, in milliseconds since the epoch. */
  now(): number;
  /** Applies admissions, if the Catalog does not apply them itself. */
  settle(): void;
  dispose(): Promise<void>;
}

const DAY_MS = 86_400_000;

function digest(text: string): Digest {
  return digestOf(Buffer.from(text));
}

function descriptor(text: string, mediaType = 'application/x'): Descriptor {
  return { mediaType, digest: digest(text), size: text.length };
}

function reference(role: 'CONFIG' | 'LAYER' | 'CHILD', text: string): ManifestReference {
  const mediaType = role === 'CHILD' ? MediaType.ociManifest : 'application/x';
  const platform = role === 'CHILD' ? { os: 'linux', architecture: 'amd64', variant: '' } : null;
  return { role, descriptor: descriptor(text, mediaType), position: 0, platform, foreign: false };
}

/** The contract of the Catalog towards a data plane, over gRPC. */
export function describeCatalog(name: string, create: () => Promise<CatalogUnderTest>): void {
  describe(`${name} as a Catalog`, () => {
    let under: CatalogUnderTest;
    let app: RepositoryKey;
    beforeEach(async () => {
      under = await create();
      app = under.repository;
    });
    afterEach(() => under.dispose());

    const admit = async (text: string, more: Partial<AdmitManifestRequest> = {}): Promise<void> => {
      const admission = await under.catalog.admit({
        repository: app,
        manifest: descriptor(text, MediaType.ociManifest),
        artifactType: '',
        references: [],
        tag: 'latest',
        checkedAt: under.now(),
        requestId: 'request-1',
        ...more,
      });
      expect(admission).toEqual({ decision: 'admitted' });
      under.settle();
    };

    it('has no content at first', async () => {
      const { catalog } = under;
      expect(await catalog.lookupTag(app, 'latest')).toBeUndefined();
      expect(await catalog.lookupManifest(app, digest('m'))).toBeUndefined();
      expect((await catalog.lookupBlob(app, digest('layer'), [])).blob).toBeUndefined();
      expect(await catalog.listCachedTags(app, 10, '')).toEqual({ tags: [], more: false });
    });

    it('returns an admitted manifest with the content that it names, and its tag until it expires', async () => {
      const references = [reference('CONFIG', 'config'), reference('LAYER', 'layer')];
      const checkedAt = under.now();
      await admit('m', { references, checkedAt });
      const manifest = descriptor('m', MediaType.ociManifest);
      expect(await under.catalog.lookupTag(app, 'latest')).toEqual({
        manifest,
        checkedAt,
        expiresAt: checkedAt + DAY_MS,
      });
      expect(await under.catalog.lookupManifest(app, digest('m'))).toEqual({ manifest, references });
      expect((await under.catalog.lookupBlob(app, digest('config'), [])).blob).toEqual(descriptor('config'));
      expect((await under.catalog.lookupBlob(app, digest('layer'), [])).blob).toEqual(descriptor('layer'));
    });

    it('does not treat a child of an index as a blob', async () => {
      const references = [reference('CHILD', 'child')];
      await admit('index', { manifest: descriptor('index', MediaType.ociIndex), references });
      expect(await under.catalog.lookupManifest(app, digest('index'))).toMatchObject({ references });
      expect((await under.catalog.lookupBlob(app, digest('child'), [])).blob).toBeUndefined();
    });

    it('does not return the content of another repository', async () => {
      await admit('m', { references: [reference('LAYER', 'layer')] });
      const other = { ...app, repository: 'library/other' };
      expect(await under.catalog.lookupTag(other, 'latest')).toBeUndefined();
      expect(await under.catalog.lookupManifest(other, digest('m'))).toBeUndefined();
      expect((await under.catalog.lookupBlob(other, digest('layer'), [])).blob).toBeUndefined();
      expect(await under.catalog.listCachedTags(other, 10, '')).toEqual({ tags: [], more: false });
    });

    it('returns a manifest that was admitted without a tag by its digest only', async () => {
      await admit('m', { tag: '' });
      expect(await under.catalog.lookupManifest(app, digest('m'))).toBeDefined();
      expect(await under.catalog.listCachedTags(app, 10, '')).toEqual({ tags: [], more: false });
    });

    it('moves a tag to the manifest that was admitted later, and keeps the earlier one', async () => {
      await admit('one');
      await admit('two', { checkedAt: under.now() + 1000 });
      expect((await under.catalog.lookupTag(app, 'latest'))?.manifest.digest).toBe(digest('two'));
      expect(await under.catalog.lookupManifest(app, digest('one'))).toBeDefined();
    });

    it('lists tags in bytewise order, page by page', async () => {
      for (const tag of ['b', 'a', 'C']) await admit('m', { tag });
      expect(await under.catalog.listCachedTags(app, 2, '')).toEqual({ tags: ['C', 'a'], more: true });
      expect(await under.catalog.listCachedTags(app, 2, 'a')).toEqual({ tags: ['b'], more: false });
    });
  });
}
