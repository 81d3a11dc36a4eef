import { join } from 'node:path';
import type { Pushed, PullClient, PullClientSetup, PushedContent } from '../client-kind';
import { pushImage, smallLayer } from '../push-image';
import type { RegistryTarget } from '../registry-target';
import { type ClientHome, clientHome } from './client-home';
import { fetchPushed } from './fetch-pushed';

/**
 * Starts cosign. It pushes an image with a signature, and what it pulls is the signature: it finds
 * the digest of the image, and then the tag `sha256-<hex>.sig`.
 */
export async function startCosign({ layover }: PullClientSetup): Promise<PullClient> {
  const home = await clientHome('cosign', { COSIGN_PASSWORD: '' });
  await home.run('generate-key-pair');
  return {
    push: (target, content) => pushSigned(home, target, content),
    // cosign resolves the tag twice. It looks for referrers, which distribution lists with a tag.
    warmRequests: (repository, { digest }) => [
      `HEAD /v2/${repository}/manifests/1.0.0 200`,
      `HEAD /v2/${repository}/manifests/1.0.0 200`,
      `HEAD /v2/${repository}/manifests/${signatureTag(digest)} 200`,
      `GET /v2/${repository}/manifests/${digest.replace(':', '-')} 404`,
    ],
    async pull(reference, { credentials } = {}) {
      if (credentials !== undefined)
        await home.run('login', layover, '--username', credentials.username, '--password', credentials.secret);
      const key = ['--key', join(home.path, 'cosign.pub'), '--insecure-ignore-tlog'];
      const { stdout } = await home.run('verify', ...key, '--allow-http-registry', reference);
      return stdout.toString().match(/sha256:[0-9a-f]{64}/g) ?? [];
    },
    forget: () => Promise.resolve(),
    stop: () => home.remove(),
  };
}

/** Pushes an image and its signature. The blobs are those of the signature. */
async function pushSigned(
  home: ClientHome,
  target: RegistryTarget,
  { repository, tag, seed }: PushedContent,
): Promise<Pushed> {
  const image = await pushImage(target, { repository, tag, layers: [smallLayer(seed)] });
  const key = ['--key', join(home.path, 'cosign.key'), '--tlog-upload=false', '--yes'];
  await home.run('sign', ...key, '--allow-http-registry', `${new URL(target.url).host}/${repository}@${image.digest}`);
  const { blobs } = await fetchPushed(target, repository, signatureTag(image.digest));
  return { digest: image.digest, blobs };
}

function signatureTag(digest: string): string {
  return `${digest.replace(':', '-')}.sig`;
}
