/** The kinds of objects with an id. */
export type NodeKind = 'Organization' | 'Repository' | 'Tag' | 'Manifest' | 'AuditEvent';

/** Returns the opaque id of an object, which encodes its kind and key. */
export function toGlobalId(kind: NodeKind, key: string | number): string {
  return Buffer.from(`${kind}:${key}`).toString('base64url');
}

/** Returns the kind and the key in an id, or undefined if the id is invalid. */
export function fromGlobalId(id: string): { readonly kind: string; readonly key: string } | undefined {
  const text = Buffer.from(id, 'base64url').toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 1 || Buffer.from(text).toString('base64url') !== id) return undefined;
  return { kind: text.slice(0, colon), key: text.slice(colon + 1) };
}
