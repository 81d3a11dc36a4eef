import type { PULL_CLIENTS } from '../real/pull-client';

/** The operations that the suite `client-operations` does with every client. */
export const CLIENT_OPERATIONS = {
  cold: 'pulls an image that is not cached',
  warm: 'pulls it again from the cache, with one question to the upstream for each tag',
  digest: 'pulls an image by its digest',
  platform: 'pulls the image of another platform from an index',
  moved: 'gets the new image after the upstream moved the tag',
  mirror: 'pulls through Layover as a mirror, by the name at the registry',
  private: 'pulls from a private organization with a robot account, and not without one',
  missing: 'fails for a tag that does not exist',
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

/** The clients of the table. */
export const CLIENTS: Readonly<Record<ClientName, ListedClient>> = {
  podman: { name: 'podman', failures: {} },
  skopeo: { name: 'skopeo', failures: {} },
  containerd: { name: 'containerd (ctr)', failures: {} },
  crane: { name: 'crane', failures: {}, lacks: ['mirror'] },
  oras: { name: 'oras', failures: {}, lacks: ['mirror'] },
  regctl: { name: 'regctl', failures: {} },
  helm: { name: 'helm (charts)', failures: {}, lacks: ['platform', 'mirror'] },
  cosign: { name: 'cosign (signatures)', failures: {}, lacks: ['platform', 'mirror'] },
};
