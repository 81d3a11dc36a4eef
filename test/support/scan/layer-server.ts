import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { decodeProtectedHeader, jwtVerify, type JWTPayload } from 'jose';
import { digestOf } from '../../../common/oci/digest';

/** A read of a layer. */
export interface LayerRead {
  readonly path: string;
  readonly status: number;
  /** The claims of its token, if the token was valid. */
  readonly claims: JWTPayload | undefined;
}

/**
 * A fake edge that serves blobs to valid layer tokens, with the checks of a data plane (HS256 with
 * the keys of the snapshot, limited by `layover_blob`).
 */
export class LayerServer {
  readonly reads: LayerRead[] = [];
  /** Blobs by digest. */
  readonly blobs = new Map<string, Buffer>();
  /** If set, refuses everything with this status. */
  refusal: number | undefined;
  private server: Server | undefined;

  /** `keys` returns the keys by id; `now` returns milliseconds since the epoch. */
  private constructor(
    private readonly keys: () => Promise<ReadonlyMap<string, Uint8Array>>,
    private readonly now: () => number,
  ) {}

  static async start(keys: () => Promise<ReadonlyMap<string, Uint8Array>>, now: () => number): Promise<LayerServer> {
    const server = new LayerServer(keys, now);
    await server.listen();
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server!.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.server?.closeAllConnections();
    await new Promise<void>((resolve) => this.server?.close(() => resolve()));
  }

  private async listen(): Promise<void> {
    this.server = createServer((request, response) => {
      const path = request.url ?? '';
      void this.claimsOf(path, request.headers.authorization ?? '').then((claims) => {
        const bytes = this.blobs.get(/sha256:[0-9a-f]{64}$/.exec(path)?.[0] ?? '');
        const status = this.refusal ?? (claims === undefined ? 401 : bytes === undefined ? 404 : 200);
        this.reads.push({ path, status, claims });
        response.writeHead(status, { 'content-type': 'application/octet-stream' });
        response.end(status === 200 ? bytes : 'no');
      });
    });
    await new Promise<void>((resolve) => this.server!.listen(0, '127.0.0.1', resolve));
  }

  /** Adds a blob whose content is its name, as for all digests of tests. */
  put(name: string): void {
    const content = Buffer.from(name);
    this.blobs.set(digestOf(content), content);
  }

  private async claimsOf(path: string, authorization: string): Promise<JWTPayload | undefined> {
    try {
      const token = /^Bearer (.+)$/.exec(authorization)![1]!;
      const key = (await this.keys()).get(decodeProtectedHeader(token).kid ?? '');
      const { payload } = await jwtVerify(token, key!, {
        issuer: 'layover',
        audience: 'layover',
        algorithms: ['HS256'],
        currentDate: new Date(this.now()),
        requiredClaims: ['exp', 'sub'],
      });
      const [, name, digest] = /^\/v2\/(.+)\/blobs\/(sha256:[0-9a-f]{64})$/.exec(path)!;
      const access = payload['access'] as { type: string; name: string; actions: string[] }[];
      const isFor = access.length === 1 && access[0]!.type === 'repository' && access[0]!.name === name;
      return isFor && payload['layover_blob'] === digest ? payload : undefined;
    } catch {
      return undefined;
    }
  }
}
