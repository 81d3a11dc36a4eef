import type { BuiltImage } from '../../../support/fake-registry';
import type { Exhibit } from '../../../support/museum';

/** Longest path in a line. Signed URLs can be much longer. */
const MAX_PATH = 90;

/**
 * Returns the requests since the last call, as they are in the golden lists: with the names of the
 * parts of the image instead of their digests, and with paths of at most 90 characters.
 */
export function requestLines(exhibit: Exhibit, image: BuiltImage): readonly string[] {
  const names = new Map<string, string>([
    [image.digest, 'manifest'],
    [image.config.digest, 'config'],
    ...image.layers.map(({ digest }, index): [string, string] => [digest, `layer-${index + 1}`]),
  ]);
  return exhibit.takeLines().map((line) => {
    let named = line;
    for (const [digest, name] of names) {
      const hex = digest.slice('sha256:'.length);
      named = named
        .replaceAll(digest, `{${name}}`)
        .replaceAll(hex, `{${name}}`)
        .replaceAll(`/${hex.slice(0, 2)}/`, '/{xx}/');
    }
    const [host = '', method = '', path = '', status = ''] = named.split(' ');
    const shown = path.length > MAX_PATH ? `${path.slice(0, MAX_PATH)}…` : path;
    return `${host} ${method} ${shown} ${status}`;
  });
}
