import { setTimeout as sleep } from 'node:timers/promises';
import { readCommandLine } from '../../common/runtime/command-line';
import { buildImage, type FakeRegistry, RegistryContent, startFakeRegistry } from '../../test/support/fake-registry';
import { type Product, startProduct } from './product';
import { pullImage } from './pull-image';

const REPOSITORY = 'library/hello';
const EXPIRATION_SECONDS = 6;
const UPSTREAM_BYTES_PER_SECOND = 32 << 20;
const BASE_LAYER = 12 << 20;

/** Runs `npm run demo`: shows the life of a cached tag in six pulls. */
async function main(): Promise<void> {
  const program = {
    npmCommand: 'npm run demo',
    summary: 'Shows the life of a cached tag in six pulls from a simulated upstream. Needs no network.',
    options: {},
    readsSettings: false,
    exitCodes: { 0: 'the demo ran', 1: 'Layover could not start, or a pull failed' },
  };
  if (readCommandLine(program) === undefined) return;
  const content = new RegistryContent();
  const first = buildImage({ layers: [BASE_LAYER, 4 << 20], seed: 'first' });
  const second = buildImage({ layers: [first.layers[0]!.bytes, 2 << 20], seed: 'second' });
  content.addImage(REPOSITORY, 'latest', first);

  let upstream = await startUpstream(content);
  const { port } = upstream;
  const product = await startProduct();
  try {
    await makeOrganization(product, upstream.host);
    say(
      `Layover at ${product.registry}; its upstream, ${upstream.host}, sends ${UPSTREAM_BYTES_PER_SECOND >> 20} MiB/s.`,
    );
    say(`Organization "demo" mirrors it; a tag expires ${EXPIRATION_SECONDS} s after its last successful pull.\n`);

    await step('1. cold: nothing is cached', product, upstream);
    await step('2. warm: one HEAD asks whether the tag is still the same', product, upstream);
    content.addImage(REPOSITORY, 'latest', second);
    await step('3. the tag moved upstream; the new image shares its base layer', product, upstream);
    await upstream.close();
    await step('4. upstream is down', product, upstream);
    say(`   (waiting until the tag has expired)\n`);
    await sleep(EXPIRATION_SECONDS * 1000);
    await step('5. upstream is down, and the tag has expired', product, upstream);
    upstream = await startUpstream(content, port);
    await step('6. upstream is back', product, upstream);

    await showAudit(product);
  } finally {
    await product.stop();
    await upstream.close();
  }
}

async function startUpstream(content: RegistryContent, port = 0): Promise<FakeRegistry> {
  const upstream = await startFakeRegistry({ content, port });
  upstream.quirk({ path: '/blobs/', bytesPerSecond: UPSTREAM_BYTES_PER_SECOND });
  return upstream;
}

async function makeOrganization(product: Product, host: string): Promise<void> {
  await product.graphql(
    `mutation ($upstream: String!, $expiration: Int!) {
       applyOrganization(input: { name: "demo", proxyCache: { upstream: $upstream, insecure: true, expirationSeconds: $expiration } }) { name }
     }`,
    { upstream: host, expiration: EXPIRATION_SECONDS },
  );
}

async function step(title: string, product: Product, upstream: FakeRegistry): Promise<void> {
  upstream.takeRequests();
  const result = await pullImage(product.registry, `demo/${REPOSITORY}`, 'latest');
  const asked = upstream.takeRequests().map((request) => `${request.method} ${shorten(request.path)}`);
  say(title);
  say(`   manifest  ${result.manifest}`);
  if (result.blobs.length > 0) {
    say(`   blobs     ${result.blobs.join(' ')}`);
    say(`   received  ${(result.bytes / 1e6).toFixed(1)} MB in ${result.milliseconds} ms`);
  } else {
    say(`   answered  in ${result.milliseconds} ms`);
  }
  say(`   upstream  ${asked.length === 0 ? 'saw no request' : `saw ${asked.length}: ${asked.join(', ')}`}\n`);
}

async function showAudit(product: Product): Promise<void> {
  interface Answer {
    auditEvents: {
      edges: {
        node: {
          at: string;
          cacheStatus: string;
          httpStatus: number;
          upstreamStatus: number | null;
          digest: string | null;
        };
      }[];
    };
  }
  let edges: Answer['auditEvents']['edges'] = [];
  // Records are delivered in batches, so the last one may arrive later.
  for (let tries = 0; tries < 50 && edges.length < 6; tries += 1) {
    const answer = await product.graphql<Answer>(
      `{ auditEvents(filter: { organization: "demo", kinds: [PULL] }) {
           edges { node { at cacheStatus httpStatus upstreamStatus digest } } } }`,
    );
    edges = answer.auditEvents.edges;
    if (edges.length < 6) await sleep(100);
  }
  say('The audit records, newest first, as GraphQL returns them (auditEvents):');
  for (const { node } of edges) {
    const upstream = node.upstreamStatus === null ? 'no answer' : String(node.upstreamStatus);
    say(
      `   ${node.at}  ${node.cacheStatus.padEnd(11)} HTTP ${node.httpStatus}  upstream ${upstream.padEnd(9)}  ${shorten(node.digest ?? '-')}`,
    );
  }
}

function shorten(text: string): string {
  return text.replace(/sha256:([0-9a-f]{8})[0-9a-f]+/, 'sha256:$1…').replace(`/v2/${REPOSITORY}/`, '');
}

function say(line: string): void {
  console.log(line);
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
