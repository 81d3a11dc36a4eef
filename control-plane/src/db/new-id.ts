import { v7 } from 'uuid';

/** Returns a new UUID of version 7, so ids sort by creation time. */
export function newId(): string {
  return v7();
}
