/** How bad a vulnerability is, as Clair normalizes it. */
export const Severity = {
  UNKNOWN: 'UNKNOWN',
  NEGLIGIBLE: 'NEGLIGIBLE',
  LOW: 'LOW',
  MEDIUM: 'MEDIUM',
  HIGH: 'HIGH',
  CRITICAL: 'CRITICAL',
} as const;
export type Severity = (typeof Severity)[keyof typeof Severity];

/** From least to worst: the place in it is what the database has. */
export const SEVERITIES: readonly Severity[] = ['UNKNOWN', 'NEGLIGIBLE', 'LOW', 'MEDIUM', 'HIGH', 'CRITICAL'];

/** The number of a severity: a larger one is worse. */
export function rankOf(severity: Severity): number {
  return SEVERITIES.indexOf(severity);
}

/** The severity of a number of {@link rankOf}. */
export function severityOf(rank: number): Severity {
  return SEVERITIES[rank] ?? 'UNKNOWN';
}
