const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Returns whether a text has the form of the ids that Clair's notifier uses. */
export function isNotificationUuid(text: string): boolean {
  return UUID.test(text);
}

/**
 * Returns the id of a notification that the notifier sends to a webhook, or undefined if the JSON
 * is not one.
 */
export function readNotificationId(json: unknown): string | undefined {
  const id = (json as { notification_id?: unknown } | null | undefined)?.notification_id;
  return typeof id === 'string' && isNotificationUuid(id) ? id.toLowerCase() : undefined;
}
