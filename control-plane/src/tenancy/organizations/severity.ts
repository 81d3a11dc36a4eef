/** The severity of a vulnerability, as normalized by Clair. */
export const Severity = {
  UNKNOWN: 'UNKNOWN',
  NEGLIGIBLE: 'NEGLIGIBLE',
  LOW: 'LOW',
  MEDIUM: 'MEDIUM',
  HIGH: 'HIGH',
  CRITICAL: 'CRITICAL',
} as const;
export type Severity = (typeof Severity)[keyof typeof Severity];

/** All severities from lowest to highest. The database stores the index. */
export const SEVERITIES: readonly Severity[] = ['UNKNOWN', 'NEGLIGIBLE', 'LOW', 'MEDIUM', 'HIGH', 'CRITICAL'];

/** Returns the number of a severity. Higher numbers are more severe. */
export function rankOf(severity: Severity): number {
  return SEVERITIES.indexOf(severity);
}

/** Returns the severity for a number of {@link rankOf}. */
export function severityOf(rank: number): Severity {
  return SEVERITIES[rank] ?? 'UNKNOWN';
}
