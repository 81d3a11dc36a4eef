import { mkdir, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Pushed, PushedContent, PullClient, PullClientSetup } from '../client-kind';
import type { RegistryTarget } from '../registry-target';
import { type ClientHome, clientHome } from './client-home';
import { fetchPushed } from './fetch-pushed';

/** Starts helm. It pulls charts, which have the name of their repository and the tag as version. */
export async function startHelm({ layover }: PullClientSetup): Promise<PullClient> {
  const home = await clientHome('helm');
  return {
    push: (target, content) => pushChart(home, target, content),
    async pull(reference, { credentials } = {}) {
      if (credentials !== undefined) {
        const { username, secret } = credentials;
        await home.run('registry', 'login', '--plain-http', '--username', username, '--password', secret, layover);
      }
      const folder = home.newFolder();
      await mkdir(folder);
      try {
        const { stdout, stderr } = await home.run('pull', '--plain-http', '-d', folder, `oci://${reference}`);
        return `${stdout.toString()}${stderr}`.match(/sha256:[0-9a-f]{64}/g) ?? [];
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
    forget: () => rm(join(home.path, '.cache'), { recursive: true, force: true }),
    stop: () => home.remove(),
  };
}

async function pushChart(
  home: ClientHome,
  target: RegistryTarget,
  { repository, tag, seed }: PushedContent,
): Promise<Pushed> {
  const folder = home.newFolder();
  const name = basename(repository);
  await mkdir(folder);
  try {
    await writeFile(
      join(folder, 'Chart.yaml'),
      `apiVersion: v2\nname: ${name}\nversion: ${tag}\ndescription: ${seed}\n`,
    );
    await home.run('package', folder, '-d', folder);
    const registry = `oci://${new URL(target.url).host}/${dirname(repository)}`;
    await home.run('push', '--plain-http', join(folder, `${name}-${tag}.tgz`), registry);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return fetchPushed(target, repository, tag);
}
