import { digestOf } from '../../../../common/oci/digest';
import { MediaType } from '../../../../common/oci/media-types';
import type { Pushed } from '../client-kind';
import { send } from '../http-client';
import type { RegistryTarget } from '../registry-target';

/** Reads from a registry what a program pushed with a tag. */
export async function fetchPushed(target: RegistryTarget, repository: string, tag: string): Promise<Pushed> {
  const url = `${target.url}/v2/${repository}/manifests/${tag}`;
  const { status, body } = await send({ url, headers: { Accept: MediaType.ociManifest } });
  if (status !== 200) throw new Error(`${url} answered ${status}: ${body.toString()}`);
  const { config, layers } = JSON.parse(body.toString()) as {
    readonly config: { readonly digest: string };
    readonly layers: readonly { readonly digest: string }[];
  };
  return { digest: digestOf(body), blobs: [config, ...layers].map(({ digest }) => digest) };
}
