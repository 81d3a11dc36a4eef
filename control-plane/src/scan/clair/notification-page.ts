import { z } from 'zod';
import { parseDigest } from '../../../../common/oci/digest';
import { parse } from './index-report';
import { isNotificationUuid } from './notification-id';

/** A page of a notification. */
export interface NotificationPage {
  /** Manifests whose vulnerabilities have changed, without duplicates. */
  readonly manifests: readonly string[];
  /** The id of the next page; undefined on the last page. */
  readonly next: string | undefined;
}

const NO_UUID = '00000000-0000-0000-0000-000000000000';

/** notifier/pager.go and notification.go of Clair. */
const PAGE = z.object({
  page: z.object({ next: z.string().nullish() }).nullish(),
  notifications: z.array(z.object({ manifest: z.string() })).nullish(),
});

/** Parses a page. Entries without a valid digest are left out. Throws a ClairError INVALID. */
export function readNotificationPage(body: Buffer): NotificationPage {
  const { page, notifications } = parse(PAGE, body, 'notification');
  const manifests = (notifications ?? [])
    .map(({ manifest }) => manifest)
    .filter((text) => parseDigest(text) !== undefined);
  const next = page?.next;
  return {
    manifests: [...new Set(manifests)],
    next: typeof next === 'string' && isNotificationUuid(next) && next !== NO_UUID ? next : undefined,
  };
}
