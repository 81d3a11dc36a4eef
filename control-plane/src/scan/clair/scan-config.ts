/** How images are scanned. Holds secrets: never logged whole. */
export interface ScanConfig {
  /** LAYOVER_CLAIR_URL, without a slash at the end. */
  readonly clairUrl: string;
  /** LAYOVER_CLAIR_PSK, decoded; undefined = Clair asks for none. */
  readonly psk: Buffer | undefined;
  /** The `iss` of the tokens that Clair is shown. */
  readonly issuer: string;
  /** Where Clair reaches an edge, without a slash at the end. */
  readonly edgeUrl: string;
  /** Images that one control plane has indexed at the same time. */
  readonly concurrency: number;
  /** How old a vulnerability report may get, in milliseconds. */
  readonly refreshMs: number;
  /** Tries at indexing an image under one index_state of Clair. */
  readonly maxAttempts: number;
  /** How long Clair may take to fetch the layers of an image, from when it is asked, in seconds. */
  readonly layerTokenSeconds: number;
  /** What Clair's notifier shows the webhook; undefined = there is no webhook. */
  readonly webhookToken: string | undefined;
}
