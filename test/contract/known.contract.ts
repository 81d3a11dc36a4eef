import type { Descriptor } from '../../common/oci/descriptor';
import { type Digest, digestOf } from '../../common/oci/digest';
import type { RepositoryKey } from '../../data-plane/src/access/repository-key';
import type { ManifestAdmission, CachedManifest, CachedTag } from '../../data-plane/src/known/catalog';
import type { Knowledge } from '../../data-plane/src/known/knowledge';
import { targetOf } from '../support/data-plane/known';
import type { AdmitManifestRequest } from '../../proto/gen/layover/v1/AdmitManifestRequest';

/** The Knowledge under test, and control over the decisions of the control plane. */
export interface KnowledgeUnderTest {
  readonly knowledge: Knowledge;
  /** Sets the decision of the control plane about the next admissions. */
  decide(admission: ManifestAdmission): void;
  dispose(): Promise<void>;
}

const APP: RepositoryKey = { organizationUid: 'u1', originVersion: 'o1', repository: 'team/app' };
/** Each differs from `APP` in one part. */
const OTHERS: readonly RepositoryKey[] = [
  { ...APP, organizationUid: 'u2' },
  { ...APP, originVersion: 'o2' },
  { ...APP, repository: 'team/other' },
];

const REJECTED: ManifestAdmission = {
  decision: 'rejected',
  message: 'the quota is used up',
  detail: { limitBytes: 3, usedBytes: 2, neededBytes: 2 },
};

function digest(text: string): Digest {
  return digestOf(Buffer.from(text));
}

function descriptor(text: string): Descriptor {
  return { mediaType: 'application/x', digest: digest(text), size: text.length };
}

function tagOf(text: string, expiresAt?: number): CachedTag {
  return { manifest: descriptor(text), checkedAt: 1000, expiresAt };
}

/** Returns a manifest that names a config, a layer and another manifest. */
function manifestOf(text: string): CachedManifest {
  const roles = [
    ['CONFIG', `${text} config`],
    ['LAYER', `${text} layer`],
    ['CHILD', `${text} child`],
  ] as const;
  return {
    manifest: descriptor(text),
    references: roles.map(([role, name], position) => ({
      role,
      descriptor: descriptor(name),
      position,
      platform: null,
    })),
  };
}

function admissionOf(text: string, repository = APP): AdmitManifestRequest {
  const { manifest, references } = manifestOf(text);
  return {
    repository,
    manifest,
    references: [...references],
    tag: 'v1',
    checkedAt: 1000,
  };
}

/**
 * The contract of Knowledge while the control plane is reachable and holds only what it learned in
 * the test.
 */
