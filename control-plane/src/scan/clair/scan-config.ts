/** The configuration of scanning. Contains secrets: never logged as a whole. */
export interface ScanConfig {
  /** LAYOVER_CLAIR_URL, without a trailing slash. */
  readonly clairUrl: string;
  /** LAYOVER_CLAIR_PSK, decoded. Undefined if requests to Clair carry no token. */
  readonly psk: Buffer | undefined;
  /** The `iss` claim of the tokens for Clair. */
  readonly issuer: string;
  /** URL of an edge that Clair fetches layers from, without a trailing slash. */
  readonly edgeUrl: string;
  /** Maximum number of images that one control plane indexes at the same time. */
  readonly concurrency: number;
  /** Age at which a vulnerability report is read again, in milliseconds. */
  readonly refreshMs: number;
  /** Maximum number of attempts to index an image under one index_state of Clair. */
  readonly maxAttempts: number;
  /**
   * How long Clair may take to fetch the layers after the request to index an image, in seconds.
   */
  readonly layerTokenSeconds: number;
  /** Bearer token of Clair's notifier; undefined if there is no webhook. */
  readonly webhookToken: string | undefined;
}
