/** One proxy's word in a Forwarded header: parameter names in lower case, values without their quotes. */
export type ForwardedElement = ReadonlyMap<string, string>;

/** A parameter with what ends it: the next parameter (;), the next element (,) or nothing. No part of it can take what another one could: it is linear. */
const PARAMETER =
  /(?:[ \t]*([!#$%&'*+.^_`|~0-9A-Za-z-]+)=(?:([!#$%&'*+.^_`|~0-9A-Za-z-]+)|"((?:[^"\\]|\\.)*)"))?[ \t]*([;,]|$)/y;

/**
 * The elements of a Forwarded header (RFC 7239 section 4), that of the first proxy first. Undefined for what does not follow the grammar: where an element begins
 * cannot be told then. One pass; a parameter said twice in an element is against the grammar, too.
 */
export function parseForwarded(text: string): readonly ForwardedElement[] | undefined {
  const elements: Map<string, string>[] = [new Map()];
  const pattern = new RegExp(PARAMETER);
  for (;;) {
    const match = pattern.exec(text);
    if (match === null) return undefined;
    const [, name, token, quoted, end] = match;
    const element = elements.at(-1)!;
    if (name !== undefined) {
      if (element.has(name.toLowerCase())) return undefined;
      element.set(name.toLowerCase(), token ?? quoted!.replace(/\\(.)/gs, '$1'));
    }
    if (end === ',') elements.push(new Map());
    if (end === '') return elements.filter((one) => one.size > 0);
  }
}
