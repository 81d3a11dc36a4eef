import 'reflect-metadata';
import { explainQueries } from '../../../../support/control-plane/explain-queries';
import { affectedImages } from '../../../../../control-plane/src/scan/findings/affected-images';
import { digest, child, type TestRepository } from '../../../../support/control-plane/builders';
import type { FakeVulnerability } from '../../../../support/fake-clair';
import { CountedGraphql } from '../../../../support/scan/counted-graphql';
import { indexManifest, ScanWorld } from '../../../../support/scan/scan-world';

let world: ScanWorld;
let acme: TestRepository;
beforeEach(async () => {
  world = await ScanWorld.start();
  acme = await world.cache.plane.organization('acme');
});
afterEach(() => world.remove());

const layerOf = (name: string): string => digest(`${name} layer`);
const found = (name: string, severity: string, more: Partial<FakeVulnerability> = {}): FakeVulnerability => ({
  name,
  severity,
  package: 'busybox',
  version: '1.36.1-r2',
  ...more,
});

async function scanned(repository: TestRepository, name: string, ...vulnerabilities: readonly FakeVulnerability[]) {
  world.clair.found.set(digest(name), vulnerabilities);
  await world.image(repository, name);
  await world.work();
}

interface Listed {
  readonly manifest: {
    readonly scan: {
      readonly vulnerabilities: {
        readonly totalCount: number;
        readonly edges: readonly { readonly node: Record<string, unknown>; readonly cursor: string }[];
        readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
      };
    };
  };
}
const LIST = `query ($d: Digest!, $min: Severity, $fixable: Boolean, $first: Int, $after: String) {
  manifest(organization: "acme", repository: "library/app", digest: $d) { scan {
    vulnerabilities(minimumSeverity: $min, fixableOnly: $fixable, first: $first, after: $after) { totalCount pageInfo { hasNextPage endCursor }
      edges { cursor node { name severity packageName packageVersion fixedInVersion description links introducedIn distribution } } } } } }`;
const list = async (name: string, variables: object = {}) =>
  (await world.cache.plane.ask<Listed>(LIST, { d: digest(name), ...variables })).manifest.scan.vulnerabilities;
const names = ({ edges }: Awaited<ReturnType<typeof list>>) => edges.map(({ node }) => node['name']);

test('a vulnerability has all its fields', async () => {
  await scanned(
    acme,
    'app',
    found('CVE-2023-5678', 'High', {
      fixedIn: 'fixed=1.36.1-r3&introduced=0',
      description: 'Long \u{1f4a5} text',
      links: 'https://a.test/1  http://b.test/2 javascript:alert(1) https://a.test/1',
      introducedIn: layerOf('app'),
    }),
  );
  expect((await list('app')).edges.map(({ node }) => node)).toEqual([
    {
      name: 'CVE-2023-5678',
      severity: 'HIGH',
      packageName: 'busybox',
      packageVersion: '1.36.1-r2',
      fixedInVersion: '1.36.1-r3',
      description: 'Long \u{1f4a5} text',
      links: ['https://a.test/1', 'http://b.test/2'],
      introducedIn: layerOf('app'),
      distribution: 'Alpine Linux v3.18',
    },
  ]);
});

