import { compileRepositoryRule } from '../../../../common/oci/repository-patterns';
import { cpuMillisecondsOf } from '../../../support/cpu-time';

const matches = (pattern: string, name: string): boolean => compileRepositoryRule([pattern], [])([name]) === 'allowed';

test.each([
  ['library/*', 'library/alpine'],
  ['library/alp*', 'library/alpine'],
  ['*/alpine', 'library/alpine'],
  ['*', 'alpine'],
  ['**', 'a/b/c'],
  ['team/**', 'team/a/b'],
  ['**/app', 'app'],
  ['**/app', 'x/y/app'],
  ['a/**/z', 'a/z'],
  ['a/**/z', 'a/b/c/z'],
  ['team/***', 'team/a/b'],
  ['a**c', 'ab/bc'],
  ['a.b', 'a.b'],
  ['team/app', 'team/app'],
])('compileRepositoryRule: %s matches %s', (pattern, name) => expect(matches(pattern, name)).toBe(true));

test.each([
  ['library/*', 'library/a/b'],
  ['library/*', 'library'],
  ['*', 'a/b'],
  ['**/app', 'myapp'],
  ['**/app', 'x/myapp'],
  ['a/**/z', 'a/bz'],
  ['team/**', 'teams/a'],
  ['a.b', 'axb'],
  ['[a-z]', 'a'],
  ['(a|b)', 'a'],
  ['', 'a'],
])('compileRepositoryRule: %s does not match %s', (pattern, name) => expect(matches(pattern, name)).toBe(false));

test('compileRepositoryRule: deny wins, an empty allow list allows everything, any spelling counts', () => {
  expect(compileRepositoryRule([], [])(['x'])).toBe('allowed');
  expect(compileRepositoryRule(['team/*'], ['team/secret'])(['team/secret'])).toBe('denied');
  expect(compileRepositoryRule(['team/*'], [])(['other'])).toBe('not-allowed');
  expect(compileRepositoryRule([], ['alpine'])(['library/alpine', 'alpine'])).toBe('denied');
});

test('compileRepositoryRule: no pattern makes matching slow', () => {
  const rule = compileRepositoryRule([`${'*a'.repeat(100)}b`, `${'**/a'.repeat(60)}/b`], []);
  const work = (): void => expect(rule(['a'.repeat(255)])).toBe('not-allowed');
  expect(cpuMillisecondsOf(work)).toBeLessThan(1000);
});
