import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Clock } from '../../../common/runtime/clock';
import type { Database } from '../db/database';
import { readNotificationId } from '../scan/clair/notification-id';
import { noteNotification } from '../scan/worker/read-notifications';
import { readBody } from './read-body';

/** The path for notifications of Clair's notifier. */
export const CLAIR_WEBHOOK_PATH = '/clair/notifications';

/** Maximum size of the body in bytes. It contains an id and an address. */
const MAX_BODY = 64 * 1024;

/** Dependencies of {@link ClairWebhook}. */
export interface ClairWebhookParts {
  readonly database: Database;
  /** The token that Clair's notifier sends (`Authorization: Bearer …`). */
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
 * Receives the POST requests of Clair's notifier ({notification_id, callback},
 * notifier/callback.go). Only the id is used. The notification is read from the configured Clair,
 * never from the address in the request. Answers 200 after the id is stored; otherwise the notifier
 * sends it again.
 */
export class ClairWebhook {
  constructor(private readonly parts: ClairWebhookParts) {}

  /** Returns the answer to a request. Throws database errors. */
  async handle(request: IncomingMessage): Promise<WebhookAnswer> {
    if (!this.isAuthorized(request.headers.authorization ?? ''))
      return answer(401, 'The token does not match LAYOVER_CLAIR_WEBHOOK_TOKEN.', { 'www-authenticate': 'Bearer' });
    if (request.method !== 'POST') return answer(405, 'Only POST is allowed.', { allow: 'POST' });
    const body = await readBody(request, MAX_BODY);
    const id = body && readNotificationId(toJson(body));
    if (id === undefined) return answer(400, 'The body is not a notification of Clair.');
    await noteNotification(this.parts.database, id, this.parts.clock.now());
    return answer(200, 'ok');
  }

  private isAuthorized(authorization: string): boolean {
    // Hashes have equal lengths, and comparing them reveals nothing about the token.
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
