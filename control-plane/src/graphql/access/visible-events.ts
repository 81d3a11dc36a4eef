import { ACCESS_RULES } from './access-rules';
import { authorize } from './authorize';
import type { Viewer } from '../../tenancy/tokens/viewer';
import { ApiError } from '../../errors/api-error';
import type { AuditFilter } from '../../audit/audit.store';

/** Conditions from a caller. Undefined, null, an empty text and an empty list do not narrow. */
export type WantedEvents = { readonly [K in keyof AuditFilter]?: AuditFilter[K] | null };

/**
 * Returns the filter for the events that a viewer requests and may see. Both auditEvents and the
 * export use it. A token bound to an organization sees only events of that organization. Throws
 * FORBIDDEN if the role is not sufficient, or if another organization is requested; `field` is the
 * argument that names the organization.
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
    throw new ApiError(
      'FORBIDDEN',
      `Your token is bound to organization '${scope.name}' and has no access to others.`,
      field,
    );
  return { ...filter, organization: scope.name, organizationUid: scope.uid };
}
