/** A vulnerability that the fake Clair reports. */
export interface FakeVulnerability {
  readonly name: string;
  /** As normalized by Clair, for example High. */
  readonly severity: string;
  readonly package: string;
  readonly version?: string;
  /** As in the report; '' if no fix is known. */
  readonly fixedIn?: string;
  readonly description?: string;
  readonly links?: string;
  readonly introducedIn?: string;
}

/**
 * Returns a vulnerability report in the form of Clair 4.9 (claircore, vulnerabilityreport.go), with
 * maps keyed by internal ids.
 */
export function toReport(digest: string, vulnerabilities: readonly FakeVulnerability[]): object {
  const packages = [...new Set(vulnerabilities.map((one) => one.package))];
  const idOf = (name: string): string => String(packages.indexOf(name) + 10);
  const each = vulnerabilities.map((one, at) => ({ ...one, id: String(at + 1000) }));
  const by = <T>(entries: readonly (readonly [string, T])[]): Record<string, T> => Object.fromEntries(entries);
  return {
    manifest_hash: digest,
    packages: by(
      packages.map((name) => [
        idOf(name),
        {
          id: idOf(name),
          name,
          version: each.find((one) => one.package === name)?.version ?? '1.0-r0',
          kind: 'binary',
          arch: 'x86_64',
        },
      ]),
    ),
    distributions: {
      '1': { id: '1', did: 'alpine', name: 'Alpine Linux', version: '3.18', pretty_name: 'Alpine Linux v3.18' },
    },
    repository: null,
    environments: by(
      packages.map((name) => [
        idOf(name),
        [
          {
            package_db: 'lib/apk/db/installed',
            introduced_in: each.find((one) => one.package === name)?.introducedIn ?? '',
            distribution_id: '1',
            repository_ids: null,
          },
        ],
      ]),
    ),
    vulnerabilities: by(
      each.map((one) => [
        one.id,
        {
          id: one.id,
          updater: 'alpine-main-v3.18-updater',
          name: one.name,
          description: one.description ?? `About ${one.name}.`,
          issued: '2023-01-01T00:00:00Z',
          links: one.links ?? `https://example.test/${one.name} https://other.test/${one.name}`,
          severity: 'whatever',
          normalized_severity: one.severity,
          package: { id: '', name: one.package, version: '' },
          distribution: { id: '', name: 'Alpine Linux', version: '3.18' },
          repository: {},
          fixed_in_version: one.fixedIn ?? '',
        },
      ]),
    ),
    package_vulnerabilities: by(
      packages.map((name) => [idOf(name), each.filter((one) => one.package === name).map(({ id }) => id)]),
    ),
    enrichments: {},
  };
}
