import { MANIFEST_ACCEPT } from '../../../../common/oci/media-types';
import { type BuiltImage } from '../../../support/fake-registry';
import { type Exhibit, type RegistryProfile, startExhibit } from '../../../support/museum';
import { type HttpAnswer, send } from '../../../support/real/http-client';
import { type InProcessLayover, startLayoverInProcess } from '../../../support/real/layover-in-process';
import { waitUntil } from '../../../support/real/wait-until';
import { TestClock } from '../../../support/test-clock';

/** A repository that no organization may pull, so that a request for it asks no upstream. */
const DENIED = 'museum-probe';
const CREATE = 'mutation ($input: OrganizationInput!) { createOrganization(input: $input) { name } }';

/** A Layover for the museum, and its clock. */
export interface MuseumStage {
  readonly clock: TestClock;
  /** Starts a registry of the museum that {@link MuseumVisit.end} stops. */
  visit(profile: RegistryProfile, operation: string): Promise<MuseumVisit>;
  stop(): Promise<void>;
}

/** One operation with one registry: an exhibit and the organizations in front of it. */
export interface MuseumVisit {
  readonly profile: RegistryProfile;
  readonly exhibit: Exhibit;
  readonly clock: TestClock;
  /** Creates an organization and returns a client of it. */
  organization(choice?: OrganizationChoice): Promise<MuseumClient>;
  end(): Promise<void>;
}

/** What differs from an organization that uses an account only if there is no anonymous access. */
export interface OrganizationChoice {
  /** Whether the organization uses the account of the registry. */
  readonly account?: boolean;
  readonly quotaBytes?: number;
}

/** A client of one organization. */
export interface MuseumClient {
  /** Requests a path below the organization. */
  get(path: string, method?: 'GET' | 'HEAD'): Promise<HttpAnswer>;
  /** Requests a path of Layover, for example of a link. */
  follow(path: string): Promise<HttpAnswer>;
  /** Pulls an image by tag or digest and returns the answer to the request for its manifest. */
  pull(repository: string, reference: string, image: BuiltImage): Promise<HttpAnswer>;
}

/** Starts Layover with a clock that runs, and that operations advance. */
export async function startMuseumStage(): Promise<MuseumStage> {
  const clock = TestClock.running();
  const layover = await startLayoverInProcess({ dataClock: clock, env: { LAYOVER_DRAIN_SECONDS: '1' } });
  let organizations = 0;
  return {
    clock,
    async visit(profile, operation) {
      const exhibit = await startExhibit(profile, () => clock.now());
      exhibit.publish(profile.repository);
      return {
        profile,
        exhibit,
        clock,
        async organization(choice = {}) {
          organizations += 1;
          const name = `${operation}-${organizations}`;
          await createOrganization(layover, name, exhibit, choice);
          return clientOf(layover, name);
        },
        end: () => exhibit.close(),
      };
    },
    stop: () => layover.stop(),
  };
}

async function createOrganization(
  layover: InProcessLayover,
  name: string,
  exhibit: Exhibit,
  { account, quotaBytes }: OrganizationChoice,
): Promise<void> {
  const { authentication } = exhibit.profile;
  const used = (account ?? authentication.anonymous === false) ? authentication.account : undefined;
  const proxyCache = {
    upstream: exhibit.host,
    insecure: true,
    denyRepositories: [DENIED],
    // A client of the museum requests everything itself, so that the requests to the upstream are
    // the same in each run.
    completeImages: false,
    trustedRealms: exhibit.trustedRealms,
    ...(used === undefined ? {} : { upstreamUsername: used.username, upstreamPassword: used.password }),
  };
  const quota =
    quotaBytes === undefined ? {} : { quota: { limitBytes: String(quotaBytes), onOversize: 'PASS_THROUGH' } };
  await layover.graphql.run(CREATE, { input: { name, proxyCache, ...quota } });
  const url = `${layover.url}/v2/${name}/${DENIED}/manifests/v1`;
  // An organization that the data plane does not know yet is answered with 401.
  await waitUntil(`the organization ${name}`, async () => (await send({ url })).status === 403);
}

function clientOf(layover: InProcessLayover, organization: string): MuseumClient {
  const headers = { accept: MANIFEST_ACCEPT.join(', ') };
  const get: MuseumClient['get'] = (path, method = 'GET') =>
    send({ method, url: `${layover.url}/v2/${organization}/${path}`, headers });
  return {
    get,
    follow: (path) => send({ url: new URL(path, layover.url).href, headers }),
    async pull(repository, reference, image) {
      const answer = await get(`${repository}/manifests/${reference}`);
      expect([answer.status, answer.body.equals(image.manifest)]).toEqual([200, true]);
      for (const blob of [image.config, ...image.layers]) {
        const { status, body } = await get(`${repository}/blobs/${blob.digest}`);
        expect([status, body.equals(blob.bytes)]).toEqual([200, true]);
      }
      return answer;
    },
  };
}