export function describeKnowledge(name: string, create: () => Promise<KnowledgeUnderTest>): void {
  describe(`${name} as Knowledge`, () => {
    let under: KnowledgeUnderTest;
    let knowledge: Knowledge;
    beforeEach(async () => {
      under = await create();
      knowledge = under.knowledge;
    });
    afterEach(() => under.dispose());

    it('returns absent for everything at first', async () => {
      expect(await knowledge.tag(APP, 'v1')).toBeUndefined();
      expect(await knowledge.manifest(APP, digest('m'))).toBeUndefined();
      expect(await knowledge.blob(targetOf(APP), digest('m layer'))).toBeUndefined();
      expect(await knowledge.tags(APP, 10, '')).toEqual({ tags: [], more: false });
      expect(knowledge.referrers(APP, digest('m'), 'key')).toBeUndefined();
      expect(knowledge.tagPage(APP, 'key')).toBeUndefined();
    });

    it('returns a stored tag, in its own repository only, until it is replaced or removed', async () => {
      knowledge.putTag(APP, 'v1', tagOf('m'));
      expect(await knowledge.tag(APP, 'v1')).toEqual(tagOf('m'));
      for (const other of OTHERS) expect(await knowledge.tag(other, 'v1')).toBeUndefined();
      expect(await knowledge.tag(APP, 'v2')).toBeUndefined();
      knowledge.putTag(APP, 'v1', tagOf('m2', 5000));
      expect(await knowledge.tag(APP, 'v1')).toEqual(tagOf('m2', 5000));
      knowledge.removeTag(APP, 'v1');
      expect(await knowledge.tag(APP, 'v1')).toBeUndefined();
    });

    it('returns an admitted manifest and the blobs that it names, in its own repository only', async () => {
      expect(await knowledge.admit(admissionOf('m'))).toEqual({ decision: 'admitted' });
      expect(await knowledge.manifest(APP, digest('m'))).toEqual(manifestOf('m'));
      for (const blob of ['m config', 'm layer'])
        expect(await knowledge.blob(targetOf(APP), digest(blob))).toEqual(descriptor(blob));
      for (const other of OTHERS) {
        expect(await knowledge.manifest(other, digest('m'))).toBeUndefined();
        expect(await knowledge.blob(targetOf(other), digest('m layer'))).toBeUndefined();
      }
    });

    it('does not treat a manifest that another manifest names as a blob', async () => {
      await knowledge.admit(admissionOf('m'));
      expect(await knowledge.blob(targetOf(APP), digest('m child'))).toBeUndefined();
    });

    it.each<[string, ManifestAdmission]>([
      ['passed through', { decision: 'pass-through' }],
      ['rejected', REJECTED],
    ])('reports and does not store a manifest that was %s', async (_what, admission) => {
      under.decide(admission);
      expect(await knowledge.admit(admissionOf('m'))).toMatchObject(admission);
      expect(await knowledge.manifest(APP, digest('m'))).toBeUndefined();
      expect(await knowledge.blob(targetOf(APP), digest('m layer'))).toBeUndefined();
    });

    it('returns a stored blob, in its own repository only', async () => {
      knowledge.putBlob(APP, descriptor('blob'));
      expect(await knowledge.blob(targetOf(APP), digest('blob'))).toEqual(descriptor('blob'));
      for (const other of OTHERS) expect(await knowledge.blob(targetOf(other), digest('blob'))).toBeUndefined();
    });

    it('has no proof at first', async () => {
      expect(knowledge.isProven(targetOf(APP), digest('blob'))).toBe(false);
      expect(await knowledge.findProof(targetOf(APP), digest('blob'))).toBe(false);
    });

    it('finds a proof under any identity that it was stored under, for its digest only', async () => {
      expect(knowledge.putProof(['own', 'shared'], digest('blob'), 'team/app')).toBe(true);
      expect(knowledge.putProof(['own', 'shared'], digest('blob'), 'team/app')).toBe(false);
      for (const identities of [['own'], ['shared'], ['another', 'shared']] as const) {
        expect(knowledge.isProven(targetOf(APP, identities), digest('blob'))).toBe(true);
        expect(await knowledge.findProof(targetOf(APP, identities), digest('blob'))).toBe(true);
        expect(knowledge.isProven(targetOf(APP, identities), digest('other'))).toBe(false);
      }
      expect(knowledge.isProven(targetOf(APP, ['another']), digest('blob'))).toBe(false);
      expect(knowledge.putProof(['new', 'shared'], digest('blob'), 'team/app')).toBe(true);
    });

    it('takes a proof of another repository only if the organization may pull that repository', () => {
      knowledge.putProof(['one'], digest('blob'), 'team/secret');
      const may = (...allowed: readonly string[]) => targetOf(APP, ['one'], (name) => allowed.includes(name));
      expect(knowledge.isProven(may('team/app'), digest('blob'))).toBe(false);
      expect(knowledge.isProven(may('team/app', 'team/secret'), digest('blob'))).toBe(true);
      knowledge.putProof(['one'], digest('blob'), 'team/app');
      expect(knowledge.isProven(may('team/app'), digest('blob'))).toBe(true);
    });

    it('returns a proof with the identities that it is known for, and a repository that may be pulled', () => {
      const target = targetOf(APP, ['own', 'shared'], (name) => name !== 'team/secret');
      expect(knowledge.knownProof(target, digest('blob'))).toBeUndefined();
      knowledge.putProof(['own'], digest('blob'), 'team/secret');
      expect(knowledge.knownProof(target, digest('blob'))).toBeUndefined();
      knowledge.putProof(['shared', 'another'], digest('blob'), 'team/app');
      expect(knowledge.knownProof(target, digest('blob'))).toEqual({
        identities: ['shared'],
        upstreamRepository: 'team/app',
      });
      knowledge.putProof(['own', 'shared'], digest('other'), 'team/app');
      expect(knowledge.knownProof(target, digest('other'))?.identities).toEqual(['own', 'shared']);
    });

    it('extends the expiration of a tag that has not changed since it was looked up', async () => {
      knowledge.putTag(APP, 'v1', tagOf('m', 5000));
      const before = await knowledge.tag(APP, 'v1');
      knowledge.pushExpiration(APP, 'v1', before!, 9000);
      expect(await knowledge.tag(APP, 'v1')).toEqual(tagOf('m', 9000));
    });

    it('does not change a tag that was changed or removed since it was looked up', async () => {
      knowledge.putTag(APP, 'v1', tagOf('m', 5000));
      const before = await knowledge.tag(APP, 'v1');
      knowledge.putTag(APP, 'v1', tagOf('m2', 6000));
      knowledge.pushExpiration(APP, 'v1', before!, 9000);
      expect(await knowledge.tag(APP, 'v1')).toEqual(tagOf('m2', 6000));
      knowledge.removeTag(APP, 'v1');
      knowledge.pushExpiration(APP, 'v1', tagOf('m2', 6000), 9000);
      expect(await knowledge.tag(APP, 'v1')).toBeUndefined();
    });

    it('stores a page of referrers with its position, for its digest and repository only', () => {
      const next = { query: 'from=1', after: 'sha256:x' };
      const kept = { content: Buffer.from('{}'), filtered: true, checkedAt: 1000, next };
      knowledge.putReferrers(APP, digest('m'), 'key', kept);
      expect(knowledge.referrers(APP, digest('m'), 'key')).toEqual(kept);
      expect(knowledge.referrers(APP, digest('m'), 'other')).toBeUndefined();
      expect(knowledge.referrers(APP, digest('m2'), 'key')).toBeUndefined();
      for (const other of OTHERS) expect(knowledge.referrers(other, digest('m'), 'key')).toBeUndefined();
    });

    it('keeps a page of tags, for its repository only', () => {
      const page = { tags: ['a'], nextLast: undefined, nextLimit: undefined, position: undefined };
      knowledge.putTagPage(APP, 'key', { page, checkedAt: 1000 });
      expect(knowledge.tagPage(APP, 'key')).toEqual({ page, checkedAt: 1000 });
      expect(knowledge.tagPage(APP, 'other')).toBeUndefined();
      for (const other of OTHERS) expect(knowledge.tagPage(other, 'key')).toBeUndefined();
    });
  });
}
