/** Kinds of objects that have an id. */
export type NodeKind = 'Organization' | 'Repository' | 'Tag' | 'Manifest' | 'AuditEvent';

/** The opaque id of an object: its kind and key. */
export function toGlobalId(kind: NodeKind, key: string | number): string {
  return Buffer.from(`${kind}:${key}`).toString('base64url');
}

/** Kind and key behind an id; undefined for what is no id of ours. */
export function fromGlobalId(id: string): { readonly kind: string; readonly key: string } | undefined {
  const text = Buffer.from(id, 'base64url').toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 1 || Buffer.from(text).toString('base64url') !== id) return undefined;
  return { kind: text.slice(0, colon), key: text.slice(colon + 1) };
}
