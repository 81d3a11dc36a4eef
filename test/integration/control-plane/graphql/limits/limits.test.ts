import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { getNamedType, getNullableType, type GraphQLField, isLeafType, isListType, isObjectType, parse } from 'graphql';
import { packageRoot } from '../../../../../common/runtime/package-root';
import { readControlPlaneConfig } from '../../../../../control-plane/src/config';
// First: it brings what decorators need.
import { buildGraphqlSchema } from '../../../../../control-plane/src/graphql/schema';
import { measureQuery, type QuerySize } from '../../../../../control-plane/src/graphql/limits/measure-query';
import { LIST_COST, QUERY_LIMITS } from '../../../../../control-plane/src/graphql/limits/query-limits';
import { RequestRate } from '../../../../../control-plane/src/graphql/limits/request-rate';
import { TestClock } from '../../../../support/test-clock';
import { startControlPlane, type TestControlPlane } from '../../../../support/control-plane/start-control-plane';

const schema = buildGraphqlSchema();
const document = readFileSync(join(packageRoot(), 'docs', 'graphql-limits.md'), 'utf8');

describe('measureQuery', () => {
  const measure = (query: string, variables: Record<string, unknown> = {}): QuerySize => {
    const parsed = parse(query);
    const operation = parsed.definitions.find((definition) => definition.kind === 'OperationDefinition')!;
    return measureQuery(schema, parsed, operation, variables);
  };

  test('measures the example in docs/graphql-limits.md as documented', () => {
    const query = '{ organizations(first: 200) { edges { node { name robots { name } } } } }';
    expect(measure(query)).toEqual({ depth: 5, aliases: 0, cost: 2801 });
    expect(document).toContain(`\`${query}\` costs`);
    expect(document).toContain(`counts ${LIST_COST},`);
    for (const limit of [
      QUERY_LIMITS.bodyBytes,
      QUERY_LIMITS.tokens,
      QUERY_LIMITS.depth,
      QUERY_LIMITS.aliases,
      QUERY_LIMITS.operations,
    ])
      expect(document).toContain(`| ${limit}`);
    expect(document).toContain(`| cost | ${QUERY_LIMITS.cost} |`);
  });

  const single = (field: GraphQLField<unknown, unknown>): boolean =>
    isLeafType(getNamedType(field.type)) && !isListType(getNullableType(field.type));

  test('counts every list of the schema as documented in docs/graphql-limits.md', () => {
    for (const type of Object.values(schema.getTypeMap()).filter(isObjectType)) {
      if (type.name.startsWith('__') || type.name.endsWith('Connection')) continue;
      for (const field of Object.values(type.getFields())) {
        const paged = field.args.some(({ name }) => name === 'first');
        if (!paged && !isListType(getNullableType(field.type))) continue;
        expect(document).toContain(`\`${field.name}\``);
        const of = getNamedType(field.type);
        if (paged || !isObjectType(of)) continue;
        const leaf = Object.values(of.getFields()).find(single)!.name;
        const { cost } = measure(`{ node(id: "x") { ... on ${type.name} { ${field.name} { ${leaf} } } } }`);
        expect([field.name, cost]).toEqual([field.name, 1 + 1 + LIST_COST]);
      }
    }
  });

  test('multiplies nested lists, also without pages', () => {
    const tags = (depth: number): string => (depth === 0 ? '{ name }' : `{ manifest { tags ${tags(depth - 1)} } }`);
    const size = measure(`{ repository(organization: "a", name: "b") { tag(name: "c") ${tags(4)} } }`);
    expect(size.depth).toBeLessThanOrEqual(QUERY_LIMITS.depth);
    expect(size.cost).toBeGreaterThan(10_000);
    expect(measure(`{ repository(organization: "a", name: "b") { tag(name: "c") ${tags(5)} } }`).cost).toBeGreaterThan(
      QUERY_LIMITS.cost,
    );
  });

  test('leaves plenty of room for common queries of tools', () => {
    const queries = [
      `{ organizations(first: 200) { edges { node { name version visibility usage { usedBytes tagCount }
         proxyCache { upstream enabled upstreamStatus { reachable } } robots { name lastUsedAt } } } } }`,
      `{ repository(organization: "a", name: "b") { tags(first: 200) { edges { node { name expiresAt sizeBytes
         manifest { digest platforms { os architecture } layers { digest sizeBytes } } } } } } }`,
      '{ auditEvents(first: 200) { edges { node { id at kind organization repository reference actor detail } } } }',
    ];
    for (const query of queries) expect(measure(query).cost).toBeLessThan(QUERY_LIMITS.cost / 2);
  });

  test('counts a variable with its value, and one without a value with the largest page', () => {
    const query = 'query ($n: Int = 5) { organizations(first: $n) { totalCount } }';
    expect(measure(query, { n: 7 }).cost).toBe(8);
    expect(measure(query).cost).toBe(201);
    expect(measure(query, { n: 1e9 }).cost).toBe(201);
    expect(measure(query, { n: -1 }).cost).toBe(2);
  });
});

