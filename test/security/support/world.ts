import { MANIFEST_ACCEPT } from '../../../common/oci/media-types';
import { digestOf, type Digest } from '../../../common/oci/digest';
import {
  type BuiltImage,
  type FakeRegistry,
  type FakeRegistryOptions,
  startFakeRegistry,
} from '../../support/fake-registry';
import { basicAuthorization, openRequest } from '../../support/real/http-client';
import { type InProcessLayover, startLayoverInProcess } from '../../support/real/layover-in-process';
import { waitUntil } from '../../support/real/wait-until';
import { type Observed, observe } from './observed';

/** A repository that the attacker's registry offers. */
export const LURE = 'lure/app';

const releases: (() => Promise<unknown> | unknown)[] = [];

/** Registers what ends something that a test started. */
export function whenReleased(release: () => Promise<unknown> | unknown): void {
  releases.push(release);
}

/** Ends everything that a test started, the last first. */
export async function releaseAll(): Promise<void> {
  for (const release of releases.splice(0).reverse()) await release();
}

/** An organization of the test: its upstream account, its patterns, and whether it is private. */
export interface Member {
  readonly name: string;
  readonly upstream: FakeRegistry;
  readonly account?: { readonly username: string; readonly password: string };
  readonly isPrivate?: boolean;
  readonly allowRepositories?: readonly string[];
  readonly denyRepositories?: readonly string[];
  readonly completeImages?: boolean;
}

/** A whole Layover, and clients of its organizations. */
export interface World {
  readonly layover: InProcessLayover;
  join(member: Member): Promise<void>;
  /** Sends a request of a client that may pull from the organization. */
  ask(organization: string, path: string, more?: Ask): Promise<Observed>;
  /** Sends such a request and returns at the headers. */
  open(organization: string, path: string): ReturnType<typeof openRequest>;
  /**
   * Pulls an image as a client does: the manifest by tag, and its blobs. Throws if a blob is wrong.
   */
  pull(organization: string, repository: string, tag: string, image: BuiltImage): Promise<void>;
  /** Resolves when a GET of the blob is a hit. */
  isHeld(organization: string, repository: string, digest: Digest): Promise<void>;
}

/** How a client requests something. */
export interface Ask {
  readonly method?: 'GET' | 'HEAD';
  readonly range?: string;
  readonly ifNoneMatch?: string;
}

/** Starts a registry that ends with the test. */
export async function startRegistry(options: FakeRegistryOptions = {}): Promise<FakeRegistry> {
  const registry = await startFakeRegistry(options);
  releases.push(() => registry.close());
  return registry;
}

/** Starts a whole Layover that ends with the test. */
export async function startWorld(env: Readonly<Record<string, string>> = {}): Promise<World> {
  const layover = await startLayoverInProcess({
    env: { LAYOVER_COMPLETION_DELAY_SECONDS: '0', LAYOVER_DRAIN_SECONDS: '1', ...env },
  });
  releases.push(() => layover.stop());
  const robots = new Map<string, Record<string, string>>();
  const request = (organization: string, path: string, { method = 'GET', range, ifNoneMatch }: Ask = {}) => ({
    method,
    url: `${layover.url}/v2/${organization}/${path}`,
    headers: {
      accept: MANIFEST_ACCEPT.join(', '),
      ...robots.get(organization),
      ...(range === undefined ? {} : { range }),
      ...(ifNoneMatch === undefined ? {} : { 'if-none-match': ifNoneMatch }),
    },
  });
  const ask: World['ask'] = (organization, path, more) => observe(request(organization, path, more));
  return {
    layover,
    ask,
    open: (organization, path) => openRequest(request(organization, path)),
    async join({
      name,
      upstream,
      account,
      isPrivate = false,
      allowRepositories = [],
      denyRepositories = [],
      completeImages = false,
    }) {
      const proxyCache = {
        upstream: upstream.host,
        insecure: true,
        upstreamUsername: account?.username,
        upstreamPassword: account?.password,
        allowRepositories,
        denyRepositories,
        completeImages,
      };
      const input = { name, visibility: isPrivate ? 'PRIVATE' : 'PUBLIC', proxyCache };
      await layover.graphql.run('mutation ($input: OrganizationInput!) { applyOrganization(input: $input) { name } }', {
        input,
      });
      if (isPrivate) {
        const { createRobot } = await layover.graphql.run<{ createRobot: { username: string; secret: string } }>(
          'mutation ($name: String!) { createRobot(organization: $name, name: "ci") { username secret } }',
          { name },
        );
        const { username, secret: password } = createRobot;
        robots.set(name, { authorization: basicAuthorization({ username, password }) });
      }
      await waitUntil(`the organization ${name}`, async () => {
        const { status } = await ask(name, `${LURE}/tags/list`);
        return status === 200 || status === 403 || status === 404 ? (await isKnown(ask, name)) || undefined : undefined;
      });
    },
    async pull(organization, repository, tag, image) {
      const manifest = await ask(organization, `${repository}/manifests/${tag}`);
      expect([manifest.status, digestOf(manifest.body)]).toEqual([200, image.digest]);
      for (const { digest } of [image.config, ...image.layers]) {
        const blob = await ask(organization, `${repository}/blobs/${digest}`);
        expect([blob.status, digestOf(blob.body)]).toEqual([200, digest]);
      }
    },
    isHeld: async (organization, repository, digest) => {
      await waitUntil('the blob to be held', async () => {
        const { status, headers } = await ask(organization, `${repository}/blobs/${digest}`);
        return status === 307 || headers['x-layover-cache'] === 'HIT';
      });
    },
  };
}

/** Whether the data plane knows the organization. */
async function isKnown(ask: World['ask'], name: string): Promise<boolean> {
  const { body } = await ask(name, `${LURE}/manifests/none`);
  return !body.toString().includes('does not exist; the first component');
}
