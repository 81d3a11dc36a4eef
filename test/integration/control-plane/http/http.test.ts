import { connect } from 'node:net';
import { API_ERROR_CODES } from '../../../../control-plane/src/errors/api-error-codes';
import { withTables } from '../../../support/control-plane/open-tables';
import {
  ADMIN_TOKEN,
  startControlPlane,
  type TestControlPlane,
} from '../../../support/control-plane/start-control-plane';

let plane: TestControlPlane;
beforeAll(async () => {
  plane = await startControlPlane();
  await plane.organization('acme');
});
afterAll(() => plane.remove());

const authorization = `Bearer ${ADMIN_TOKEN}`;
const post = (body: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${plane.url}/graphql`, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json', ...headers },
    body,
  });
const code = async (response: Response): Promise<unknown> =>
  ((await response.json()) as { errors: { extensions: { code: string } }[] }).errors[0]?.extensions.code;

describe('paths', () => {
  test.each([
    ['/healthz', 200, 'ok\n'],
    ['/readyz', 200, 'ready\n'],
    ['/nothing', 404, 'Not found.\n'],
    ['/', 404, 'Not found.\n'],
  ])('GET %s answers %d', async (path, status, body) => {
    const response = await fetch(plane.url + path);
    expect([response.status, await response.text()]).toEqual([status, body]);
    expect(response.headers.get('cache-control')).toBe('no-store');
  });

  test('GET /metrics has no names of organizations', async () => {
    await plane.ask('{ organization(name: "acme") { name } }');
    const text = await (await fetch(`${plane.url}/metrics`)).text();
    expect(text).toMatch(/layover_graphql_request_seconds_count\{status="200"\} \d/);
    expect(text).toMatch(/layover_configuration_revision \d/);
    expect(text).not.toContain('acme');
  });
});

describe('invalid requests', () => {
  test('a body that is not JSON is a BAD_REQUEST', async () => {
    const response = await post('{');
    expect([response.status, await code(response)]).toEqual([400, 'BAD_REQUEST']);
  });

  test('a batch is refused with LIMIT_EXCEEDED', async () => {
    const response = await post('[{"query":"{ viewer { name } }"},{"query":"{ viewer { name } }"}]');
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({
      errors: [
        {
          message: 'The request is a batch of 2 operations; the limit is 1 operation, not in an array.',
          extensions: { code: 'LIMIT_EXCEEDED' },
        },
      ],
    });
  });

  test('a request that a browser could send from another site is a BAD_REQUEST', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded']) {
      const response = await post('{"query":"{ viewer { name } }"}', { 'content-type': type });
      expect([response.status, await code(response)]).toEqual([400, 'BAD_REQUEST']);
    }
    const get = await fetch(`${plane.url}/graphql?query=${encodeURIComponent('{viewer{name}}')}`, {
      headers: { authorization },
    });
    expect([get.status, await code(get)]).toEqual([400, 'BAD_REQUEST']);
  });

  test('a mutation by GET is not allowed', async () => {
    const query = encodeURIComponent('mutation { deleteOrganization(name: "acme") }');
    const response = await fetch(`${plane.url}/graphql?query=${query}`, {
      headers: { authorization, 'apollo-require-preflight': '1' },
    });
    expect(response.status).toBe(405);
    expect(await plane.ask('{ organization(name: "acme") { name } }')).toEqual({ organization: { name: 'acme' } });
  });

  test.each([
    ['{ viewer {', 'GRAPHQL_PARSE_FAILED'],
    ['{ viewer { age } }', 'GRAPHQL_VALIDATION_FAILED'],
    ['{ viewer }', 'GRAPHQL_VALIDATION_FAILED'],
    ['query a { viewer { name } } query b { viewer { name } }', 'BAD_REQUEST'],
  ])('%s is answered with %s', async (query, expected) => {
    const answer = await plane.graphql(query);
    expect([answer.status, answer.errors?.[0]?.extensions.code]).toEqual([400, expected]);
  });

  test('a body over 256 KiB is refused, with or without Content-Length', async () => {
    const body = JSON.stringify({ query: '{ viewer { name } }', variables: { x: 'x'.repeat(256 * 1024) } });
    const response = await post(body);
    expect([response.status, await code(response)]).toEqual([400, 'LIMIT_EXCEEDED']);
    const stream = new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode(body));
        controller.close();
      },
    });
    const chunked = await fetch(`${plane.url}/graphql`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body: stream,
      duplex: 'half',
    } as RequestInit);
    expect([chunked.status, await code(chunked)]).toEqual([400, 'LIMIT_EXCEEDED']);
  });
});

describe('the limits of a query', () => {
  const deep = (n: number): string => {
    const [open, close] = ['{ repository(organization: "acme", name: "a") ', '}'];
    let inner = '{ name }';
    for (let i = 0; i < n; i++) inner = `{ organization { repositories { edges { node ${inner} } } } }`;
    return `${open}${inner}${close}`;
  };

  test('refuse a query that is too deep', async () => {
    expect((await plane.graphql(deep(2))).errors).toBeUndefined();
    const answer = await plane.graphql(deep(3));
    expect(answer.errors?.[0]).toMatchObject({ extensions: { code: 'LIMIT_EXCEEDED' } });
    expect(answer.errors?.[0]?.message).toContain('the limit is 12');
    expect(answer.status).toBe(400);
  });

  test('refuse too many aliases, including those in fragments', async () => {
    const many = Array.from({ length: 51 }, (_, i) => `a${i}: viewer { name }`).join('\n');
    for (const query of [`{ ${many} }`, `{ ...f } fragment f on Query { ${many} }`]) {
      const answer = await plane.graphql(query);
      expect(answer.errors?.[0]?.message).toContain('the limit is 50');
    }
  });

  test('refuse nested pages that cost too much', async () => {
    const query = (first: string) =>
      `query ${first === '$n' ? '($n: Int)' : ''} { organizations(first: ${first}) { edges { node { repositories(first: 200) { edges { node { tags { totalCount } } } } } } } }`;
    for (const first of ['200', '$n']) {
      const answer = await plane.graphql(query(first), first === '$n' ? { n: 200 } : {});
      expect(answer.errors?.[0]).toMatchObject({ extensions: { code: 'LIMIT_EXCEEDED' } });
      expect(answer.errors?.[0]?.message).toContain('cost');
    }
    expect((await plane.graphql(query('1'))).errors).toBeUndefined();
  });

  test('refuse fragments that multiply each other without delay', async () => {
    const fragments = Array.from(
      { length: 40 },
      (_, i) => `fragment f${i} on Organization { name ...f${i + 1} ... on Organization { ...f${i + 1} } }`,
    ).join('\n');
    const query = `{ organization(name: "acme") { ...f0 } } ${fragments} fragment f40 on Organization { id }`;
    expect((await plane.graphql(query)).errors?.[0]?.extensions.code).toBe('LIMIT_EXCEEDED');
  });

  test('allow an introspection query', async () => {
    const { getIntrospectionQuery } = await import('graphql');
    expect((await plane.graphql(getIntrospectionQuery())).errors).toBeUndefined();
  });
});

describe('failures', () => {
  test('of the database become INTERNAL without their message, and are logged', async () => {
    const own = await startControlPlane();
    try {
      await withTables(own, (tables) => tables.schema.dropTable('quotas'));
      const answer = await own.graphql('{ organization(name: "acme") { name } }');
      expect(answer.errors).toEqual([
        {
          message: 'Internal error. The cause is in the log of the control plane.',
          locations: [{ line: 1, column: 3 }],
          path: ['organization'],
          extensions: { code: 'INTERNAL' },
        },
      ]);
      expect(own.log).toMatch(/no such table|doesn't exist/);
    } finally {
      await own.remove();
    }
  });

  test('only have codes of the table', async () => {
    const queries = [
      '{ x }',
      '{',
      'mutation { setTagExpiration(organization: "a", repository: "b", tag: "c") { id } }',
      'mutation { createRobot(organization: "a", name: "b") { secret } }',
    ];
    for (const query of queries) {
      const answer = await plane.graphql(query);
      expect(Object.keys(API_ERROR_CODES)).toContain(answer.errors?.[0]?.extensions.code);
    }
  });
});

describe('stopping', () => {
  test('completes running requests, and closes idle connections at once', async () => {
    const own = await startControlPlane();
    const { hostname, port } = new URL(own.url);
    const idle = connect(Number(port), hostname);
    await new Promise((resolve) => idle.once('connect', resolve));
    const closed = new Promise((resolve) => idle.once('close', resolve));
    const running = own.graphql('{ organizations { totalCount } }');
    await new Promise((resume) => setImmediate(resume));
    const answered = running.then((answer) => answer.data);
    await answered;
    await own.remove();
    await closed;
    expect(await answered).toEqual({ organizations: { totalCount: 0 } });
    await expect(fetch(`${own.url}/healthz`)).rejects.toThrow();
  });
});
