/**
 * Element of a Forwarded header, written by one proxy: parameter names in lower case, values
 * without quotes.
 */
export type ForwardedElement = ReadonlyMap<string, string>;

/**
 * A parameter and its terminator: the next parameter (;), the next element (,) or the end. The
 * parts cannot overlap, so matching takes linear time.
 */
const PARAMETER =
  /(?:[ \t]*([!#$%&'*+.^_`|~0-9A-Za-z-]+)=(?:([!#$%&'*+.^_`|~0-9A-Za-z-]+)|"((?:[^"\\]|\\.)*)"))?[ \t]*([;,]|$)/y;

/**
 * Parses a Forwarded header (RFC 7239 section 4). The element of the first proxy comes first.
 * Returns undefined if the header violates the grammar, because the start of an element is then
 * unknown. A repeated parameter in an element is a violation too.
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
