import { alpineLayer } from '../support/real/alpine-layer';
import { CLAIR_PROGRAMS, CLAIR_PSK, type RunningClair, startClair } from '../support/real/clair';
import { freePort } from '../support/real/free-port';
import { describeWith } from '../support/real/programs';
import { pushImage } from '../support/real/push-image';
import { type Stage, STAGE_PROGRAMS, startStage } from '../support/real/stage';
import { waitUntil } from '../support/real/wait-until';

const TOKEN = 'the-token-that-the-notifier-shows';
/** It looks for what has changed once a minute, and delivers once a minute. */
const TOLD_MS = 240_000;

describeWith([...STAGE_PROGRAMS, ...CLAIR_PROGRAMS], 'the notifier of Clair', () => {
  let clair: RunningClair;
  let stage: Stage;

  beforeAll(async () => {
    const [edge, control] = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`];
    clair = await startClair(
      { otherthing: { '1.0.0-r1': ['CVE-2026-0004'] } },
      { target: `http://${control}/clair/notifications`, token: TOKEN },
    );
    stage = await startStage({
      env: {
        LAYOVER_EDGE_LISTEN: edge,
        LAYOVER_CONTROL_LISTEN: control,
        LAYOVER_CLAIR_URL: clair.url,
        LAYOVER_CLAIR_PSK: CLAIR_PSK,
        LAYOVER_CLAIR_WEBHOOK_TOKEN: TOKEN,
        LAYOVER_SCAN_EDGE_URL: `http://${edge}`,
      },
    });
    await stage.createOrganization('acme');
  }, 120_000);

  afterAll(async () => {
    await stage?.stop();
    await clair?.stop();
  }, 60_000);

  test('tells of a new vulnerability, and the report of the image it is in is read again: nobody asked, and no report is old', async () => {
    const layers = [alpineLayer('told', '1.0.0-r0')];
    const image = await pushImage(stage.upstream, { repository: 'team/told', tag: 'v1', layers });
    await stage.podman.pull(`${stage.layover.host}/acme/team/told:v1`);
    const total = async (): Promise<number | undefined> => {
      const { manifest } = await stage.layover.graphql.run<{
        readonly manifest: { readonly scan: { readonly state: string; readonly summary: { readonly total: number } } };
      }>(
        `{ manifest(organization: "acme", repository: "team/told", digest: "${image.digest}") {
          scan { state summary { total } }
        } }`,
      );
      return manifest.scan.state === 'COMPLETED' ? manifest.scan.summary.total : undefined;
    };
    await waitUntil('the first report', async () => (await total()) === 0, 60_000);
    clair.secdb.publish({ otherthing: { '1.0.0-r1': ['CVE-2026-0004'] }, libthing: { '1.0.0-r1': ['CVE-2026-0003'] } });
    // It reads the database when it starts.
    await clair.pause();
    await clair.start();
    await waitUntil('the report that has it', async () => (await total()) === 1, TOLD_MS);
  }, 400_000);
});
