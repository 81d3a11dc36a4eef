/**
 * A challenge of WWW-Authenticate (RFC 9110 section 11.6.1). The scheme and the names of parameters
 * are in lower case.
 */
export interface Challenge {
  readonly scheme: string;
  readonly parameters: Readonly<Record<string, string>>;
}

/** Longest header that is parsed; the rest is ignored. */
const MAX_LENGTH = 8 * 1024;

const SKIP = /[ \t,]*/y;
const NAME = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y;
const EQUALS = /[ \t]*=[ \t]*/y;
const QUOTED = /"((?:[^"\\]|\\.)*)"/y;
const UNQUOTED = /[^\s,"]*/y;
const TOKEN68 = /[ \t]+[A-Za-z0-9\-._~+/]+=*(?=[ \t]*(?:,|$))/y;

/**
 * Parses all challenges of a response: several headers, several challenges in a header, quoted
 * strings with commas and escapes, token68, and parameters separated by blanks only. Parsing stops
 * at invalid text; the challenges before it are returned.
 */
export function parseChallenges(headers: readonly string[]): readonly Challenge[] {
  const text = headers.join(', ').slice(0, MAX_LENGTH);
  const challenges: { scheme: string; parameters: Record<string, string> }[] = [];
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match !== null) at = pattern.lastIndex;
    return match;
  };
  for (;;) {
    take(SKIP);
    const name = take(NAME)?.[0];
    if (name === undefined) return challenges;
    const current = challenges.at(-1);
    if (current !== undefined && take(EQUALS) !== null) {
      const quoted = take(QUOTED);
      const value = quoted === null ? take(UNQUOTED)![0] : quoted[1]!.replace(/\\(.)/g, '$1');
      // The first value wins: a second realm may be an attack.
      if (!Object.hasOwn(current.parameters, name.toLowerCase())) current.parameters[name.toLowerCase()] = value;
    } else {
      challenges.push({ scheme: name.toLowerCase(), parameters: {} });
      take(TOKEN68);
    }
  }
}
