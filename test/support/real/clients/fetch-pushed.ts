import { digestOf } from '../../../../common/oci/digest';
import { MediaType } from '../../../../common/oci/media-types';
import type { Pushed } from '../client-kind';
import { send } from '../http-client';
import type { RegistryTarget } from '../registry-target';

/** What a program pushed, with the media types of the layers. */
export interface FetchedManifest extends Pushed {
  readonly mediaTypes: readonly string[];
}

/** Reads from a registry what a program pushed, by its tag or digest. */
export async function fetchPushed(
  target: RegistryTarget,
  repository: string,
  reference: string,
): Promise<FetchedManifest> {
  const url = `${target.url}/v2/${repository}/manifests/${reference}`;
  const { status, body } = await send({ url, headers: { Accept: MediaType.ociManifest } });
  if (status !== 200) throw new Error(`${url} answered ${status}: ${body.toString()}`);
  const { config, layers } = JSON.parse(body.toString()) as {
    readonly config: { readonly digest: string };
    readonly layers: readonly { readonly digest: string; readonly mediaType: string }[];
  };
  return {
    digest: digestOf(body),
    blobs: [config, ...layers].map(({ digest }) => digest),
    mediaTypes: layers.map(({ mediaType }) => mediaType),
  };
}

/**
 * Returns the digests of the manifests that refer to a digest, from the tag by which registries
 * without a referrers API list them (OCI distribution specification, Referrers Tag Schema).
 */
export async function fetchReferrers(
  target: RegistryTarget,
  repository: string,
  digest: string,
): Promise<readonly string[]> {
  const url = `${target.url}/v2/${repository}/manifests/${digest.replace(':', '-')}`;
  const { status, body } = await send({ url, headers: { Accept: MediaType.ociIndex } });
  if (status !== 200) throw new Error(`${url} answered ${status}: ${body.toString()}`);
  const { manifests } = JSON.parse(body.toString()) as { readonly manifests: readonly { readonly digest: string }[] };
  return manifests.map((entry) => entry.digest);
}
