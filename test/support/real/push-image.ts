import { createHash } from 'node:crypto';
import { MediaType } from '../../../common/oci/media-types';
import { pushBlob, type PushedBlob, pushManifest, type RegistryTarget } from './registry-target';
import { type LayerSpecification, layerStream } from './tar-layer';

/** An image as stored in the registry. */
export interface PushedImage {
  readonly repository: string;
  readonly mediaType: string;
  /** The bytes of the manifest, which the registry must return unchanged. */
  readonly manifest: Buffer;
  readonly digest: string;
  readonly config: PushedBlob;
  readonly layers: readonly PushedBlob[];
}

/** An index or Docker manifest list as stored in the registry. */
export interface PushedIndex {
  readonly repository: string;
  readonly mediaType: string;
  readonly manifest: Buffer;
  readonly digest: string;
  readonly children: readonly PushedImage[];
}

/** The parts of an image. */
export interface ImageSpecification {
  readonly repository: string;
  /** Without a tag the image is only available by digest, like the children of an index. */
  readonly tag?: string;
  readonly layers: readonly LayerSpecification[];
  /** Default: `amd64`. */
  readonly architecture?: string;
  /** Media types. Default: `oci`. */
  readonly format?: 'oci' | 'docker';
}

const TYPES = {
  oci: {
    manifest: MediaType.ociManifest,
    index: MediaType.ociIndex,
    config: 'application/vnd.oci.image.config.v1+json',
    gzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
    tar: 'application/vnd.oci.image.layer.v1.tar',
  },
  docker: {
    manifest: MediaType.dockerManifest,
    index: MediaType.dockerManifestList,
    config: 'application/vnd.docker.container.image.v1+json',
    gzip: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
    tar: 'application/vnd.docker.image.rootfs.diff.tar',
  },
} as const;

/** Returns a small compressed layer, which is enough for most tests. */
export function smallLayer(seed: string): LayerSpecification {
  return { seed, tarBytes: 8192, compressed: true };
}

/** Builds and pushes an image. The same specification gives the same digests. */
export async function pushImage(target: RegistryTarget, image: ImageSpecification): Promise<PushedImage> {
  const types = TYPES[image.format ?? 'oci'];
  const layers: PushedBlob[] = [];
  const diffIds: string[] = [];
  for (const layer of image.layers) {
    const hash = createHash('sha256');
    layers.push(
      await pushBlob(
        target,
        image.repository,
        layerStream(layer, (chunk) => hash.update(chunk)),
      ),
    );
    diffIds.push(`sha256:${hash.digest('hex')}`);
  }
  const configuration = {
    architecture: image.architecture ?? 'amd64',
    os: 'linux',
    config: { Cmd: ['/data'] },
    rootfs: { type: 'layers', diff_ids: diffIds },
    history: diffIds.map(() => ({ created: '2020-01-01T00:00:00Z', created_by: 'test' })),
  };
  const config = await pushBlob(target, image.repository, Buffer.from(JSON.stringify(configuration)));
  const manifest = encode({
    schemaVersion: 2,
    mediaType: types.manifest,
    config: { mediaType: types.config, ...config },
    layers: layers.map((blob, at) => ({ mediaType: image.layers[at]!.compressed ? types.gzip : types.tar, ...blob })),
  });
  const digest = await pushManifest(target, image.repository, image.tag, types.manifest, manifest);
  return { repository: image.repository, mediaType: types.manifest, manifest, digest, config, layers };
}

/** Pushes one image per architecture and an index of these images with the tag. */
export async function pushIndex(
  target: RegistryTarget,
  index: {
    readonly repository: string;
    readonly tag: string;
    readonly architectures: readonly string[];
    readonly format?: 'oci' | 'docker';
    /** Seed of the layers. The architecture is appended. */
    readonly seed: string;
  },
): Promise<PushedIndex> {
  const { repository, format = 'oci' } = index;
  const children: PushedImage[] = [];
  for (const architecture of index.architectures) {
    const layers = [smallLayer(`${index.seed}-${architecture}`)];
    children.push(await pushImage(target, { repository, layers, architecture, format }));
  }
  const mediaType = TYPES[format].index;
  const manifest = encode({
    schemaVersion: 2,
    mediaType,
    manifests: children.map((child, at) => ({
      mediaType: child.mediaType,
      digest: child.digest,
      size: child.manifest.length,
      platform: { architecture: index.architectures[at]!, os: 'linux' },
    })),
  });
  const digest = await pushManifest(target, repository, index.tag, mediaType, manifest);
  return { repository, mediaType, manifest, digest, children };
}

/** Returns all blobs of an image. A cold pull fetches each of them once. */
export function blobsOf(image: PushedImage): PushedBlob[] {
  return [image.config, ...image.layers];
}

/** Encodes JSON with the indentation of some tools. A cache must not reformat these bytes. */
function encode(value: object): Buffer {
  return Buffer.from(`${JSON.stringify(value, null, 3)}\n`);
}
