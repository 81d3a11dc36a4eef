import { CLIENT_OPERATIONS, type ClientName, type ClientOperationName, CLIENTS } from './clients';
import { printTable, wrapText } from './print-table';

/** Returns the section of docs/compatibility.md about clients. */
export function printClients(): string {
  const operations = Object.keys(CLIENT_OPERATIONS) as readonly ClientOperationName[];
  const clients = Object.keys(CLIENTS) as readonly ClientName[];
  const observed = [...new Set(clients.flatMap((client) => Object.values(CLIENTS[client].failures)))];
  const cell = (client: ClientName, operation: ClientOperationName): string => {
    if (CLIENTS[client].lacks?.includes(operation) === true) return '–';
    const failure = CLIENTS[client].failures[operation];
    return failure === undefined ? 'yes' : `no (${observed.indexOf(failure) + 1})`;
  };
  return [
    '## Clients',
    '',
    'Each client is the real program, in front of a whole Layover with distribution as its upstream.',
    '`–`: the client has no such operation.',
    '',
    printTable(
      ['Client', ...operations],
      clients.map((client) => [CLIENTS[client].name, ...operations.map((operation) => cell(client, operation))]),
    ),
    '',
    'The client …',
    '',
    ...operations.map((operation) => wrapText(`- ${operation}: ${CLIENT_OPERATIONS[operation]}.`, '  ')),
    '',
    ...(observed.length === 0
      ? []
      : ['Known failures:', '', ...observed.map((text, at) => wrapText(`${at + 1}. ${text}`, '   ')), '']),
  ].join('\n');
}
