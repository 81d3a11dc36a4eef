import type { LayerSpecification } from './tar-layer';

/**
 * Returns a layer that Clair recognizes as Alpine 3.18 with one package, `libthing`, of the given
 * version.
 */
export function alpineLayer(seed: string, version: string): LayerSpecification {
  return {
    seed,
    tarBytes: 4096,
    compressed: true,
    files: {
      'etc/os-release': 'NAME="Alpine Linux"\nID=alpine\nVERSION_ID=3.18.4\nPRETTY_NAME="Alpine Linux v3.18"\n',
      'lib/apk/db/installed': [
        'C:Q1p78yvTLG094tHE1+dToJGbmYzQE=',
        'P:libthing',
        `V:${version}`,
        'A:x86_64',
        'S:1000',
        'I:2000',
        'T:A thing',
        'U:https://thing.example',
        'L:MIT',
        'o:libthing',
        'm:Nobody <nobody@thing.example>',
        't:1690000000',
        'c:0123456789012345678901234567890123456789',
        '\n',
      ].join('\n'),
    },
  };
}
