import { createHash } from 'node:crypto';
import { Agent, type IncomingMessage, request } from 'node:http';
import { buildImage, type FakeRegistry, startFakeRegistry } from '../support/fake-registry';
import { type RunningLayover, startLayover } from '../support/real/layover';
import { send } from '../support/real/http-client';
import { waitUntil } from '../support/real/wait-until';

const LIMIT = 256;
const BLOBS = 300;
const CONNECTIONS = 200;
/** Clients that read slowly, each of which could need two files of the edge. */
const SLOW = 100;
const OTHERS = 40;
const KIB = 1024;

interface Pulled {
  readonly status: number;
  readonly digest: string;
}

describe(`Layover with ${LIMIT} open files for each process`, () => {
  let registry: FakeRegistry;
  let layover: RunningLayover;
  let agent: Agent;

  beforeAll(async () => {
    registry = await startFakeRegistry();
    layover = await startLayover({ openFiles: LIMIT });
    await layover.graphql.createOrganization('acme', { upstream: registry.host, completeImages: false });
    const url = `${layover.url}/v2/acme/app/tags/list`;
    await waitUntil('the organization', async () => (await send({ url })).status !== 401);
  }, 60_000);
  afterAll(async () => {
    await layover?.stop();
    await registry?.close();
  }, 60_000);
  beforeEach(() => {
    agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  });
  afterEach(() => agent.destroy());

  /** Resolves at the head of the answer, whose body is not read. */
  function begin(path: string): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      request(`${layover.url}${path}`, { agent: false }, resolve).once('error', reject).end();
    });
  }

  async function digestOf(answer: IncomingMessage): Promise<string> {
    const hash = createHash('sha256');
    for await (const bytes of answer as AsyncIterable<Buffer>) hash.update(bytes);
    return `sha256:${hash.digest('hex')}`;
  }

  function pull(path: string): Promise<Pulled> {
    return new Promise((resolve, reject) => {
      const read = async (answer: IncomingMessage): Promise<Pulled> => ({
        status: answer.statusCode!,
        digest: await digestOf(answer),
      });
      request(`${layover.url}${path}`, { agent }, (answer) => read(answer).then(resolve, reject))
        .once('error', reject)
        .end();
    });
  }

  /** Pulls everything at once. Returns what was not answered with 200 and the right bytes. */
  async function failures(digests: readonly string[], kind: 'blobs' | 'manifests'): Promise<readonly unknown[]> {
    const answers = await Promise.all(
      digests.map(async (digest) => {
        const path = `/v2/acme/app/${kind}/${digest}`;
        const answer = await pull(path).catch((error: NodeJS.ErrnoException) => error.code ?? error.message);
        return { digest, answer };
      }),
    );
    return answers.filter(
      ({ digest, answer }) => typeof answer === 'string' || answer.status !== 200 || answer.digest !== digest,
    );
  }

  test(`serves ${BLOBS} cold and then cached blobs over ${CONNECTIONS} connections at once`, async () => {
    const digests = Array.from({ length: BLOBS }, (_, index) =>
      registry.content.addBlob('app', Buffer.alloc((1 + (index % 5)) * 128 * KIB, `blob ${index} `)),
    );
    expect(await failures(digests, 'blobs')).toEqual([]);
    expect(await failures(digests, 'blobs')).toEqual([]);
    expect(layover.output()).not.toContain('EMFILE');
  }, 120_000);

  test(`serves ${OTHERS} clients at once while ${SLOW} others read a cached blob slowly`, async () => {
    const large = registry.content.addBlob('app', Buffer.alloc(16 * KIB * KIB, 'large blob '));
    expect(await failures([large], 'blobs')).toEqual([]);
    const slow = await Promise.all(Array.from({ length: SLOW }, () => begin(`/v2/acme/app/blobs/${large}`)));
    expect(slow.map(({ statusCode }) => statusCode)).toEqual(slow.map(() => 200));
    const digests = Array.from({ length: OTHERS }, (_, index) =>
      registry.content.addBlob('app', Buffer.alloc(256 * KIB, `beside slow clients ${index} `)),
    );
    expect(await failures(digests, 'blobs')).toEqual([]);
    expect(await failures(digests, 'blobs')).toEqual([]);
    for (const answer of slow.slice(0, 5)) expect(await digestOf(answer)).toBe(large);
    for (const answer of slow) answer.destroy();
    expect(layover.output()).not.toContain('EMFILE');
  }, 120_000);

  test(`serves ${BLOBS} cold and then cached manifests over ${CONNECTIONS} connections at once`, async () => {
    const digests = Array.from({ length: BLOBS }, (_, index) => {
      const image = buildImage({ seed: `image ${index}`, layers: [10] });
      registry.content.addImage('app', undefined, image);
      return image.digest as string;
    });
    expect(await failures(digests, 'manifests')).toEqual([]);
    expect(await failures(digests, 'manifests')).toEqual([]);
  }, 120_000);
});
