import { startControlPlane, type TestControlPlane } from '../../../../support/control-plane/start-control-plane';

const FIELDS = `id name description visibility version timeMachineSeconds createdAt updatedAt
  proxyCache { enabled upstream mirrorHost upstreamUsername hasCredentials insecure caCertificate expirationSeconds
    revalidateAfterSeconds staleIfErrorSeconds onUpstreamDelete completeImages allowRepositories denyRepositories }
  quota { limitBytes autoPrune onOversize warningPercent }`;
const CREATE = `mutation ($input: OrganizationInput!) { organization: createOrganization(input: $input) { ${FIELDS} } }`;
const APPLY = `mutation ($input: OrganizationInput!, $version: Int) {
  organization: applyOrganization(input: $input, expectedVersion: $version) { ${FIELDS} } }`;
const UPDATE = `mutation ($name: String!, $input: OrganizationPatch!, $version: Int) {
  organization: updateOrganization(name: $name, input: $input, expectedVersion: $version) { ${FIELDS} } }`;
const DELETE = `mutation ($name: String!, $version: Int) { deleteOrganization(name: $name, expectedVersion: $version) }`;
const READ = `query ($name: String!) { organization(name: $name) { ${FIELDS} } }`;
const KINDS = `{ auditEvents(first: 200) { edges { node { kind organization actor detail } } } }`;

interface Answer {
  organization: Record<string, unknown> & {
    version: number;
    proxyCache: Record<string, unknown> | null;
    quota: Record<string, unknown> | null;
  };
}

let plane: TestControlPlane;

beforeAll(async () => {
  plane = await startControlPlane();
});
afterAll(() => plane.remove());

async function audit(organization: string): Promise<readonly { kind: string; detail: string }[]> {
  const { auditEvents } = await plane.ask<{
    auditEvents: { edges: { node: { kind: string; organization: string; detail: string } }[] };
  }>(KINDS);
  return auditEvents.edges.map(({ node }) => node).filter((node) => node.organization === organization);
}

describe('creating', () => {
  test('sets every default, and reads return what was written', async () => {
    const { organization } = await plane.ask<Answer>(CREATE, {
      input: { name: 'defaults', proxyCache: { upstream: 'docker.io' }, quota: { limitBytes: '9223372036854775807' } },
    });
    expect(organization).toMatchObject({
      name: 'defaults',
      description: '',
      visibility: 'PUBLIC',
      version: 1,
      timeMachineSeconds: 1209600,
      proxyCache: {
        enabled: true,
        upstream: 'docker.io',
        mirrorHost: null,
        upstreamUsername: null,
        hasCredentials: false,
        insecure: false,
        caCertificate: null,
        expirationSeconds: 86400,
        revalidateAfterSeconds: 0,
        staleIfErrorSeconds: null,
        onUpstreamDelete: 'PROPAGATE',
        completeImages: true,
        allowRepositories: [],
        denyRepositories: [],
      },
      quota: { limitBytes: '9223372036854775807', autoPrune: true, onOversize: 'PASS_THROUGH', warningPercent: null },
    });
    expect((await plane.ask<Answer>(READ, { name: 'defaults' })).organization).toEqual(organization);
  });

  test('returns CONFLICT for a taken name and for a taken mirror host', async () => {
    await plane.ask(CREATE, { input: { name: 'taken', proxyCache: { upstream: 'a.io', mirrorHost: 'a.io' } } });
    const sameName = await plane.graphql(CREATE, { input: { name: 'taken' } });
    expect(sameName.errors?.[0]?.extensions).toEqual({ code: 'CONFLICT', field: 'input.name' });
    const input = { name: 'other', proxyCache: { upstream: 'b.io', mirrorHost: 'a.io' } };
    const sameHost = await plane.graphql(CREATE, { input });
    expect(sameHost.errors?.[0]?.extensions).toEqual({ code: 'CONFLICT', field: 'input.proxyCache.mirrorHost' });
    expect((await plane.ask<Answer>(READ, { name: 'other' })).organization).toBeNull();
  });

  test('lets one of several concurrent requests win and returns CONFLICT for the others', async () => {
    const answers = await Promise.all([1, 2, 3].map(() => plane.graphql(CREATE, { input: { name: 'race' } })));
    expect(answers.filter((answer) => answer.errors === undefined)).toHaveLength(1);
    expect(answers.flatMap((answer) => answer.errors ?? []).map((error) => error.extensions.code)).toEqual([
      'CONFLICT',
      'CONFLICT',
    ]);
  });
});