test('vulnerabilities are sorted by severity, paged, and filtered by severity and fixability', async () => {
  await scanned(
    acme,
    'app',
    found('CVE-N', 'Negligible'),
    found('CVE-U', 'Unknown', { fixedIn: '2' }),
    found('CVE-L', 'Low', { fixedIn: '2' }),
    found('CVE-C', 'Critical'),
    found('CVE-H', 'High', { fixedIn: '2' }),
    found('CVE-M', 'Medium'),
    found('CVE-X', 'Defcon1'),
  );
  expect(names(await list('app'))).toEqual(['CVE-C', 'CVE-H', 'CVE-M', 'CVE-L', 'CVE-N', 'CVE-U', 'CVE-X']);
  const high = await list('app', { min: 'HIGH' });
  expect([names(high), high.totalCount]).toEqual([['CVE-C', 'CVE-H'], 2]);
  const fixable = await list('app', { fixable: true, min: 'NEGLIGIBLE' });
  expect([names(fixable), fixable.totalCount]).toEqual([['CVE-H', 'CVE-L'], 2]);
  const seen: unknown[] = [];
  for (let after: string | null = null, more = true; more;) {
    const page: Awaited<ReturnType<typeof list>> = await list('app', { first: 3, after });
    expect(page.totalCount).toBe(7);
    seen.push(...names(page));
    ({ hasNextPage: more, endCursor: after } = page.pageInfo);
  }
  expect(seen).toEqual(['CVE-C', 'CVE-H', 'CVE-M', 'CVE-L', 'CVE-N', 'CVE-U', 'CVE-X']);
  for (const bad of [{ first: 0 }, { first: 201 }, { after: 'nonsense' }]) {
    const answer = await world.cache.plane.graphql(LIST, { d: digest('app'), ...bad });
    expect(answer.errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT');
  }
});

test('a page of 50 tags with scans takes as many statements as a page of 5, including indexes', async () => {
  const ask = async (first: number) => {
    const { database, stores } = world.first;
    const counted = new CountedGraphql(database, stores, world.clock);
    const query = `query ($n: Int!) { repository(organization: "acme", name: "library/app") { tags(first: $n) { edges { node {
      name manifest { scan { state attempts summary { total critical high highest } } } } } } } }`;
    type Page = { repository: { tags: { edges: { node: { manifest: { scan: { summary: { total: number } } } } }[] } } };
    const { data, statements } = await counted.ask<Page>(query, { n: first });
    return { statements, scans: data.repository.tags.edges.map(({ node }) => node.manifest.scan) };
  };
  for (let n = 0; n < 50; n++) {
    const name = `image-${String(n).padStart(2, '0')}`;
    world.clair.found.set(digest(name), [found('CVE-1', 'High')]);
    await world.image(acme, name, ['shared']);
    if (n % 5 > 0) continue;
    const manifest = indexManifest(`index-${name}`);
    await world.cache.admit(
      acme,
      `index-${name}`,
      {},
      { references: [child(name, 0, 'amd64')], manifest, tag: `${name}i` },
    );
  }
  await world.work();
  const few = await ask(5);
  const many = await ask(50);
  expect(many.scans.map((scan) => scan.summary.total)).toEqual(Array.from({ length: 50 }, () => 1));
  expect(many.statements).toBe(few.statements);
  expect(many.statements).toBeLessThanOrEqual(9);
});

describe('vulnerability(name)', () => {
  interface Affected {
    readonly vulnerability: {
      readonly totalCount: number;
      readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
      readonly edges: readonly {
        readonly node: {
          readonly repository: { readonly name: string; readonly organization: { readonly name: string } };
          readonly manifest: { readonly digest: string };
          readonly vulnerabilities: readonly { readonly packageName: string }[];
        };
      }[];
    };
  }
  const AFFECTED = `query ($name: String!, $first: Int, $after: String) { vulnerability(name: $name, first: $first, after: $after) {
    totalCount pageInfo { hasNextPage endCursor }
    edges { node { repository { name organization { name } } manifest { digest } vulnerabilities { packageName severity } } } } }`;
  const affected = async (name: string, variables: object = {}, token?: string) =>
    (await world.cache.plane.ask<Affected>(AFFECTED, { name, ...variables }, token)).vulnerability;
  const shown = ({ edges }: Affected['vulnerability']) =>
    edges
      .map(({ node }) => `${node.repository.organization.name}/${node.repository.name} ${node.manifest.digest}`)
      .sort();
  let other: TestRepository;

  beforeEach(async () => {
    other = await world.cache.plane.organization('other');
    await scanned(acme, 'one', found('CVE-1', 'High'), found('CVE-1', 'High', { package: 'ssl_client' }));
    await scanned(acme, 'two', found('CVE-2', 'Low'));
    await scanned(other, 'three', found('CVE-1', 'High'), found('CVE-2', 'Low'));
    await world.admit(other, 'one', ['one layer']);
  });

  test('lists every repository that holds an affected image once', async () => {
    const all = await affected('CVE-1');
    expect(shown(all)).toEqual(
      [
        `acme/library/app ${digest('one')}`,
        `other/library/app ${digest('one')}`,
        `other/library/app ${digest('three')}`,
      ].sort(),
    );
    expect(all.totalCount).toBe(3);
    const one = all.edges.find(({ node }) => node.manifest.digest === digest('one'))!;
    expect(one.node.vulnerabilities.map(({ packageName }) => packageName).sort()).toEqual(['busybox', 'ssl_client']);
    expect((await affected('CVE-unknown')).edges).toEqual([]);
  });

  test('is paged', async () => {
    const seen: string[] = [];
    for (let after: string | null = null, more = true; more;) {
      const page: Affected['vulnerability'] = await affected('CVE-1', { first: 1, after });
      expect(page.edges).toHaveLength(1);
      seen.push(...shown(page));
      ({ hasNextPage: more, endCursor: after } = page.pageInfo);
    }
    expect(seen.sort()).toEqual(shown(await affected('CVE-1')));
  });

  test('shows and counts only its own images to a token of one organization', async () => {
    const { createApiToken } = await world.cache.plane.ask<{ createApiToken: { token: string } }>(
      'mutation { createApiToken(name: "r", role: READER, organization: "acme") { token } }',
    );
    const own = await affected('CVE-1', {}, createApiToken.token);
    expect(shown(own)).toEqual([`acme/library/app ${digest('one')}`]);
    expect(own.totalCount).toBe(1);
    expect((await affected('CVE-2', {}, createApiToken.token)).totalCount).toBe(1);
  });

  test('leaves out content of an earlier upstream of an organization', async () => {
    await world.cache.update({ proxyCache: { upstream: 'elsewhere.example' } }, 'other');
    expect(shown(await affected('CVE-1'))).toEqual([`acme/library/app ${digest('one')}`]);
  });

  test('uses the index on vulnerability names', async () => {
    const { database, stores } = world.first;
    const plans = await explainQueries(database, () =>
      affectedImages(database.reader, stores, 'CVE-1', undefined, { first: 50, after: undefined }),
    );
    expect(plans[0]).toContain('scan_findings_vulnerability');
    // The plan must not start with all repositories that have not ended. MariaDB chooses other
    // plans for such small tables.
    if (database.dialect === 'sqlite') expect(plans[1]).toContain('SEARCH m USING INDEX manifests_digest');
  });
});
