import type { IncomingMessage } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { MANIFEST_ACCEPT } from '../../../common/oci/media-types';
import { openRequest } from '../real/http-client';
import { type FireContent, TAGS_ON_FIRE } from './fire-content';

/** What a client was given: right and whole, a clean error, or a connection that broke. */
type Given =
  { readonly kind: 'right'; readonly digest: string } | { readonly kind: 'error' } | { readonly kind: 'cut' };

/** A client that pulls at random, compares every byte, and takes note of everything that no client may be given. */
export class FireClient {
  /** What was wrong; empty is good. */
  readonly wrong: string[] = [];
  readonly counts = { pulls: 0, blobs: 0, errors: 0, cuts: 0, left: 0 };

  constructor(
    private readonly url: string,
    private readonly content: FireContent,
    private readonly organizations: readonly string[],
    /** Whether errors are to be expected now. */
    private readonly mayFail: () => boolean,
    /** Content that is about to be deleted: this client wants just that. */
    private readonly endangered?: () => Promise<readonly string[]>,
  ) {}

  /** Pulls one image after the other; never rejects for what it was given. */
  async pullWhile(goesOn: () => boolean): Promise<void> {
    while (goesOn() && this.wrong.length < 5) {
      const base = `${this.url}/v2/${this.content.random(this.organizations)}/${this.content.randomRepository()}`;
      const wanted = (await this.endangered?.()) ?? [];
      const image = wanted.length === 0 ? undefined : this.content.imageWith(this.content.random(wanted));
      await this.pullImage(base, image?.digest ?? this.content.random(TAGS_ON_FIRE));
      if (this.mayFail()) await pause(50);
    }
  }

  private async pullImage(base: string, reference: string): Promise<void> {
    const given = await this.manifest(`${base}/manifests/${reference}`);
    if (given.kind !== 'right') return;
    this.counts.pulls += 1;
    const built = this.content.find(given.digest)!;
    if ('images' in built) return this.pullImage(base, this.content.random(built.images).digest);
    for (const { digest } of [built.config, ...built.layers]) {
      // Some clients dawdle, so that what they were promised is evicted meanwhile; some have the layer already.
      if (Math.random() < 0.1) await pause(Math.random() * 200);
      if (Math.random() < 0.2) continue;
      await this.pullBlob(`${base}/blobs/${digest}`, digest);
    }
  }

  private async manifest(url: string): Promise<Given> {
    return this.take(url, { Accept: MANIFEST_ACCEPT.join(', ') }, (answer, body) => {
      const digest = String(answer.headers['docker-content-digest']);
      const built = this.content.find(digest);
      if (built?.manifest.equals(body) !== true) return undefined;
      return digest;
    });
  }

  private async pullBlob(url: string, digest: string): Promise<void> {
    const right = this.content.blob(digest);
    if (Math.random() < 0.05) return this.leave(url);
    const from = Math.random() < 0.1 ? Math.floor(right.length / 2) : 0;
    const headers: Record<string, string> = from === 0 ? {} : { Range: `bytes=${from}-` };
    const given = await this.take(url, headers, (answer, body) => {
      const expected = answer.statusCode === 206 ? right.subarray(from) : right;
      return body.equals(expected) ? digest : undefined;
    });
    if (given.kind === 'right') this.counts.blobs += 1;
  }

  private async leave(url: string): Promise<void> {
    this.counts.left += 1;
    try {
      const answer = await openRequest({ url });
      answer.once('error', () => undefined);
      await pause(Math.random() * 20);
      answer.destroy();
    } catch {
      // Refused or cut: it wanted to leave anyway.
    }
  }

  /** `check` gives the digest of what is right, undefined for wrong bytes. */
  private async take(
    url: string,
    headers: Record<string, string>,
    check: (answer: IncomingMessage, body: Buffer) => string | undefined,
  ): Promise<Given> {
    let answer: IncomingMessage;
    let body: Buffer;
    try {
      answer = await openRequest({ url, headers });
      const chunks: Buffer[] = [];
      for await (const chunk of answer) chunks.push(chunk as Buffer);
      body = Buffer.concat(chunks);
    } catch (error) {
      this.counts.cuts += 1;
      if (!this.mayFail()) this.wrong.push(`${url}: ${String(error)}`);
      return { kind: 'cut' };
    }
    const status = answer.statusCode!;
    if (status === 200 || status === 206) {
      const digest = check(answer, body);
      if (digest !== undefined) return { kind: 'right', digest };
      this.wrong.push(`${url}: ${status} with ${body.length} wrong bytes`);
      return { kind: 'error' };
    }
    this.counts.errors += 1;
    const isClean = status > 500 && /"errors":\[\{"code":"[A-Z]+"/.test(body.toString());
    if (!isClean || !this.mayFail()) this.wrong.push(`${url}: ${status} ${body.toString().slice(0, 300)}`);
    return { kind: 'error' };
  }
}
