import type { LayerSpecification } from '../../../test/support/real/tar-layer';
import { seededRandom } from '../../../test/support/seeded-random';
import { shuffled, zipf } from './draw';
import { layerBytesAt, REGISTRY_MIX } from './registry-mix';

/** The content and the number of requests of a replay. */
export interface ReplaySize {
  readonly images: number;
  readonly layersPerImage: number;
  readonly requests: number;
  /** Larger layers are cut to this size, for quick runs. */
  readonly largestLayer: number;
}

/** An image of a replay. */
export interface PlannedImage {
  readonly repository: string;
  readonly layers: readonly LayerSpecification[];
}

/** A request of a replay, before the images exist. Images and layers are numbered from 0. */
export type PlannedRequest =
  | { readonly kind: 'ping' }
  | { readonly kind: 'manifest'; readonly method: 'GET' | 'HEAD'; readonly image: number }
  | { readonly kind: 'layer'; readonly image: number; readonly layer: number };

/** Images, and requests for them. */
export interface PlannedReplay {
  readonly images: readonly PlannedImage[];
  readonly requests: readonly PlannedRequest[];
}

const SEED = 2018;
/** A tar has blocks of this size, and at least four of them. */
const BLOCK = 512;

/**
 * Plans a replay of the published mix: sizes, popularity, and the shares of HEAD requests, blobs,
 * manifests and pings. The same size gives the same plan. HEAD requests are for manifests by tag,
 * which is what clients of today use them for; the traces do not say.
 */
export function planReplay({ images, layersPerImage, requests, largestLayer }: ReplaySize): PlannedReplay {
  const random = seededRandom(SEED);
  const count = images * layersPerImage;
  // The middle of each part of the distribution, in random order: the sizes are those published,
  // without the luck of a draw.
  const sizes = shuffled(
    Array.from({ length: count }, (_, nth) => layerBytesAt((nth + 0.5) / count)),
    random,
  );
  const toTar = (bytes: number): number => Math.max(4, Math.round(Math.min(bytes, largestLayer) / BLOCK)) * BLOCK;
  const planned = Array.from({ length: images }, (_, image) => ({
    repository: `bench/replay-${image}`,
    layers: Array.from({ length: layersPerImage }, (_, layer) => ({
      seed: `replay-${image}-${layer}`,
      tarBytes: toTar(sizes[image * layersPerImage + layer]!),
      compressed: false,
    })),
  }));
  const { gets, headShare, zipf: exponents } = REGISTRY_MIX;
  // The popularity of a layer has nothing to do with its size or its image.
  const layersByRank = shuffled(
    Array.from({ length: count }, (_, nth) => nth),
    random,
  );
  const drawLayer = zipf(count, exponents.blob, random);
  const drawImage = zipf(images, exponents.manifest, random);
  const allGets = gets.blob + gets.manifest + gets.ping;
  const draw = (): PlannedRequest => {
    if (random() < headShare) return { kind: 'manifest', method: 'HEAD', image: drawImage() };
    const what = random() * allGets;
    if (what < gets.ping) return { kind: 'ping' };
    if (what < gets.ping + gets.manifest) return { kind: 'manifest', method: 'GET', image: drawImage() };
    const nth = layersByRank[drawLayer()]!;
    return { kind: 'layer', image: Math.floor(nth / layersPerImage), layer: nth % layersPerImage };
  };
  return { images: planned, requests: Array.from({ length: requests }, draw) };
}
