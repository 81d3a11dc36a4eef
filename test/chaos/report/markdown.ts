import { allCases, REQUEST_KINDS, TEMPERATURES } from '../cases/chaos-case';
import { FAULT_KINDS } from '../relay/fault';
import { LEGEND } from '../run/outcome';
import { PLACE_NAMES, PLACES, type Place } from '../world/place';
import type { ChaosRun } from './chaos-run';

/** Returns the generated part of docs/reliability.md. */
export function chaosSection(run: ChaosRun): string {
  const count = (letters: string): number =>
    Object.values(run.cells).filter((cell) => letters.includes(cell[0]!)).length;
  const ran = count('.ecX');
  return [
    `Seed ${run.seed}, ${run.at.slice(0, 10)}, Layover ${run.layover}, Node.js ${run.node},`,
    `${run.machine}, ${run.minutes.toFixed(0)} minutes.`,
    '',
    `${ran} cases ran. The client got right bytes in ${count('.')}, a clean error in ${count('e')},`,
    `and a connection that was cut in the middle of the answer in ${count('c')}.`,
    `${count('X')} failed. ${count('-')} more do not come to the place or moment of the fault.`,
    `${run.pulls} pulls were compared with their records.`,
    ...(run.others.length === 0
      ? []
      : ['', 'Problems that belong to no case:', '', ...run.others.map((one) => `- ${one}`)]),
    '',
    ...Object.entries(LEGEND).map(([letter, meaning]) => `- \`${letter}\` ${meaning}`),
    ...PLACE_NAMES.flatMap((place) => placeTable(place, run)),
  ].join('\n');
}

function placeTable(place: Place, { cells }: ChaosRun): readonly string[] {
  const cases = allCases().filter((one) => one.place === place && cells[one.name] !== undefined);
  const rows = REQUEST_KINDS.flatMap((request) =>
    TEMPERATURES.flatMap((temperature) => {
      const columns = FAULT_KINDS.map((fault) =>
        cases
          .filter((one) => one.request === request && one.temperature === temperature && one.fault === fault)
          .map(({ name }) => cells[name]![0])
          .join(''),
      );
      if (columns.every((letters) => /^-*$/.test(letters))) return [];
      const text = columns.map((letters) => (letters === '' ? '' : `\`${letters}\``)).join(' | ');
      return [`| ${request} ${temperature} | ${text} |`];
    }),
  );
  if (rows.length === 0) return [];
  return [
    '',
    `### \`${place}\`: ${PLACES[place].between}`,
    '',
    `| | ${FAULT_KINDS.join(' | ')} |`,
    `|---|${FAULT_KINDS.map(() => '---').join('|')}|`,
    ...rows,
  ];
}
