import { gzipSync } from 'node:zlib';
import { type Digest, digestOf } from '../../../common/oci/digest';
import { MediaType } from '../../../common/oci/media-types';
import { patternBytes } from './pattern';
import { type TarFile, tarOf } from './tar';

/** Which family of media types an image speaks. */
export type Flavour = 'oci' | 'docker';

/** Bytes with their descriptor. */
export interface BuiltBlob {
  readonly bytes: Buffer;
  readonly digest: Digest;
  readonly mediaType: string;
  /** Digest of the uncompressed layer, for the config's rootfs. */
  readonly diffId: Digest;
}

/** A single-platform image, nothing of it in any registry yet. */
export interface BuiltImage {
  readonly manifest: Buffer;
  readonly digest: Digest;
  readonly mediaType: string;
  readonly config: BuiltBlob;
  readonly layers: readonly BuiltBlob[];
  readonly platform: Platform;
}

/** An index or manifest list with its children. */
export interface BuiltIndex {
  readonly manifest: Buffer;
  readonly digest: Digest;
  readonly mediaType: string;
  readonly images: readonly BuiltImage[];
}

/** Platform of an image, as indexes name it. */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
}

/** A layer made of real files, that podman and docker can unpack. */
export interface TarLayer {
  readonly files: readonly TarFile[];
}

/** What {@link buildImage} takes. Two images differ when their seeds do. */
export interface ImageSpec {
  /** Bytes as they are, a number of made-up bytes, or files (real gzipped tar). Default: one layer of 1000 bytes. */
  readonly layers?: readonly (Buffer | number | TarLayer)[];
  readonly mediaTypes?: Flavour;
  readonly seed?: string;
  readonly platform?: Platform;
  /** Makes it a referrer of this manifest (OCI image specification 1.1, "subject"). */
  readonly subject?: { readonly digest: Digest; readonly mediaType: string; readonly size: number };
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

const LAYER_TYPE: Readonly<Record<Flavour, string>> = {
  oci: 'application/vnd.oci.image.layer.v1.tar+gzip',
  docker: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
};
const CONFIG_TYPE: Readonly<Record<Flavour, string>> = {
  oci: 'application/vnd.oci.image.config.v1+json',
  docker: 'application/vnd.docker.container.image.v1+json',
};

/** Builds an image: the same spec gives the same bytes, and so the same digests. */
export function buildImage(spec: ImageSpec = {}): BuiltImage {
  const flavour = spec.mediaTypes ?? 'oci';
  const seed = spec.seed ?? 'layover';
  const platform = spec.platform ?? { os: 'linux', architecture: 'amd64' };
  const layers = (spec.layers ?? [1000]).map((layer, index) => buildLayer(layer, `${seed}/${index}`, flavour));
  const configBytes = json({
    ...platform,
    created: '2026-01-01T00:00:00Z',
    config: { Labels: { seed } },
    rootfs: { type: 'layers', diff_ids: layers.map((layer) => layer.diffId) },
    history: layers.map(() => ({ created: '2026-01-01T00:00:00Z', created_by: 'test' })),
  });
  const config = blobOf(configBytes, CONFIG_TYPE[flavour]);
  const mediaType = flavour === 'oci' ? MediaType.ociManifest : MediaType.dockerManifest;
  const manifest = json({
    schemaVersion: 2,
    mediaType,
    ...(spec.artifactType === undefined ? {} : { artifactType: spec.artifactType }),
    config: descriptorOf(config),
    layers: layers.map(descriptorOf),
    ...(spec.subject === undefined ? {} : { subject: spec.subject }),
    ...(spec.annotations === undefined ? {} : { annotations: spec.annotations }),
  });
  return { manifest, digest: digestOf(manifest), mediaType, config, layers, platform };
}

/** Builds an index (or Docker manifest list) of images. */
export function buildIndex(spec: {
  readonly images: readonly BuiltImage[];
  readonly mediaTypes?: Flavour;
  readonly annotations?: Readonly<Record<string, string>>;
}): BuiltIndex {
  const mediaType = (spec.mediaTypes ?? 'oci') === 'oci' ? MediaType.ociIndex : MediaType.dockerManifestList;
  const manifest = json({
    schemaVersion: 2,
    mediaType,
    manifests: spec.images.map((image) => ({
      mediaType: image.mediaType,
      digest: image.digest,
      size: image.manifest.length,
      platform: image.platform,
    })),
    ...(spec.annotations === undefined ? {} : { annotations: spec.annotations }),
  });
  return { manifest, digest: digestOf(manifest), mediaType, images: spec.images };
}

/** A valid OCI manifest of exactly `size` bytes (5 MiB ones are refused by Layover). */
export function buildManifestOfSize(size: number): Buffer {
  const image = buildImage({ annotations: { padding: '' } });
  const missing = size - image.manifest.length;
  if (missing < 0) throw new RangeError(`a manifest takes at least ${image.manifest.length} bytes`);
  return buildImage({ annotations: { padding: 'x'.repeat(missing) } }).manifest;
}

function buildLayer(layer: Buffer | number | TarLayer, seed: string, flavour: Flavour): BuiltBlob {
  if (typeof layer === 'number') return blobOf(patternBytes(seed, 0, layer), LAYER_TYPE[flavour]);
  if (Buffer.isBuffer(layer)) return blobOf(layer, LAYER_TYPE[flavour]);
  const tar = tarOf(layer.files);
  const bytes = gzipSync(tar, { level: 1 });
  return { bytes, digest: digestOf(bytes), mediaType: LAYER_TYPE[flavour], diffId: digestOf(tar) };
}

function blobOf(bytes: Buffer, mediaType: string): BuiltBlob {
  const digest = digestOf(bytes);
  return { bytes, digest, mediaType, diffId: digest };
}

function descriptorOf(blob: BuiltBlob): { mediaType: string; digest: Digest; size: number } {
  return { mediaType: blob.mediaType, digest: blob.digest, size: blob.bytes.length };
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}
