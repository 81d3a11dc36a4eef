/**
 * Returns all forms in which a secret could appear: plain, in JSON, in URLs, in hex, and in base64
 * at any offset.
 */
export function formsOf(secret: string | Buffer): readonly string[] {
  const bytes = Buffer.from(secret);
  const text = bytes.toString('utf8');
  const plain = Buffer.from(text).equals(bytes)
    ? [text, JSON.stringify(text).slice(1, -1), encodeURIComponent(text), encodeURI(text)]
    : [];
  const base64 = [0, 1, 2].flatMap((offset) => {
    const whole = Buffer.concat([Buffer.alloc(offset), bytes])
      .toString('base64')
      .replace(/=+$/, '');
    // Skips characters that also depend on the bytes before and after the secret.
    const certain = whole.slice(offset === 0 ? 0 : offset + 1, -2);
    return [certain, certain.replaceAll('+', '-').replaceAll('/', '_')];
  });
  const hex = bytes.toString('hex');
  return [...new Set([bytes.toString('latin1'), ...plain.map(asLatin1), ...base64, hex, hex.toUpperCase()])];
}

/** Returns UTF-8 bytes as the text that reading them as latin1 gives. */
export function asLatin1(text: string): string {
  return Buffer.from(text).toString('latin1');
}
