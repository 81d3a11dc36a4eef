import { compileUpstreamRule, type PullScope } from '../../../../common/oci/upstream-rule';

const everything: PullScope = {
  upstreamHost: 'registry.test',
  upstreamNamespace: '',
  allowRepositories: [],
  denyRepositories: [],
};
const hub: PullScope = { ...everything, upstreamHost: 'docker.io' };

test.each([
  ['any repository without namespace and patterns', everything, 'team/app'],
  ['a repository below the namespace', { ...everything, upstreamNamespace: 'team' }, 'team/app'],
  ['a repository that the patterns allow', { ...everything, allowRepositories: ['team/*'] }, 'team/app'],
  [
    'the name below the namespace in a pattern',
    { ...everything, upstreamNamespace: 'a', allowRepositories: ['b'] },
    'a/b',
  ],
  ['the complete name in a pattern', { ...everything, upstreamNamespace: 'a', allowRepositories: ['a/b'] }, 'a/b'],
  ['an own image of Docker Hub', hub, 'library/alpine'],
  ['the short name of Docker Hub in a pattern', { ...hub, allowRepositories: ['alpine'] }, 'library/alpine'],
])('compileUpstreamRule: permits %s', (_, scope, name) => expect(compileUpstreamRule(scope)(name)).toBe(true));

test.each([
  ['a repository outside the namespace', { ...everything, upstreamNamespace: 'team' }, 'other/app'],
  ['a repository whose name only begins like the namespace', { ...everything, upstreamNamespace: 'team' }, 'teams/app'],
  ['the namespace itself', { ...everything, upstreamNamespace: 'team' }, 'team/'],
  ['a repository that the patterns do not allow', { ...everything, allowRepositories: ['team/*'] }, 'other/app'],
  ['a repository that the patterns deny', { ...everything, denyRepositories: ['team/secret'] }, 'team/secret'],
  ['a short name denied on Docker Hub', { ...hub, denyRepositories: ['alpine'] }, 'library/alpine'],
  ['a name that is not canonical', hub, 'alpine'],
])('compileUpstreamRule: does not permit %s', (_, scope, name) => expect(compileUpstreamRule(scope)(name)).toBe(false));
