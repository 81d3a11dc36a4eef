import type { Checked } from './parts/checked';
import type { Console } from './report/console';
import { formatBytes, formatCount, formatDuration, formatNumber } from './report/format';
import type { FsckOptions } from './parts/fsck-parts';
import { describeJournals, type SeenJournal } from './report/journals';
import type { FsckReport } from './report/report';

/** The exit codes of the command, by outcome. */
export const EXIT = { CLEAN: 0, REPAIRED: 0, PROBLEMS: 1, INTERRUPTED: 2, FAILED: 2 } as const;

/** The outcome of a run. */
export type Outcome = keyof typeof EXIT;

/** The data of the summary. */
export interface Summary {
  readonly options: FsckOptions & { readonly json: boolean };
  readonly checked: Checked;
  readonly report: FsckReport;
  /** The journals of the data planes that answered. */
  readonly journals: readonly SeenJournal[];
  /** In milliseconds. */
  readonly tookMs: number;
  /**
   * Why the run ended early, and in which phase (empty before the first one); undefined if it
   * completed.
   */
  readonly cutOff:
    { readonly outcome: 'INTERRUPTED' | 'FAILED'; readonly at: string; readonly reason: string } | undefined;
}

/** Returns the outcome of a run. */
export function outcomeOf({ report, cutOff }: Summary): Outcome {
  if (cutOff !== undefined) return cutOff.outcome;
  if (report.found === 0) return 'CLEAN';
  return report.repaired === report.found ? 'REPAIRED' : 'PROBLEMS';
}

/** Prints the summary to stdout. */
export function writeSummary(console: Console, summary: Summary): void {
  if (summary.options.json) console.result(JSON.stringify(toJson(summary)));
  else for (const line of toText(summary)) console.result(line);
}

function toJson(summary: Summary): object {
  const { options, checked, report, journals, tookMs, cutOff } = summary;
  return {
    type: 'summary',
    outcome: outcomeOf(summary),
    repair: options.repair,
    quick: options.quick,
    checked,
    found: report.found,
    repaired: report.repaired,
    kinds: Object.fromEntries(report.entries()),
    journals: describeJournals(journals),
    seconds: Math.round(tookMs / 1000),
    ...(cutOff === undefined ? {} : { at: cutOff.at, reason: cutOff.reason }),
  };
}

function toText(summary: Summary): readonly string[] {
  const { options, checked, report, journals, tookMs, cutOff } = summary;
  const { found, repaired } = report;
  if (cutOff?.at === '') return [cutOff.reason];
  const read = options.quick ? 'not read' : `${formatBytes(checked.bytes)} read`;
  const lines = [
    `Checked in ${formatDuration(tookMs)}: ${formatCount(checked.origins, 'upstream')}, ${formatCount(checked.rows, 'row')}, ` +
      `${formatCount(checked.blobs, 'blob')} (${read}).`,
    ...report
      .entries()
      .map(
        ([kind, tally]) =>
          `  ${kind}: ${formatNumber(tally.found)}${tally.repaired > 0 ? `, ${formatNumber(tally.repaired)} repaired` : ''}`,
      ),
  ];
  lines.push(...describeJournals(journals));
  if (cutOff !== undefined) {
    const stopped = cutOff.outcome === 'INTERRUPTED' ? 'Stopped' : 'Could not continue';
    lines.push(`${stopped} at ${cutOff.at}. ${cutOff.reason}`);
  } else if (found === 0) lines.push('No problems found.');
  else if (repaired === found) lines.push(`${formatCount(found, 'problem')}, all repaired.`);
  else if (repaired > 0)
    lines.push(`${formatCount(found, 'problem')}, ${formatNumber(found - repaired)} not repaired.`);
  else lines.push(`${formatCount(found, 'problem')}. ${options.repair ? 'None could be repaired.' : HOW_TO_REPAIR}`);
  if (options.quick && cutOff === undefined)
    lines.push('Stored content was not read, so damaged bytes were not detected (--quick).');
  return lines;
}

const HOW_TO_REPAIR = 'Nothing was changed. To repair, run: npm run fsck -- --repair';