describe('a query over a limit is refused before it runs:', () => {
  let plane: TestControlPlane;
  beforeAll(async () => {
    plane = await startControlPlane();
  });
  afterAll(() => plane.remove());

  const ROBOT = 'createRobot(organization: "acme", name: "r") { secret }';

  test.each([
    [
      'aliases',
      `mutation { ${Array.from({ length: 51 }, (_, i) => `a${i}: ${ROBOT}`).join(' ')} }`,
      "The query's number of aliases is 51; the limit is 50.",
    ],
    [
      'words',
      `mutation { ${ROBOT} } # \n query b { ${'viewer { name } '.repeat(1300)} }`,
      'The query has more tokens (words and punctuators) than the limit of 5000.',
    ],
    [
      'cost',
      `{ organizations(first: 200) { edges { node { repositories(first: 200) { totalCount } } } } }`,
      "The query's cost is 40601; the limit is 20000.",
    ],
  ])('%s', async (_what, query, message) => {
    await plane.organization(`acme`).catch(() => undefined);
    const before = plane.log.length;
    const answer = await plane.graphql(query);
    expect([answer.status, answer.errors?.[0]?.message]).toEqual([400, message]);
    expect(answer.errors?.[0]?.extensions).toEqual({ code: 'LIMIT_EXCEEDED' });
    expect(plane.log.slice(before)).not.toContain('"level":50');
    expect(await plane.ask('{ organization(name: "acme") { robots { name } } }')).toEqual({
      organization: { robots: [] },
    });
  });

  test('a body, with its size and the limit', async () => {
    const answer = await plane.graphql('{ viewer { name } }', { pad: 'x'.repeat(300_000) });
    expect(answer.errors?.[0]?.message).toMatch(/^The request body has 3\d{5} bytes; the limit is 262144\.$/);
    expect(answer.errors?.[0]?.extensions.code).toBe('LIMIT_EXCEEDED');
  });
});

test.each(['-1', 'many', '1000001', '1.5'])('LAYOVER_GRAPHQL_RATE_LIMIT=%s is refused at the start', (text) => {
  const read = (): unknown =>
    readControlPlaneConfig({ LAYOVER_GRAPHQL_RATE_LIMIT: text, LAYOVER_GRAPHQL_INTROSPECTION: 'perhaps' });
  expect(read).toThrow(/LAYOVER_GRAPHQL_RATE_LIMIT must be a whole number from 0 to 1000000/);
  expect(read).toThrow(/LAYOVER_GRAPHQL_INTROSPECTION must be 1 or 0/);
});

describe('introspection', () => {
  test('can be turned off; then errors suggest no names', async () => {
    const plane = await startControlPlane({ LAYOVER_GRAPHQL_INTROSPECTION: '0' });
    try {
      for (const query of ['{ __schema { types { name } } }', '{ __type(name: "Query") { name } }']) {
        const answer = await plane.graphql(query);
        expect([answer.status, answer.errors?.[0]?.extensions.code]).toEqual([400, 'GRAPHQL_VALIDATION_FAILED']);
        expect(answer.errors?.[0]?.message).toContain('introspection');
        expect(answer.text).not.toMatch(/apollo/i);
      }
      expect((await plane.graphql('{ organisations { totalCount } }')).text).not.toContain('organizations');
      expect(await plane.ask('{ viewer { __typename } }')).toEqual({ viewer: { __typename: 'Viewer' } });
    } finally {
      await plane.remove();
    }
  });
});

describe('RequestRate', () => {
  test('allows a burst, then the average rate, and tells when to retry', () => {
    const clock = new TestClock();
    const rate = new RequestRate(5, clock);
    const admitted = (token: string): boolean | number => {
      try {
        rate.admit(token);
        return true;
      } catch (error) {
        return (error as { retryAfterSeconds: number }).retryAfterSeconds;
      }
    };
    expect(Array.from({ length: 11 }, () => admitted('a'))).toEqual([...Array<boolean>(10).fill(true), 1]);
    expect(admitted('b')).toBe(true);
    clock.advance(199);
    expect(admitted('a')).toBe(1);
    clock.advance(1);
    expect([admitted('a'), admitted('a')]).toEqual([true, 1]);
    clock.advance(3_600_000);
    expect(Array.from({ length: 11 }, () => admitted('a')).filter((each) => each === true)).toHaveLength(10);
  });

  test('has no limit with 0', () => {
    const rate = new RequestRate(0, new TestClock());
    for (let i = 0; i < 10_000; i++) rate.admit('a');
  });

  test('answers 429 with Retry-After over HTTP, for that token only and for a limited time', async () => {
    const plane = await startControlPlane({ LAYOVER_GRAPHQL_RATE_LIMIT: '2' });
    try {
      const { createApiToken } = await plane.ask<{ createApiToken: { token: string } }>(
        'mutation { createApiToken(name: "other", role: ADMIN) { token } }',
      );
      let answer = await plane.graphql('{ viewer { name } }');
      while (answer.status === 200) answer = await plane.graphql('{ viewer { name } }');
      expect(answer.status).toBe(429);
      expect(answer.headers.get('retry-after')).toBe('1');
      expect(answer.errors?.[0]).toMatchObject({ extensions: { code: 'RATE_LIMITED' } });
      expect(answer.errors?.[0]?.message).toContain('2 requests per second');
      expect((await plane.graphql('{ viewer { name } }', {}, createApiToken.token)).status).toBe(200);
      plane.clock.advance(1000);
      expect((await plane.graphql('{ viewer { name } }')).status).toBe(200);
    } finally {
      await plane.remove();
    }
  });
});
