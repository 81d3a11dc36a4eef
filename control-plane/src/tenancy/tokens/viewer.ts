import type { Role } from './role';

/** Who asks: the token behind a request. */
export interface Viewer {
  /** The token's id. */
  readonly id: string;
  /** The token's name. */
  readonly name: string;
  readonly role: Role;
  /** What a token of role MANAGER or READER is bound to; undefined for ADMIN. */
  readonly organization: { readonly uid: string; readonly name: string } | undefined;
}

/** How the viewer stands in the audit log. */
export function actorOf(viewer: Viewer): string {
  return `token:${viewer.name}`;
}
