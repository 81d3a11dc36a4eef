import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { homeAt } from '../../../common/runtime/home';
import { buildImage } from '../../support/fake-registry';
import { send } from '../../support/real/http-client';
import { waitUntil } from '../../support/real/wait-until';
import { type NodesRig, type RigNode, startNodesRig } from './support/nodes-rig';

const NAME = 'team/app';

let rig: NodesRig;
afterEach(() => rig.close());

/** Returns whether a data plane has written something about the referrers of a digest to disk. */
function hasReferrers(node: RigNode, digest: string): boolean {
  const { index } = homeAt(node.home);
  return readdirSync(index).some((name) => {
    const text = readFileSync(join(index, name), 'latin1');
    return text.includes('referrers') && text.includes(digest);
  });
}

test('a list of referrers survives the loss of its data plane while the upstream is away', async () => {
  rig = await startNodesRig({ transport: 'unix', dataPlanes: 2, edges: 1 });
  const image = buildImage({ seed: 'subject' });
  const { digest, mediaType, manifest } = image;
  const subject = { digest, mediaType, size: manifest.length };
  const signature = buildImage({ seed: 'signature', subject, artifactType: 'application/vnd.example.signature' });
  rig.upstream.content.addImage(NAME, 'latest', image);
  rig.upstream.content.addImage(NAME, 'signature', signature);
  const list = async (): Promise<{ readonly status: number; readonly label: unknown; readonly found: string[] }> => {
    const { status, headers, body } = await send({ url: `${rig.urls[0]}/v2/docker/${NAME}/referrers/${digest}` });
    const { manifests = [] } = JSON.parse(body.toString()) as { manifests?: { digest: string }[] };
    return { status, label: headers['x-layover-cache'], found: manifests.map((one) => one.digest) };
  };
  expect(await list()).toEqual({ status: 200, label: 'MISS', found: [signature.digest] });
  const [one, other] = rig.nodes as [RigNode, RigNode];
  await waitUntil('both data planes to keep the list', async () => {
    // A data plane copies to those that it knows by then.
    await list();
    return [one, other].every((node) => hasReferrers(node, digest));
  });

  rig.upstream.quirk({ path: '/v2/', respond: { status: 503 } });
  const asked = rig.upstream.requests.length;
  await one.stop();
  expect(await list()).toEqual({ status: 200, label: 'STALE', found: [signature.digest] });
  await one.start();
  await other.stop();
  await waitUntil('the first data plane to serve again', async () => (await list()).status === 200);
  expect(await list()).toEqual({ status: 200, label: 'STALE', found: [signature.digest] });
  expect(rig.upstream.requests.length).toBeGreaterThan(asked);
}, 60_000);
