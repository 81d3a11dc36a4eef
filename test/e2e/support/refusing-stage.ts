import { FakeClair } from '../../support/fake-clair';
import { startFakeRegistry } from '../../support/fake-registry';
import type { PullClient } from '../../support/real/client-kind';
import { freePort } from '../../support/real/free-port';
import { send } from '../../support/real/http-client';
import { pushImage, smallLayer } from '../../support/real/push-image';
import { type Stage, startStage } from '../../support/real/stage';
import { waitUntil } from '../../support/real/wait-until';

/** A stage whose organizations refuse pulls of `team/<client>`, each for its own reason. */
export interface RefusingStage {
  readonly stage: Stage;
  /** Pushes what the client pulls to `team/<client>`, with the tag 1.0.0. */
  push(name: string, client: PullClient): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts the stage. The organizations are `open`, `vault` (private), `denying`, `gated` (blocks all
 * images of this stage), `full`, `off`, `away` (upstream unreachable) and `limited` (upstream
 * answers 429).
 */
export async function startRefusingStage(): Promise<RefusingStage> {
  const ends: (() => Promise<unknown>)[] = [];
  const stop = async (): Promise<void> => {
    for (const end of ends.splice(0).reverse()) await end();
  };
  try {
    const clair = await FakeClair.start();
    ends.push(() => clair.stop());
    const limited = await startFakeRegistry();
    ends.push(() => limited.close());
    // Some clients wait as long as Retry-After says, five times.
    limited.quirk({ path: '/manifests/', respond: { status: 429, headers: { 'Retry-After': '1' } } });
    const edge = `127.0.0.1:${await freePort()}`;
    const scanning = { LAYOVER_CLAIR_URL: clair.url, LAYOVER_SCAN_EDGE_URL: `http://${edge}` };
    const stage = await startStage({ env: { LAYOVER_EDGE_LISTEN: edge, ...scanning } });
    ends.push(() => stage.stop());
    const push: RefusingStage['push'] = async (name, client) => {
      const content = { repository: `team/${name}`, tag: '1.0.0', seed: 'app' };
      if (client.push === undefined)
        await pushImage(stage.upstream, { ...content, layers: [smallLayer(content.seed)] });
      else await client.push(stage.upstream, content);
    };
    const image = await pushImage(stage.upstream, {
      repository: 'team/probe',
      tag: '1.0.0',
      layers: [smallLayer('app')],
    });
    clair.found.set(image.digest, [
      { name: 'CVE-2026-0001', severity: 'High', package: 'libthing', version: '1.0', fixedIn: '1.1' },
    ]);
    await createOrganizations(stage, { limited: limited.host, away: `127.0.0.1:${await freePort()}` });
    return { stage, push, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function createOrganizations(
  stage: Stage,
  upstreams: { readonly limited: string; readonly away: string },
): Promise<void> {
  const own = { upstream: stage.relay.host, insecure: true };
  const update = (name: string, input: object): Promise<unknown> =>
    stage.layover.graphql.run(
      'mutation ($name: String!, $input: OrganizationPatch!) { updateOrganization(name: $name, input: $input) { name } }',
      { name, input },
    );
  for (const name of ['open', 'vault', 'gated', 'full', 'off']) await stage.createOrganization(name);
  await stage.createOrganization('denying', { denyRepositories: ['team/*'] });
  await stage.createOrganization('limited', { upstream: upstreams.limited });
  await stage.createOrganization('away', { upstream: upstreams.away });
  await update('vault', { visibility: 'PRIVATE' });
  await update('gated', { scanPolicy: { blockFrom: 'LOW', unscanned: 'WAIT', waitSeconds: 20 } });
  await update('full', { quota: { limitBytes: '100', onOversize: 'REJECT' } });
  await update('off', { proxyCache: { ...own, enabled: false } });
  const expected = { vault: 401, denying: 403, gated: 403, full: 403, off: 403 };
  for (const [name, status] of Object.entries(expected)) {
    const url = `${stage.layover.url}/v2/${name}/team/probe/manifests/1.0.0`;
    await waitUntil(`the refusals of ${name}`, async () => (await send({ url })).status === status, 30_000);
  }
}
