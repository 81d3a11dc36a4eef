import { createHash } from 'node:crypto';

/** Result of a pull. */
export interface PullResult {
  /** `X-Layover-Cache` of the manifest, or the HTTP status and the error. */
  readonly manifest: string;
  /** `X-Layover-Cache` of each blob, in order. */
  readonly blobs: readonly string[];
  readonly bytes: number;
  readonly milliseconds: number;
}

interface ImageManifest {
  readonly config: { readonly digest: string };
  readonly layers: readonly { readonly digest: string }[];
}

/**
 * Pulls a single-platform image like a container engine (manifest, config, layers) and verifies all
 * digests. Throws an Error if a digest does not match.
 */
export async function pullImage(registry: string, repository: string, tag: string): Promise<PullResult> {
  const started = performance.now();
  const elapsed = (): number => Math.round(performance.now() - started);
  const response = await fetch(`${registry}/v2/${repository}/manifests/${tag}`);
  const body = Buffer.from(await response.arrayBuffer());
  if (!response.ok) {
    const { errors } = JSON.parse(body.toString()) as { errors: { code: string; message: string }[] };
    return {
      manifest: `${response.status} ${errors[0]!.code}: ${errors[0]!.message}`,
      blobs: [],
      bytes: 0,
      milliseconds: elapsed(),
    };
  }
  verify(body, response.headers.get('docker-content-digest')!);
  const manifest = JSON.parse(body.toString()) as ImageManifest;
  const blobs: string[] = [];
  let bytes = body.length;
  for (const { digest } of [manifest.config, ...manifest.layers]) {
    const blob = await fetch(`${registry}/v2/${repository}/blobs/${digest}`);
    const content = Buffer.from(await blob.arrayBuffer());
    verify(content, digest);
    blobs.push(cacheStatus(blob));
    bytes += content.length;
  }
  return { manifest: cacheStatus(response), blobs, bytes, milliseconds: elapsed() };
}

function cacheStatus(response: Response): string {
  return response.headers.get('x-layover-cache') ?? `(HTTP ${response.status})`;
}

function verify(content: Buffer, digest: string): void {
  const actual = `sha256:${createHash('sha256').update(content).digest('hex')}`;
  if (actual !== digest) throw new Error(`Expected content with digest ${digest}, received ${actual}.`);
}
