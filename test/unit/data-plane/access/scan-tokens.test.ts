import { mustDigest } from '../../../../common/oci/digest';
import { checkAccess } from '../../../../data-plane/src/access/check-access';
import { issueToken } from '../../../../data-plane/src/access/issue-token';
import { type ScanTokenSpec, scanToken } from '../../../support/scan-token';
import { TOKEN_KEYS } from '../../../support/data-plane/fakes/organizations';
import { CONTEXT, pullRig } from '../../../support/data-plane/fakes/pull-rig';

const LAYER = mustDigest(`sha256:${'a'.repeat(64)}`);
const OTHER_LAYER = mustDigest(`sha256:${'b'.repeat(64)}`);

function setUp() {
  const robots = { ci: 'secret' };
  const rig = pullRig(
    { name: 'vault', visibility: 'PRIVATE', robots, upstreamHost: 'docker.io', mirrorHost: 'docker.io' },
    { name: 'other', visibility: 'PRIVATE' },
    { name: 'open' },
  );
  const token = (more: Partial<ScanTokenSpec> = {}): Promise<string> =>
    scanToken({ key: TOKEN_KEYS[0]!, name: 'vault/library/alpine', blob: LAYER, now: rig.clock.now(), ...more });
  /** Returns the actor of an authorized read, or the key of its error. */
  const read = async (
    authorization: string,
    blob: typeof LAYER | undefined = LAYER,
    organization = 'vault',
    repository = 'alpine',
  ): Promise<string> => {
    const located = rig.access.locate({ kind: 'organization', name: organization }, repository);
    return rig.access.authorize(located, authorization, { blob }).then(
      ({ actor }) => actor,
      (error: { key: string }) => error.key,
    );
  };
  return { ...rig, token, read };
}

test('a scan token opens its blob in a private organization, in either spelling and through the mirror host', async () => {
  const { access, read, token } = setUp();
  expect(await read(await token())).toBe('scan:clair');
  expect(await read(await token(), LAYER, 'vault', 'library/alpine')).toBe('scan:clair');
  const mirrored = access.locate({ kind: 'mirror-host', host: 'docker.io' }, 'library/alpine');
  expect((await access.authorize(mirrored, await token(), { blob: LAYER })).actor).toBe('scan:clair');
});

test('a scan token opens no other blob, manifest, list, repository or organization', async () => {
  const { access, read, token } = setUp();
  const good = await token();
  expect(await read(good, OTHER_LAYER)).toBe('UNAUTHORIZED');
  // Requests without a blob: manifests, tags, referrers.
  const located = access.locate({ kind: 'organization', name: 'vault' }, 'alpine');
  await expect(access.authorize(located, good)).rejects.toMatchObject({ key: 'UNAUTHORIZED' });
  expect(await read(good, LAYER, 'vault', 'library/busybox')).toBe('UNAUTHORIZED');
  expect(await read(good, LAYER, 'other')).toBe('UNAUTHORIZED');
  // The limit applies to public organizations too.
  expect(await read(good, LAYER, 'open')).toBe('UNAUTHORIZED');
  const open = await token({ name: 'open/team/app' });
  expect(await read(open, OTHER_LAYER, 'open', 'team/app')).toBe('UNAUTHORIZED');
  expect(await read(open, LAYER, 'open', 'team/app')).toBe('scan:clair');
});

test('a scan token is accepted neither for GET /v2/ nor by the token endpoint', async () => {
  const { configuration, checks, token } = setUp();
  const sender = { ...CONTEXT, authorization: await token() };
  await expect(checkAccess(configuration, checks, sender)).rejects.toMatchObject({ key: 'UNAUTHORIZED' });
  const asked = { sender, service: 'layover', scopes: ['repository:vault/library/alpine:pull'] };
  await expect(issueToken(configuration, checks, asked)).rejects.toMatchObject({ key: 'UNAUTHORIZED' });
  const secret = `Basic ${Buffer.from(`scan:clair:${sender.authorization.slice(7)}`).toString('base64')}`;
  await expect(
    issueToken(configuration, checks, { ...asked, sender: { ...sender, authorization: secret } }),
  ).rejects.toMatchObject({
    key: 'UNAUTHORIZED',
  });
});

test.each<[string, Partial<ScanTokenSpec>]>([
  ['without a blob', { blob: undefined }],
  ['with an invalid digest', { blob: 'sha256:short' }],
  ['for a list of blobs', { blob: [LAYER] }],
  ['for a blob, of a robot', { subject: 'vault+ci' }],
  ['for a blob, of an anonymous client', { subject: 'anonymous' }],
  ['with a subject similar to that of a scanner', { subject: 'scan:' }],
  ['that has expired', { expiresAt: 1_000_000_000 }],
  ['signed with an unknown key', { key: { id: TOKEN_KEYS[0]!.id, secret: Buffer.alloc(32, 9) } }],
])('a scan token %s opens nothing, not even public content', async (_what, more) => {
  const { read, token } = setUp();
  expect(await read(await token(more))).toBe('UNAUTHORIZED');
  expect(await read(await token({ ...more, name: 'open/team/app' }), LAYER, 'open', 'team/app')).toBe('UNAUTHORIZED');
});

test('a scan token is valid until its own expiration time', async () => {
  const { clock, read, token } = setUp();
  const long = await token({ expiresAt: clock.now() / 1000 + 86_400 });
  clock.advance(86_000_000);
  expect(await read(long)).toBe('scan:clair');
  clock.advance(500_000);
  expect(await read(long)).toBe('UNAUTHORIZED');
});
