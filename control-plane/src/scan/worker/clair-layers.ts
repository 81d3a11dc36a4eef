import type { ManifestReferenceRow } from '../../../../schema/tables';
import type { ClairLayer } from '../clair/clair-client';
import type { LayerSource } from './layer-source';
import { layerToken } from './layer-token';
import type { ScanParts } from './scan-parts';

/**
 * Returns the layers of an image for Clair, lowest first, or undefined if there is no signing key.
 * They are made just before they are sent, because their tokens expire.
 */
export async function clairLayers(
  { database, stores, config, clock }: Pick<ScanParts, 'database' | 'stores' | 'config' | 'clock'>,
  source: LayerSource,
  references: readonly ManifestReferenceRow[],
): Promise<readonly ClairLayer[] | undefined> {
  const [key] = await stores.tokenKeys.read(database.reader);
  if (key === undefined) return undefined;
  const now = clock.now();
  const layers = references.filter(({ role }) => role === 'LAYER').sort((a, b) => a.position - b.position);
  return Promise.all(
    layers.map(async ({ digest }) => ({
      hash: digest,
      uri: `${config.edgeUrl}/v2/${source.organization}/${source.repository}/blobs/${digest}`,
      headers: { Authorization: [`Bearer ${await layerToken(key, source, digest, config.layerTokenSeconds, now)}`] },
    })),
  );
}
