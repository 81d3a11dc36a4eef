import { containersHome } from '../containers-home';
import type { Pushed, PushedContent } from '../client-kind';
import { pushImage, smallLayer } from '../push-image';
import type { RegistryTarget } from '../registry-target';
import { mustRun } from '../run-program';
import { fetchPushed } from './fetch-pushed';

/** Pushes an image whose layers are compressed with zstd. skopeo compresses them. */
export async function pushZstdImage(target: RegistryTarget, content: PushedContent): Promise<Pushed> {
  const { repository, tag, seed } = content;
  const home = await containersHome([]);
  try {
    // From another repository: skopeo takes a layer as it is where it finds the layer at its goal.
    await pushImage(target, { repository: `${repository}-gzip`, tag, layers: [smallLayer(seed)] });
    const name = `docker://${new URL(target.url).host}/${repository}`;
    const plain = ['--src-tls-verify=false', '--dest-tls-verify=false'];
    const zstd = ['--dest-compress', '--dest-compress-format', 'zstd', '--format', 'oci'];
    const copy = ['copy', '--quiet', ...plain, ...zstd, `${name}-gzip:${tag}`, `${name}:${tag}`];
    // skopeo keeps its cache of blob locations in this home and not in the system's.
    const env = { ...home.env, _CONTAINERS_ROOTLESS_UID: '1000' };
    await mustRun('skopeo', ['--policy', home.policy, ...copy], { env });
  } finally {
    await home.remove();
  }
  const pushed = await fetchPushed(target, repository, tag);
  if (!pushed.mediaTypes.every((type) => type.endsWith('+zstd')))
    throw new Error(`skopeo pushed ${pushed.mediaTypes.join(', ')}`);
  return pushed;
}
