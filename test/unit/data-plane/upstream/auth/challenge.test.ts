import fc from 'fast-check';
import { parseChallenges } from '../../../../../data-plane/src/upstream/auth/challenge';
import { cpuMillisecondsOf } from '../../../../support/cpu-time';

describe('parseChallenges', () => {
  it.each<[string, string[], unknown]>([
    [
      "Docker Hub's",
      ['Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull"'],
      [
        {
          scheme: 'bearer',
          parameters: {
            realm: 'https://auth.docker.io/token',
            service: 'registry.docker.io',
            scope: 'repository:a/b:pull',
          },
        },
      ],
    ],
    ['a bare scheme', ['Negotiate'], [{ scheme: 'negotiate', parameters: {} }]],
    [
      'several in one header, one with a token',
      ['Negotiate YII+/a==, Basic realm="a, b=\\"c\\"", BEARER Realm = x'],
      [
        { scheme: 'negotiate', parameters: {} },
        { scheme: 'basic', parameters: { realm: 'a, b="c"' } },
        { scheme: 'bearer', parameters: { realm: 'x' } },
      ],
    ],
    [
      'several headers',
      ['Basic realm="x"', 'Bearer realm="y"'],
      [
        { scheme: 'basic', parameters: { realm: 'x' } },
        { scheme: 'bearer', parameters: { realm: 'y' } },
      ],
    ],
    [
      'parameters without commas',
      ['Bearer realm="y" service="z"'],
      [{ scheme: 'bearer', parameters: { realm: 'y', service: 'z' } }],
    ],
    [
      'a second realm is ignored',
      ['Bearer realm="y",realm="evil"'],
      [{ scheme: 'bearer', parameters: { realm: 'y' } }],
    ],
    ['nothing', [], []],
    ['rubbish', ['"""'], []],
  ])('parses %s', (_name, headers, expected) => expect(parseChallenges(headers)).toEqual(expected));

  it('never hangs or throws', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 200 }), { maxLength: 3 }), (headers) => {
        for (const challenge of parseChallenges(headers)) expect(challenge.scheme).not.toBe('');
      }),
    );
    const work = (): void => {
      parseChallenges(['Bearer realm="' + '\\'.repeat(100_000)]);
      parseChallenges(['a '.repeat(100_000)]);
    };
    expect(cpuMillisecondsOf(work)).toBeLessThan(1000);
  });
});
