/**
 * Roles of references to bytes that belong to a manifest: its config and its layers. A layer that
 * is stored elsewhere has the role FOREIGN in the catalog, and the children and the subject of a
 * manifest are manifests of their own.
 */
export const HELD_ROLES = ['LAYER', 'CONFIG'] as const;

/** {@link HELD_ROLES} as a list for an `IN` of SQL. */
export const HELD_ROLES_SQL = HELD_ROLES.map((role) => `'${role}'`).join(', ');

/**
 * Returns whether a reference is one to bytes that are held with its manifest. This is the only
 * definition: size, reservation, completeness, completion and the checks of fsck all use it
 * (docs/design/pull-semantics.md#blobs). `foreign` is how data planes mark a layer that is stored
 * elsewhere.
 */
export function isHeldReference({
  role,
  foreign,
}: {
  readonly role?: string | number | undefined;
  readonly foreign?: boolean | undefined;
}): boolean {
  return foreign !== true && (HELD_ROLES as readonly (string | number | undefined)[]).includes(role);
}
