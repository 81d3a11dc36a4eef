import type { PULL_CLIENTS } from '../real/pull-client';

/** The operations that the suite `client-operations` does with every client. */
export const CLIENT_OPERATIONS = {
  cold: 'pulls an image that is not cached',
  warm: 'pulls it again from the cache; only tags and referrers are checked at the upstream',
  digest: 'pulls an image by its digest',
  platform: 'pulls the image of another platform from an index',
  moved: 'gets the new image after the upstream moved the tag',
  mirror: 'pulls through Layover as a mirror, by the name at the registry',
  private: 'pulls from a private organization with a robot account, and not without one',
  missing: 'fails for a tag that does not exist',
  layers: 'pulls an image of 40 layers',
  zstd: 'pulls an image whose layers are compressed with zstd',
  artifact: 'pulls an artifact that is not an image, with its own command',
  referrers: 'lists what refers to an image',
  outage: 'pulls a cached image while the upstream is away',
} as const;

/** The name of an operation of clients. */
export type ClientOperationName = keyof typeof CLIENT_OPERATIONS;

/** The name of a client. */
export type ClientName = keyof typeof PULL_CLIENTS;

/** A client of the table. */
interface ListedClient {
  readonly name: string;
  /**
   * What fails with it today, with what was observed. The suite fails if such an operation
   * succeeds.
   */
  readonly failures: Readonly<Partial<Record<ClientOperationName, string>>>;
  /** The operations that the client does not have. */
  readonly lacks?: readonly ClientOperationName[];
}

/** What programs for images do not have. */
const NO_ARTIFACTS = ['artifact', 'referrers'] as const;
/** What programs for charts and signatures do not have. */
const NO_IMAGES = ['platform', 'mirror', 'layers', 'zstd', ...NO_ARTIFACTS] as const;

/** The clients of the table. */
export const CLIENTS: Readonly<Record<ClientName, ListedClient>> = {
  podman: { name: 'podman', failures: {}, lacks: NO_ARTIFACTS },
  skopeo: { name: 'skopeo', failures: {}, lacks: NO_ARTIFACTS },
  containerd: { name: 'containerd 1.6 (ctr)', failures: {}, lacks: NO_ARTIFACTS },
  containerd2: { name: 'containerd 2.4 (ctr)', failures: {}, lacks: NO_ARTIFACTS },
  docker: {
    name: 'Docker Engine 20.10',
    failures: {
      zstd: 'the engine gets the layer and cannot extract it ("invalid tar header"); it has no zstd',
    },
    lacks: NO_ARTIFACTS,
  },
  crane: { name: 'crane', failures: {}, lacks: ['mirror', ...NO_ARTIFACTS] },
  oras: { name: 'oras', failures: {}, lacks: ['mirror'] },
  regctl: { name: 'regctl', failures: {} },
  helm: { name: 'helm (charts)', failures: {}, lacks: NO_IMAGES },
  cosign: { name: 'cosign (signatures in tags)', failures: {}, lacks: NO_IMAGES },
  'cosign-referrers': { name: 'cosign (signatures as referrers)', failures: {}, lacks: NO_IMAGES },
};
