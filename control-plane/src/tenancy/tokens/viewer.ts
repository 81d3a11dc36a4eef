import type { ChangeAuthor } from '../organizations/admin-changes';
import { Role } from './role';

/** The token that sent a request. */
export interface Viewer {
  /** The id of the token. */
  readonly id: string;
  /** The name of the token. */
  readonly name: string;
  readonly role: Role;
  /** The organization that a token of role MANAGER or READER is bound to; undefined for ADMIN. */
  readonly organization: { readonly uid: string; readonly name: string } | undefined;
}

/** Returns the viewer's actor in the audit log. */
export function actorOf(viewer: Viewer): string {
  return `token:${viewer.name}`;
}

/** Returns the viewer as the author of a change. */
export function authorOf(viewer: Viewer): ChangeAuthor {
  return { actor: actorOf(viewer), isAdmin: viewer.role === Role.ADMIN };
}
