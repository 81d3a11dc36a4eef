import type { RegistryTarget } from './registry-target';

/** A client program that pulls images, for suites that do the same with every client. */
export interface PullClient {
  /**
   * Pulls an image. Resolves to digests that the client has then, at least that of the manifest.
   * Throws an Error with the output of the program if the pull fails.
   */
  pull(reference: string, options?: PullOptions): Promise<readonly string[]>;
  /**
   * Pushes what this client pulls, if that is not an image. The same seed gives the same content.
   */
  readonly push?: (target: RegistryTarget, content: PushedContent) => Promise<Pushed>;
  readonly artifacts?: ArtifactCommands;
  /**
   * The requests of a pull of a cached tag at the upstream, in any order. Default: one HEAD of the
   * tag.
   */
  readonly warmRequests?: (repository: string, pushed: Pushed) => readonly string[];
  /** Deletes everything that was pulled, so that the next pull is complete. */
  forget(): Promise<void>;
  /** Ends the client and deletes its folder. */
  stop(): Promise<void>;
}

/** The commands of a client for artifacts other than images. */
export interface ArtifactCommands {
  /** Pushes a text as an artifact. The reference is at the upstream. */
  push(reference: string, text: string): Promise<void>;
  /** Pushes a text as an artifact that refers to an image. */
  attach(reference: string, text: string): Promise<void>;
  /** Resolves to the text of an artifact. */
  pull(reference: string): Promise<string>;
  /** Resolves to the digests of the artifacts that refer to an image, and maybe to others. */
  referrers(reference: string): Promise<readonly string[]>;
}

/** What is pushed for a pull. */
export interface PushedContent {
  readonly repository: string;
  readonly tag: string;
  readonly seed: string;
}

/** What was pushed. */
export interface Pushed {
  /** The digest of the manifest. */
  readonly digest: string;
  /** The digests of the blobs that a pull fetches. */
  readonly blobs: readonly string[];
}

/** Options of a pull. */
export interface PullOptions {
  /** The image of an index. Default: `amd64`. */
  readonly architecture?: string;
  readonly credentials?: { readonly username: string; readonly secret: string };
}

/** Where a client finds Layover. */
export interface PullClientSetup {
  /** The address of the edge, `127.0.0.1:<port>`, without TLS. */
  readonly layover: string;
  /** A registry that is pulled through Layover as its mirror. */
  readonly mirror: { readonly registry: string; readonly organization: string };
  /** The address of the edge at which the organization of the mirror is at the root. */
  readonly mirrorRoot: string;
}

/** A kind of client. */
export interface PullClientKind {
  /** The programs that must be installed. */
  readonly programs: readonly string[];
  start(setup: PullClientSetup): Promise<PullClient>;
}
