import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { type AuthorityProblem, readTrustedAuthorities } from '../../../../common/security/trusted-authorities';
import { readDataPlaneConfig } from '../../../../data-plane/src/config';
import type { UpstreamRegistry } from '../../../../data-plane/src/upstream/upstream-registry';
import {
  buildImage,
  type FakeRegistry,
  makeCertificates,
  startFakeRegistry,
  type TestCertificates,
} from '../../../support/fake-registry';
import { type InProcessLayover, startLayoverInProcess } from '../../../support/real/layover-in-process';
import { send } from '../../../support/real/http-client';
import { temporaryFolder, type TemporaryFolder } from '../../../support/real/temporary-folder';
import { waitUntil } from '../../../support/real/wait-until';
import { client, Closers, failureOf, ref, repositoryAt } from './support';

const image = buildImage();

describe('an upstream with TLS is trusted', () => {
  const closers = new Closers();
  let folder: TemporaryFolder;
  let tls: TestCertificates;
  let other: TestCertificates;
  let registry: FakeRegistry;
  beforeAll(async () => {
    folder = await temporaryFolder('trust');
    [tls, other] = await Promise.all([makeCertificates(), makeCertificates()]);
    await mkdir(join(folder.path, 'certs'));
    await writeFile(join(folder.path, 'ca.pem'), `# Our authority\n${tls.ca}`);
    await writeFile(join(folder.path, 'certs', '12345678.0'), tls.ca);
    await writeFile(join(folder.path, 'certs', 'README'), 'no certificate');
  });
  afterAll(() => folder.remove());
  beforeEach(async () => {
    registry = closers.add(await startFakeRegistry({ tls }));
    registry.content.addImage('app', 'v1', image);
  });
  afterEach(() => closers.close());

  const problems: AuthorityProblem[] = [];
  function authorities(env: Record<string, string>, usual: readonly string[] = []): readonly string[] {
    const config = readDataPlaneConfig({ LAYOVER_HOME: folder.path, ...env });
    problems.length = 0;
    return readTrustedAuthorities(config.authorities, (problem) => problems.push(problem), usual);
  }
  const pull = (upstream: UpstreamRegistry, caCertificate?: string): Promise<unknown> =>
    upstream.getManifest(repositoryAt(registry, 'app', { insecure: false, caCertificate }), ref('v1'));

  it.each<[string, (path: string) => Record<string, string>]>([
    ['SSL_CERT_FILE', (path) => ({ SSL_CERT_FILE: join(path, 'ca.pem') })],
    ['SSL_CERT_DIR', (path) => ({ SSL_CERT_DIR: `/nowhere:${join(path, 'certs')}` })],
    ['NODE_EXTRA_CA_CERTS', (path) => ({ NODE_EXTRA_CA_CERTS: join(path, 'ca.pem') })],
  ])('by an authority in %s, also for an organization with another caCertificate', async (_name, env) => {
    const upstream = closers.add(client({ authorities: authorities(env(folder.path)) }));
    await pull(upstream);
    await pull(upstream, other.ca);
  });

  it('by an authority in the usual bundle of the system, unless SSL_CERT_FILE names another', async () => {
    const usual = [join(folder.path, 'absent.pem'), join(folder.path, 'ca.pem')];
    await pull(closers.add(client({ authorities: authorities({}, usual) })));
    await writeFile(join(folder.path, 'other.pem'), other.ca);
    const replaced = authorities({ SSL_CERT_FILE: join(folder.path, 'other.pem') }, usual);
    expect((await failureOf(pull(closers.add(client({ authorities: replaced }))))).key).toBe('UPSTREAM_TLS');
  });

  it('by the caCertificate of an organization, for this organization only', async () => {
    const upstream = closers.add(client({ authorities: authorities({}) }));
    await pull(upstream, tls.ca);
    expect((await failureOf(pull(upstream))).key).toBe('UPSTREAM_TLS');
  });

  it('by the roots of Node.js in any case, without duplicates', () => {
    const all = authorities({ SSL_CERT_FILE: join(folder.path, 'ca.pem'), SSL_CERT_DIR: join(folder.path, 'certs') });
    expect(all).toHaveLength(rootCertificates.length + 1);
    expect(problems).toEqual([]);
  });

  it('although some files cannot be read or contain invalid certificates', async () => {
    const broken = join(folder.path, 'broken.pem');
    await writeFile(broken, `-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n${tls.ca}`);
    const absent = join(folder.path, 'absent.pem');
    const found = authorities({ SSL_CERT_FILE: broken, NODE_EXTRA_CA_CERTS: absent, SSL_CERT_DIR: absent });
    expect(problems).toEqual([
      { path: broken, reason: 'it contains an invalid certificate, which is ignored' },
      { path: absent, reason: 'it cannot be read (ENOENT)' },
      { path: absent, reason: 'it cannot be read (ENOENT)' },
    ]);
    await pull(closers.add(client({ authorities: found })));
    await rm(broken);
  });
});

describe('a data plane', () => {
  let folder: TemporaryFolder;
  let layover: InProcessLayover | undefined;
  afterEach(async () => {
    await layover?.stop();
    await folder.remove();
  });

  it('trusts the authorities of the system in SSL_CERT_FILE', async () => {
    folder = await temporaryFolder('trust');
    const tls = await makeCertificates();
    const registry = await startFakeRegistry({ tls });
    try {
      registry.content.addImage('app', 'v1', image);
      await writeFile(join(folder.path, 'ca.pem'), tls.ca);
      layover = await startLayoverInProcess({ env: { SSL_CERT_FILE: join(folder.path, 'ca.pem') } });
      const input = { name: 'acme', proxyCache: { upstream: registry.host } };
      await layover.graphql.run(
        'mutation ($input: OrganizationInput!) { applyOrganization(input: $input) { version } }',
        {
          input,
        },
      );
      const url = `${layover.url}/v2/acme/app/manifests/v1`;
      await waitUntil('a pull over TLS', async () => (await send({ url })).status === 200);
    } finally {
      await registry.close();
    }
  });
});
