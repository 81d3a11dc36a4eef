import { alpineLayer } from '../support/real/alpine-layer';
import { CLAIR_PROGRAMS, CLAIR_PSK, type RunningClair, startClair } from '../support/real/clair';
import { freePort } from '../support/real/free-port';
import { describeWith } from '../support/real/programs';
import { type PushedImage, pushImage } from '../support/real/push-image';
import { type Stage, STAGE_PROGRAMS, startStage } from '../support/real/stage';
import { waitUntil } from '../support/real/wait-until';

const CVE = 'CVE-2026-0001';
const OTHER_CVE = 'CVE-2026-0002';

interface ScanAnswer {
  readonly state: string;
  readonly attempts: number;
  readonly error: string | null;
  readonly summary: { readonly total: number; readonly fixable: number; readonly highest: string | null };
  readonly vulnerabilities: {
    readonly edges: readonly {
      readonly node: Readonly<
        Record<'name' | 'packageName' | 'packageVersion' | 'fixedInVersion' | 'distribution', string>
      >;
    }[];
  };
}

const SCAN = `query ($organization: String!, $repository: String!, $digest: Digest!) {
  manifest(organization: $organization, repository: $repository, digest: $digest) {
    scan {
      state attempts error
      summary { total fixable highest }
      vulnerabilities { edges { node { name packageName packageVersion fixedInVersion distribution introducedIn } } }
    }
  }
}`;

