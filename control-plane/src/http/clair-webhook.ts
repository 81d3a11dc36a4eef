import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Clock } from '../../../common/runtime/clock';
import type { Database } from '../db/database';
import { readNotificationId } from '../scan/clair/notification-page';
import { noteNotification } from '../scan/worker/read-notifications';
import { readBody } from './read-body';

/** Where Clair's notifier says that there is something to tell. */
export const CLAIR_WEBHOOK_PATH = '/clair/notifications';

/** Longest body, in bytes: it has an id and an address. */
const MAX_BODY = 64 * 1024;

/** What the webhook works with. */
export interface ClairWebhookParts {
  readonly database: Database;
  /** What Clair's notifier shows (`Authorization: Bearer …`). */
  readonly token: string;
  readonly clock: Clock;
}

/** An answer in plain text. */
export interface WebhookAnswer {
  readonly status: 200 | 400 | 401 | 405;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * Takes what Clair's notifier POSTs ({notification_id, callback}, notifier/callback.go). Only the id is looked at: what it is about is asked of the Clair
 * that we know, never at the address in the request. Answers 200 when the id is written down; the notifier comes again otherwise.
 */
export class ClairWebhook {
  constructor(private readonly parts: ClairWebhookParts) {}

  /** The answer to a request. Throws what the database throws. */
  async handle(request: IncomingMessage): Promise<WebhookAnswer> {
    if (!this.knows(request.headers.authorization ?? ''))
      return answer(401, 'the token is not the one of LAYOVER_CLAIR_WEBHOOK_TOKEN', { 'www-authenticate': 'Bearer' });
    if (request.method !== 'POST') return answer(405, 'only POST', { allow: 'POST' });
    const body = await readBody(request, MAX_BODY);
    const id = body && readNotificationId(toJson(body));
    if (id === undefined) return answer(400, 'this is no notification of Clair');
    await noteNotification(this.parts.database, id, this.parts.clock.now());
    return answer(200, 'ok');
  }

  private knows(authorization: string): boolean {
    // Hashes are equally long, and their comparison says nothing of what differs.
    const hash = (text: string): Buffer => createHash('sha256').update(text).digest();
    return timingSafeEqual(hash(authorization), hash(`Bearer ${this.parts.token}`));
  }
}

function answer(status: WebhookAnswer['status'], text: string, headers: Record<string, string> = {}): WebhookAnswer {
  return { status, headers: { 'content-type': 'text/plain; charset=utf-8', ...headers }, body: `${text}\n` };
}

function toJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}