describe('updating', () => {
  test('keeps omitted fields, and null removes the proxy cache and the quota', async () => {
    const input = { name: 'patched', description: 'one', proxyCache: { upstream: 'a.io' }, quota: { limitBytes: '5' } };
    await plane.ask(CREATE, { input });
    const first = await plane.ask<Answer>(UPDATE, { name: 'patched', input: { visibility: 'PRIVATE' } });
    expect(first.organization).toMatchObject({ description: 'one', visibility: 'PRIVATE', version: 2 });
    expect(first.organization.proxyCache?.['upstream']).toBe('a.io');
    const second = await plane.ask<Answer>(UPDATE, { name: 'patched', input: { proxyCache: null, quota: null } });
    expect(second.organization).toMatchObject({ description: 'one', version: 3, proxyCache: null, quota: null });
  });

  test('changes nothing when no value differs', async () => {
    await plane.ask(CREATE, { input: { name: 'same', description: 'x' } });
    const { organization } = await plane.ask<Answer>(UPDATE, { name: 'same', input: { description: 'x' } });
    expect(organization.version).toBe(1);
    expect((await audit('same')).map(({ kind }) => kind)).toEqual(['ORGANIZATION_CREATED']);
  });

  test('returns NOT_FOUND, VERSION_CONFLICT, and BAD_USER_INPUT for a null that cannot unset a field', async () => {
    const unknown = await plane.graphql(UPDATE, { name: 'nobody', input: {} });
    expect(unknown.errors?.[0]?.extensions).toEqual({ code: 'NOT_FOUND', field: 'name' });
    await plane.ask(CREATE, { input: { name: 'versioned' } });
    const stale = await plane.graphql(UPDATE, { name: 'versioned', input: { description: 'x' }, version: 7 });
    expect(stale.errors?.[0]?.extensions).toEqual({ code: 'VERSION_CONFLICT', field: 'expectedVersion' });
    const nothing = await plane.graphql(UPDATE, { name: 'versioned', input: { description: null } });
    expect(nothing.errors?.[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', field: 'input.description' });
    expect((await plane.ask<Answer>(READ, { name: 'versioned' })).organization).toMatchObject({
      version: 1,
      description: '',
    });
  });
});

describe('applying', () => {
  test('makes one version and one audit event for repeated input, and sets omitted fields to their defaults', async () => {
    const input = {
      name: 'applied',
      description: 'as code',
      proxyCache: {
        upstream: 'quay.io/coreos',
        upstreamUsername: 'bob',
        upstreamPassword: 'secret',
        expirationSeconds: 5,
      },
      quota: { limitBytes: 1000, warningPercent: 80 },
    };
    const first = await plane.ask<Answer>(APPLY, { input });
    const second = await plane.ask<Answer>(APPLY, { input });
    expect(second).toEqual(first);
    expect(await audit('applied')).toHaveLength(1);
    const third = await plane.ask<Answer>(APPLY, {
      input: { name: 'applied', proxyCache: { upstream: 'quay.io/coreos' } },
    });
    expect(third.organization).toMatchObject({ description: '', quota: null, version: 2 });
    expect(third.organization.proxyCache).toMatchObject({ expirationSeconds: 86400, hasCredentials: false });
  });

  test('uses expectedVersion 0 for an organization that does not exist', async () => {
    const wrong = await plane.graphql(APPLY, { input: { name: 'fresh' }, version: 3 });
    expect(wrong.errors?.[0]?.extensions.code).toBe('VERSION_CONFLICT');
    expect((await plane.ask<Answer>(APPLY, { input: { name: 'fresh' }, version: 0 })).organization.version).toBe(1);
    const again = await plane.graphql(APPLY, { input: { name: 'fresh' }, version: 0 });
    expect(again.errors?.[0]?.extensions).toEqual({ code: 'VERSION_CONFLICT', field: 'expectedVersion' });
  });

  test('makes one version for concurrent requests with the same input', async () => {
    const input = { name: 'twice', description: 'same' };
    const answers = await Promise.all([1, 2, 3, 4].map(() => plane.ask<Answer>(APPLY, { input })));
    expect(new Set(answers.map(({ organization }) => organization.version))).toEqual(new Set([1]));
    expect(await audit('twice')).toHaveLength(1);
  });
});

describe('deleting', () => {
  test('returns true once and then false, and frees the name for an organization with a new id', async () => {
    const { organization } = await plane.ask<Answer>(CREATE, { input: { name: 'gone', quota: { limitBytes: '1' } } });
    const stale = await plane.graphql(DELETE, { name: 'gone', version: 2 });
    expect(stale.errors?.[0]?.extensions.code).toBe('VERSION_CONFLICT');
    expect(await plane.ask(DELETE, { name: 'gone', version: 1 })).toEqual({ deleteOrganization: true });
    expect(await plane.ask(DELETE, { name: 'gone' })).toEqual({ deleteOrganization: false });
    expect((await plane.ask<Answer>(READ, { name: 'gone' })).organization).toBeNull();
    const again = await plane.ask<Answer>(CREATE, { input: { name: 'gone' } });
    expect(again.organization['id']).not.toBe(organization['id']);
    expect(again.organization.quota).toBeNull();
    expect((await audit('gone')).map(({ kind }) => kind)).toEqual([
      'ORGANIZATION_CREATED',
      'ORGANIZATION_DELETED',
      'ORGANIZATION_CREATED',
    ]);
  });
});

describe('listing', () => {
  test('pages by name with totals and search, even while organizations are created', async () => {
    for (const name of ['list-a', 'list-b', 'list-c', 'list-d', 'list-e']) await plane.ask(CREATE, { input: { name } });
    const LIST = `query ($first: Int, $after: String) { organizations(first: $first, after: $after, nameContains: "list-") {
      totalCount pageInfo { hasNextPage endCursor } edges { node { name } } } }`;
    interface List {
      organizations: {
        totalCount: number;
        pageInfo: { hasNextPage: boolean; endCursor: string };
        edges: { node: { name: string } }[];
      };
    }
    const names: string[] = [];
    let after: string | null = null;
    for (let page = 0; page < 3; page++) {
      const { organizations }: List = await plane.ask<List>(LIST, { first: 2, after });
      names.push(...organizations.edges.map(({ node }) => node.name));
      after = organizations.pageInfo.endCursor;
      expect(organizations.pageInfo.hasNextPage).toBe(page < 2);
      // Sorted before the current position: it is not listed, and nothing is listed twice.
      if (page === 0) await plane.ask(CREATE, { input: { name: 'a-list-before' } });
    }
    expect(names).toEqual(['list-a', 'list-b', 'list-c', 'list-d', 'list-e']);
    expect((await plane.ask<List>(LIST, { first: 1 })).organizations.totalCount).toBe(6);
  });

  test.each([0, 201, -1])('rejects a page size of %d', async (first) => {
    const answer = await plane.graphql('query ($first: Int) { organizations(first: $first) { totalCount } }', {
      first,
    });
    expect(answer.errors?.[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', field: 'first' });
    expect(answer.errors?.[0]?.message).toContain('from 1 to 200');
  });

  test('rejects a cursor of another list', async () => {
    const after = Buffer.from('[1,"x"]').toString('base64url');
    const answer = await plane.graphql('query ($after: String) { organizations(after: $after) { totalCount } }', {
      after,
    });
    expect(answer.errors?.[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', field: 'after' });
  });
});
