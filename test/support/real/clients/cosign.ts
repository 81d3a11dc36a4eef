import { join } from 'node:path';
import type { Pushed, PullClient, PullClientSetup, PushedContent } from '../client-kind';
import { pushImage, smallLayer } from '../push-image';
import type { RegistryTarget } from '../registry-target';
import { type ClientHome, clientHome } from './client-home';
import { fetchPushed, fetchReferrers } from './fetch-pushed';

/** Where signatures are, and the options of cosign for it. */
interface SignatureForm {
  readonly sign: readonly string[];
  readonly verify: readonly string[];
  /** Resolves to the blobs of the signature. */
  blobs(target: RegistryTarget, repository: string, digest: string): Promise<readonly string[]>;
  /** The requests of a verification of cached content at the upstream, without those of the tag. */
  warmRequests(repository: string, digest: string): readonly string[];
}

/** In the tag `sha256-<hex>.sig`. cosign looks for referrers before. */
const BY_TAG: SignatureForm = {
  sign: [],
  verify: [],
  blobs: async (target, repository, digest) => (await fetchPushed(target, repository, `${tagOf(digest)}.sig`)).blobs,
  warmRequests: (repository, digest) => [
    `HEAD /v2/${repository}/manifests/${tagOf(digest)}.sig 200`,
    `GET /v2/${repository}/manifests/${tagOf(digest)} 404`,
  ],
};

/** As a referrer, which distribution lists in the tag `sha256-<hex>`. */
const BY_REFERRER: SignatureForm = {
  sign: ['--registry-referrers-mode=oci-1-1'],
  verify: ['--experimental-oci11'],
  async blobs(target, repository, digest) {
    const [signature] = await fetchReferrers(target, repository, digest);
    return (await fetchPushed(target, repository, signature!)).blobs;
  },
  // cosign lists the referrers twice.
  warmRequests: (repository, digest) => [
    `GET /v2/${repository}/manifests/${tagOf(digest)} 200`,
    `GET /v2/${repository}/manifests/${tagOf(digest)} 200`,
  ],
};

/**
 * Starts cosign. It pushes an image with a signature in a tag, and what it pulls is the signature.
 */
export function startCosign(setup: PullClientSetup): Promise<PullClient> {
  return start(setup, BY_TAG);
}

/** Starts cosign like {@link startCosign}, with signatures that are referrers. */
export function startCosignReferrers(setup: PullClientSetup): Promise<PullClient> {
  return start(setup, BY_REFERRER);
}

async function start({ layover }: PullClientSetup, form: SignatureForm): Promise<PullClient> {
  const home = await clientHome('cosign', { COSIGN_PASSWORD: '', COSIGN_EXPERIMENTAL: '1' });
  await home.run('generate-key-pair');
  return {
    push: (target, content) => pushSigned(home, form, target, content),
    // cosign resolves the tag twice.
    warmRequests: (repository, { digest }) => [
      `HEAD /v2/${repository}/manifests/1.0.0 200`,
      `HEAD /v2/${repository}/manifests/1.0.0 200`,
      ...form.warmRequests(repository, digest),
    ],
    async pull(reference, { credentials } = {}) {
      if (credentials !== undefined)
        await home.run('login', layover, '--username', credentials.username, '--password', credentials.secret);
      const key = ['--key', join(home.path, 'cosign.pub'), '--insecure-ignore-tlog', '--allow-http-registry'];
      const { stdout } = await home.run('verify', ...key, ...form.verify, reference);
      return stdout.toString().match(/sha256:[0-9a-f]{64}/g) ?? [];
    },
    forget: () => Promise.resolve(),
    stop: () => home.remove(),
  };
}

/** Pushes an image and its signature. The blobs are those of the signature. */
async function pushSigned(
  home: ClientHome,
  form: SignatureForm,
  target: RegistryTarget,
  { repository, tag, seed }: PushedContent,
): Promise<Pushed> {
  const { digest } = await pushImage(target, { repository, tag, layers: [smallLayer(seed)] });
  const key = ['--key', join(home.path, 'cosign.key'), '--tlog-upload=false', '--yes', '--allow-http-registry'];
  await home.run('sign', ...key, ...form.sign, `${new URL(target.url).host}/${repository}@${digest}`);
  return { digest, blobs: await form.blobs(target, repository, digest) };
}

function tagOf(digest: string): string {
  return digest.replace(':', '-');
}