describeWith([...STAGE_PROGRAMS, ...CLAIR_PROGRAMS], 'scanning with Clair', () => {
  let clair: RunningClair;
  let stage: Stage;

  beforeAll(async () => {
    clair = await startClair({ libthing: { '1.2.3-r1': [CVE] } });
    // Clair must be able to reach the edge, so the port of the edge is chosen before Clair starts.
    const edge = `127.0.0.1:${await freePort()}`;
    stage = await startStage({
      env: {
        LAYOVER_EDGE_LISTEN: edge,
        LAYOVER_CLAIR_URL: clair.url,
        LAYOVER_CLAIR_PSK: CLAIR_PSK,
        LAYOVER_SCAN_EDGE_URL: `http://${edge}`,
      },
    });
    await stage.createOrganization('acme');
  }, 120_000);

  afterAll(async () => {
    await stage?.stop();
    await clair?.stop();
  }, 60_000);

  const push = (name: string, version: string): Promise<PushedImage> =>
    pushImage(stage.upstream, { repository: `team/${name}`, tag: 'v1', layers: [alpineLayer(name, version)] });

  async function scanOf(organization: string, image: PushedImage): Promise<ScanAnswer> {
    const { manifest } = await stage.layover.graphql.run<{ readonly manifest: { readonly scan: ScanAnswer } }>(SCAN, {
      organization,
      repository: image.repository,
      digest: image.digest,
    });
    return manifest.scan;
  }

  const completed = (organization: string, image: PushedImage, withMany: number): Promise<ScanAnswer> =>
    waitUntil(
      'the scan',
      async () => {
        const scan = await scanOf(organization, image);
        return scan.state === 'COMPLETED' && scan.summary.total === withMany && scan;
      },
      60_000,
    );

  test('scans an image that podman pulled, and reports vulnerabilities that become known later', async () => {
    const image = await push('old', '1.2.3-r0');
    await stage.podman.pull(`${stage.layover.host}/acme/team/old:v1`);
    const scan = await completed('acme', image, 1);
    expect(scan.summary).toEqual({ total: 1, fixable: 1, highest: 'UNKNOWN' });
    expect(scan.vulnerabilities.edges.map(({ node }) => node)).toEqual([
      {
        name: CVE,
        packageName: 'libthing',
        packageVersion: '1.2.3-r0',
        fixedInVersion: '1.2.3-r1',
        distribution: 'Alpine Linux v3.18',
        introducedIn: image.layers[0]!.digest,
      },
    ]);

    clair.secdb.publish({ libthing: { '1.2.3-r1': [CVE], '1.2.3-r2': [OTHER_CVE] } });
    // Clair updates its vulnerability data when it starts, and then every six hours.
    await clair.pause();
    await clair.start();
    const rescan = `mutation ($repository: String!, $digest: Digest!) {
      rescanManifest(organization: "acme", repository: $repository, digest: $digest) { state }
    }`;
    await waitUntil(
      'a report with both vulnerabilities',
      async () => {
        await stage.layover.graphql.run(rescan, { repository: image.repository, digest: image.digest });
        const again = await waitUntil('the rescan', async () => {
          const now = await scanOf('acme', image);
          return now.state === 'COMPLETED' && now;
        });
        return again.summary.total === 2;
      },
      60_000,
    );
    const { vulnerability } = await stage.layover.graphql.run<{
      readonly vulnerability: { readonly totalCount: number };
    }>(`{ vulnerability(name: "${OTHER_CVE}") { totalCount } }`);
    expect(vulnerability.totalCount).toBe(1);
  }, 180_000);

  test('scans the layers of a private organization', async () => {
    await stage.layover.graphql.run(
      `mutation ($upstream: String!) { applyOrganization(input: {
        name: "closed", visibility: PRIVATE, proxyCache: { upstream: $upstream, insecure: true }
      }) { name } }`,
      { upstream: stage.relay.host },
    );
    const robot = await waitUntil('the robot', async () => {
      const { createRobot } = await stage.layover.graphql.run<{
        readonly createRobot: { readonly username: string; readonly secret: string };
      }>(`mutation { createRobot(organization: "closed", name: "ci") { username secret } }`);
      return createRobot;
    });
    const image = await push('private', '1.0.0-r0');
    await waitUntil('the login', async () => {
      await stage.podman.login(stage.layover.host, robot.username, robot.secret);
      return true;
    });
    await stage.podman.pull(`${stage.layover.host}/closed/team/private:v1`);
    await stage.podman.logout();
    await completed('closed', image, 2);
  }, 120_000);

  test('blocks the first pull of a vulnerable image with the reason, and serves a fixed image', async () => {
    await stage.createOrganization('gated');
    await stage.layover.graphql.run(
      `mutation { updateOrganization(name: "gated", input: { scanPolicy: {
        blockFrom: UNKNOWN, unscanned: WAIT, waitSeconds: 60, allowedVulnerabilities: ["${OTHER_CVE}"]
      } }) { scanPolicy { blockFrom unscanned } } }`,
    );
    await push('first', '1.2.2-r5');
    // Images are served until data planes know the new policy.
    await waitUntil('the gate', async () => {
      const known = await push('gate-probe', '1.2.2-r4');
      const answer = await fetch(`${stage.layover.url}/v2/gated/${known.repository}/manifests/v1`);
      await answer.arrayBuffer();
      return answer.status === 403;
    });
    const refused = stage.podman.pull(`${stage.layover.host}/gated/team/first:v1`);
    await expect(refused).rejects.toThrow(new RegExp(`denied[\\s\\S]*${CVE}`, 'i'));
    await expect(refused).rejects.not.toThrow(new RegExp(OTHER_CVE));

    const events = await waitUntil('the audit event of the blocked pull', async () => {
      const { auditEvents } = await stage.layover.graphql.run<{
        readonly auditEvents: {
          readonly edges: readonly { readonly node: { readonly detail: string; readonly httpStatus: number } }[];
        };
      }>(
        `{ auditEvents(filter: { organization: "gated", repository: "team/first", kinds: [PULL], cacheStatuses: [REFUSED] }) {
          edges { node { httpStatus detail } }
        } }`,
      );
      return auditEvents.edges.length > 0 && auditEvents.edges;
    });
    expect(events[0]!.node.httpStatus).toBe(403);
    expect(events[0]!.node.detail).toContain(CVE);

    await push('mended', '1.2.3-r2');
    await stage.podman.pull(`${stage.layover.host}/gated/team/mended:v1`);
  }, 180_000);

  test('keeps serving pulls while Clair is down, shows that state, and scans when Clair is back', async () => {
    await clair.pause();
    const image = await push('meanwhile', '1.2.3-r0');
    await stage.podman.pull(`${stage.layover.host}/acme/team/meanwhile:v1`);
    await waitUntil('the pending scan', async () => (await scanOf('acme', image)).state === 'QUEUED');
    await clair.start();
    const scan = await completed('acme', image, 2);
    expect(scan.attempts).toBeLessThanOrEqual(1);
  }, 180_000);
});
