import { LRUCache } from 'lru-cache';
import { type AuthorizationTarget, serverKey } from './authorization-target';
import type { Challenge } from './challenge';
import { MAX_SCOPES, pullScope, scopesOf } from './scheme';

/** Remembers the scopes that challenges added, by server and repository. */
export class ScopeMemory {
  private readonly scopes: LRUCache<string, readonly string[]>;

  constructor(max: number) {
    this.scopes = new LRUCache({ max });
  }

  /** Adds the scopes of a challenge, as far as they are allowed (see scopesOf). */
  add(target: AuthorizationTarget, challenges: readonly Challenge[]): void {
    const known = this.scopes.get(key(target)) ?? [];
    const asked = scopesOf(challenges, [target.name, target.asked]);
    const added = asked.filter((scope) => scope !== pullScope(target.name));
    this.scopes.set(key(target), [...new Set([...added, ...known])].slice(0, MAX_SCOPES));
  }

  /** Returns whether the server was asked for this repository and challenged. */
  has(target: AuthorizationTarget): boolean {
    return this.scopes.has(key(target));
  }

  /** Returns the scopes of a token for the repository of the target. */
  of(target: AuthorizationTarget): readonly string[] {
    return [pullScope(target.name), ...(this.scopes.get(key(target)) ?? [])];
  }
}

function key(target: AuthorizationTarget): string {
  return `${serverKey(target)} ${target.name}`;
}
