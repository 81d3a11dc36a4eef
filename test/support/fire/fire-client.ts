import type { IncomingMessage } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { MANIFEST_ACCEPT } from '../../../common/oci/media-types';
import { openRequest } from '../real/http-client';
import { type FireContent, TAGS_ON_FIRE } from './fire-content';

/** The answer that a client got: correct and complete, a proper error, or a broken connection. */
type PullAnswer =
  { readonly kind: 'right'; readonly digest: string } | { readonly kind: 'error' } | { readonly kind: 'cut' };

/**
 * A client that pulls random images, compares every byte, and records all answers that no client
 * may get.
 */
export class FireClient {
  /** Wrong answers; empty in a successful run. */
  readonly wrong: string[] = [];
  readonly counts = { pulls: 0, blobs: 0, errors: 0, cuts: 0, left: 0 };

  constructor(
    private readonly url: string,
    private readonly content: FireContent,
    private readonly organizations: readonly string[],
    /** Returns true while errors are expected. */
    private readonly expectsErrors: () => boolean,
    /**
     * Returns the content that will be deleted next. If set, this client pulls just that content.
     */
    private readonly endangered?: () => Promise<readonly string[]>,
  ) {}

  /** Pulls one image after the other. Wrong answers do not reject; they are recorded in `wrong`. */
  async pullWhile(shouldContinue: () => boolean): Promise<void> {
    while (shouldContinue() && this.wrong.length < 5) {
      const base = `${this.url}/v2/${this.content.random(this.organizations)}/${this.content.randomRepository()}`;
      const wanted = (await this.endangered?.()) ?? [];
      const image = wanted.length === 0 ? undefined : this.content.imageWith(this.content.random(wanted));
      await this.pullImage(base, image?.digest ?? this.content.random(TAGS_ON_FIRE));
      if (this.expectsErrors()) await pause(50);
    }
  }

  private async pullImage(base: string, reference: string): Promise<void> {
    const answered = await this.manifest(`${base}/manifests/${reference}`);
    if (answered.kind !== 'right') return;
    this.counts.pulls += 1;
    const built = this.content.find(answered.digest)!;
    if ('images' in built) return this.pullImage(base, this.content.random(built.images).digest);
    for (const { digest } of [built.config, ...built.layers]) {
      // Some clients wait, so that the content of their manifest is evicted meanwhile; others
      // already have the layer.
      if (Math.random() < 0.1) await pause(Math.random() * 200);
      if (Math.random() < 0.2) continue;
      await this.pullBlob(`${base}/blobs/${digest}`, digest);
    }
  }

  private async manifest(url: string): Promise<PullAnswer> {
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
    const answered = await this.take(url, headers, (answer, body) => {
      const expected = answer.statusCode === 206 ? right.subarray(from) : right;
      return body.equals(expected) ? digest : undefined;
    });
    if (answered.kind === 'right') this.counts.blobs += 1;
  }

  private async leave(url: string): Promise<void> {
    this.counts.left += 1;
    try {
      const answer = await openRequest({ url });
      answer.once('error', () => undefined);
      await pause(Math.random() * 20);
      answer.destroy();
    } catch {
      // The request was refused or cut. The client intended to disconnect anyway.
    }
  }

  /** `check` returns the digest of correct content, and undefined for wrong bytes. */
  private async take(
    url: string,
    headers: Record<string, string>,
    check: (answer: IncomingMessage, body: Buffer) => string | undefined,
  ): Promise<PullAnswer> {
    let answer: IncomingMessage;
    let body: Buffer;
    try {
      answer = await openRequest({ url, headers });
      const chunks: Buffer[] = [];
      for await (const chunk of answer) chunks.push(chunk as Buffer);
      body = Buffer.concat(chunks);
    } catch (error) {
      this.counts.cuts += 1;
      if (!this.expectsErrors()) this.wrong.push(`${url}: ${String(error)}`);
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
    if (!isClean || !this.expectsErrors()) this.wrong.push(`${url}: ${status} ${body.toString().slice(0, 300)}`);
    return { kind: 'error' };
  }
}
