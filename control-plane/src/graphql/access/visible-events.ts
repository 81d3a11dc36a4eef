import { ACCESS_RULES } from './access-rules';
import { authorize } from './authorize';
import type { Viewer } from '../../tenancy/tokens/viewer';
import { ApiError } from '../../errors/api-error';
import type { AuditFilter } from '../../audit/audit.store';

/** Conditions as a caller names them; what is undefined, null, empty text or an empty list does not narrow. */
export type WantedEvents = { readonly [K in keyof AuditFilter]?: AuditFilter[K] | null };

/**
 * The filter that shows a viewer what he wants and may see: the one place where this is decided, for auditEvents and for
 * the export. A token bound to an organization sees that organization only. Throws FORBIDDEN where the role does not allow
 * it, or another organization is asked for; `field` is the argument that names the organization.
 */
export function visibleEvents(viewer: Viewer, wanted: WantedEvents, field: string): AuditFilter {
  authorize(viewer, ACCESS_RULES['Query.auditEvents']!, {});
  const filter: { -readonly [K in keyof AuditFilter]: AuditFilter[K] } = {};
  for (const key of ['organization', 'repository', 'reference', 'digest', 'actor'] as const)
    if (wanted[key]) filter[key] = wanted[key];
  for (const key of ['since', 'until'] as const) if (typeof wanted[key] === 'number') filter[key] = wanted[key];
  if (wanted.kinds?.length) filter.kinds = wanted.kinds;
  if (wanted.cacheStatuses?.length) filter.cacheStatuses = wanted.cacheStatuses;
  const scope = viewer.organization;
  if (scope === undefined) return filter;
  if (filter.organization !== undefined && filter.organization !== scope.name)
    throw new ApiError('FORBIDDEN', `Your token is bound to the organization ${scope.name}.`, field);
  return { ...filter, organization: scope.name, organizationUid: scope.uid };
}
