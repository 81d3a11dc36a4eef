import { type HttpAnswer, send } from '../support/real/http-client';
import { describeWith } from '../support/real/programs';
import { type PushedImage, pushImage, smallLayer } from '../support/real/push-image';
import { type Stage, STAGE_PROGRAMS, startStage } from '../support/real/stage';
import { waitUntil } from '../support/real/wait-until';

describeWith(STAGE_PROGRAMS, 'pull records', () => {
  let stage: Stage;
  let image: PushedImage;

  beforeAll(async () => {
    stage = await startStage();
    image = await pushImage(stage.upstream, {
      repository: 'recorded/image',
      tag: 'v1',
      layers: [smallLayer('recorded')],
    });
  }, 60_000);

  afterAll(() => stage?.stop(), 60_000);

  const pull = (name: string, reference = 'v1', method = 'GET', headers = {}): Promise<HttpAnswer> =>
    send({
      method,
      url: `${stage.layover.url}/v2/${name}/recorded/image/manifests/${reference}`,
      headers: { 'User-Agent': 'recorder/1.0', ...headers },
    });
  const requestIds = (answers: readonly HttpAnswer[]): string[] =>
    answers.map(({ headers }) => String(headers['x-request-id'])).sort();
  /** Returns the request ids in the audit log as soon as there are `count` of them. */
  const recorded = async (name: string, count: number): Promise<(string | null)[]> => {
    const pulls = await waitUntil(`${count} audit events of ${name}`, async () => {
      const all = await stage.layover.graphql.pulls(name);
      return all.length >= count && all;
    });
    return pulls.map(({ requestId }) => requestId).sort();
  };

  test('hold one event per manifest request with the reference, the answer and the client', async () => {
    await stage.createOrganization('plain');
    const answers = [
      await pull('plain'),
      await pull('plain'),
      await pull('plain', image.digest),
      await pull('plain', 'v1', 'HEAD'),
      await pull('plain', image.digest, 'GET', { 'If-None-Match': `"${image.digest}"` }),
      await pull('plain', 'nowhere'),
    ];
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 304, 404]);
    expect(await recorded('plain', 6)).toEqual(requestIds(answers));
    const pulls = await stage.layover.graphql.pulls('plain');
    const byId = new Map(pulls.map((event) => [event.requestId, event]));
    const inOrder = answers.map(({ headers }) => byId.get(String(headers['x-request-id'])));
    const common = { repository: 'recorded/image', clientAddress: '127.0.0.1', userAgent: 'recorder/1.0' };
    const bytes = String(image.manifest.length);
    expect(inOrder).toMatchObject([
      { ...common, reference: 'v1', digest: image.digest, cacheStatus: 'MISS', httpStatus: 200, bytes },
      { ...common, reference: 'v1', digest: image.digest, cacheStatus: 'REVALIDATED', httpStatus: 200, bytes },
      { ...common, reference: image.digest, digest: image.digest, cacheStatus: 'HIT', httpStatus: 200, bytes },
      { ...common, reference: 'v1', digest: image.digest, cacheStatus: 'REVALIDATED', httpStatus: 200, bytes: '0' },
      { ...common, reference: image.digest, digest: image.digest, cacheStatus: 'HIT', httpStatus: 304, bytes: '0' },
      { ...common, reference: 'nowhere', digest: null, httpStatus: 404 },
    ]);
  }, 30_000);

  test('hold one event per manifest that a real client requested', async () => {
    await stage.createOrganization('clients');
    await stage.podman.pull(`${stage.layover.host}/clients/recorded/image:v1`);
    await stage.skopeo.copy(`${stage.layover.host}/clients/recorded/image:v1`);
    await recorded('clients', 2);
    const pulls = await stage.layover.graphql.pulls('clients');
    expect(new Set(pulls.map(({ digest, httpStatus }) => `${digest} ${httpStatus}`))).toEqual(
      new Set([`${image.digest} 200`]),
    );
    expect(pulls[0]).toMatchObject({ cacheStatus: 'MISS' });
    expect(new Set(pulls.map(({ userAgent }) => userAgent?.split('/')[0]))).toEqual(new Set(['containers', 'skopeo']));
  }, 60_000);

  test('hold each pull exactly once when the control plane is killed twice during the pulls', async () => {
    await stage.createOrganization('killed');
    await pull('killed');
    const answers: HttpAnswer[] = [];
    let stop = false;
    const pullers = Array.from({ length: 4 }, async () => {
      while (!stop) answers.push(await pull('killed'));
    });
    for (const _round of [1, 2]) {
      const before = answers.length;
      await waitUntil('the first pulls', () => answers.length >= before + 20);
      await stage.layover.killPlane('control-plane');
    }
    const before = answers.length;
    await waitUntil('more pulls', () => answers.length >= before + 20);
    stop = true;
    await Promise.all(pullers);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    const ids = await recorded('killed', answers.length + 1);
    expect(ids).toHaveLength(answers.length + 1);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toEqual(expect.arrayContaining(requestIds(answers)));
  }, 60_000);

  test('hold each answered pull exactly once when the data plane is killed', async () => {
    await stage.createOrganization('journal');
    const answers = await Promise.all(Array.from({ length: 20 }, () => pull('journal')));
    await stage.layover.killPlane('data-plane');
    expect(await recorded('journal', answers.length)).toEqual(requestIds(answers));
    // The records may have been delivered before the kill. The next test needs a data plane that
    // answers.
    await waitUntil(
      'the data plane to answer',
      async () => (await send({ url: `${stage.layover.url}/v2/journal/recorded/image/tags/list` })).status === 200,
    );
  }, 30_000);

  test('say what each client got, once, while the data plane is killed again and again', async () => {
    const name = 'again';
    await stage.createOrganization(name);
    const scope = `repository:${name}/recorded/image:pull`;
    const issued = await send({ url: `${stage.layover.url}/token?service=layover&scope=${scope}` });
    // The requests of clients without credentials would be combined.
    const { token } = JSON.parse(issued.body.toString()) as { readonly token: string };
    const statuses = new Map<string, number>();
    let isOver = false;
    let pullsInARow = 0;
    const client = async (_value: unknown, number: number): Promise<void> => {
      for (let count = 0; !isOver; count += 1) {
        const requestId = `client-${number}-${count}`;
        const { status } = await send({
          url: `${stage.layover.url}/v2/${name}/recorded/image/manifests/v1`,
          headers: { 'x-request-id': requestId, authorization: `Bearer ${token}` },
        });
        statuses.set(requestId, status);
        pullsInARow = status === 200 ? pullsInARow + 1 : 0;
      }
    };
    const clients = Promise.all(Array.from({ length: 4 }, client));
    for (let round = 0; round < 4; round += 1) {
      await stage.layover.killPlane('data-plane');
      pullsInARow = 0;
      await waitUntil('pulls after the kill', () => pullsInARow > 20);
    }
    isOver = true;
    await clients;
    expect([...statuses.values()].every((status) => status === 200 || status === 503)).toBe(true);
    const asPairs = (all: Iterable<readonly [string, number]>): string[] =>
      [...all].map((pair) => pair.join(' ')).sort();
    let pulls: readonly (readonly [string, number])[] = [];
    await waitUntil('what each client got to be on record', async () => {
      const all = await stage.layover.graphql.pulls(name);
      pulls = all.map(({ requestId, httpStatus }) => [String(requestId), Number(httpStatus)] as const);
      const found = new Map(pulls);
      return [...statuses].every(([requestId, status]) => found.get(requestId) === status);
    });
    expect(asPairs(pulls)).toEqual(asPairs(statuses));
  }, 120_000);

  test('hold pulls of cached and new images that were made while the control plane hung', async () => {
    await stage.createOrganization('frozen');
    await stage.skopeo.copy(`${stage.layover.host}/frozen/recorded/image:v1`);
    const before = (await recorded('frozen', 1)).length;
    const fresh = await pushImage(stage.upstream, {
      repository: 'fresh/image',
      tag: 'v1',
      layers: [smallLayer('fresh')],
    });
    const frozen = stage.layover.planePid('control-plane');
    process.kill(frozen, 'SIGSTOP');
    try {
      const cached = await pull('frozen');
      expect([cached.status, cached.headers['x-layover-cache']]).toEqual([200, 'REVALIDATED']);
      const copied = await stage.skopeo.copy(`${stage.layover.host}/frozen/fresh/image:v1`);
      expect(copied.manifest.equals(fresh.manifest)).toBe(true);
    } finally {
      process.kill(frozen, 'SIGCONT');
    }
    const ids = await recorded('frozen', before + 2);
    expect(ids).toHaveLength(before + 2);
    expect(new Set(ids).size).toBe(ids.length);
    await waitUntil('the complete new image in the catalog', async () => {
      const { completeness } = stage.layover.graphql;
      return (await completeness('frozen', 'fresh/image', fresh.digest)) === 'COMPLETE';
    });
  }, 60_000);
});
