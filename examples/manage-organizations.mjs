#!/usr/bin/env node
/**
 * Applies the organizations in a file: creates those that are missing, changes those that differ,
 * and leaves all others unchanged. Idempotent. Needs only Node 20 or newer.
 *
 *   node examples/manage-organizations.mjs [file]
 *
 * file           JSON array of organizations, each an OrganizationInput of schema/schema.graphql
 *                (default: examples/organizations.json)
 * LAYOVER_URL    address of the control plane (default: http://127.0.0.1:8081)
 * LAYOVER_TOKEN  API token (default: LAYOVER_ADMIN_TOKEN, otherwise the content of
 *                $LAYOVER_HOME/admin-token or .layover/admin-token)
 *
 * Exit codes: 0 all organizations match the file, 1 at least one failed, 2 the program could not
 * start.
 */
/* global fetch, AbortSignal */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const { env } = process;
const endpoint = `${env.LAYOVER_URL || 'http://127.0.0.1:8081'}/graphql`;

const READ = 'query ($name: String!) { organization(name: $name) { version } }';
const APPLY = `mutation ($input: OrganizationInput!, $version: Int!) {
  applyOrganization(input: $input, expectedVersion: $version) { version }
}`;

async function findToken() {
  const token = env.LAYOVER_TOKEN || env.LAYOVER_ADMIN_TOKEN;
  if (token) return token;
  const file = join(env.LAYOVER_HOME || '.layover', 'admin-token');
  return (await readFile(file, 'utf8')).trim();
}

async function readOrganizations(file) {
  const organizations = JSON.parse(await readFile(file, 'utf8'));
  if (!Array.isArray(organizations) || organizations.some(({ name }) => typeof name !== 'string'))
    throw new Error(`${file} must contain a JSON array of organizations, each with a name.`);
  return organizations;
}

/** Runs an operation. Throws an Error with codes and messages if the response contains errors. */
async function graphql(token, query, variables) {
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
    signal: AbortSignal.timeout(30_000),
  });
  const { data, errors } = await response.json();
  if (errors?.length) throw new Error(errors.map((e) => `${e.extensions?.code}: ${e.message}`).join('; '));
  return data;
}

/** Applies one organization. Returns "created", "changed, version 1 to 2", or "unchanged". */
async function apply(token, input) {
  const { organization } = await graphql(token, READ, { name: input.name });
  const before = organization?.version ?? 0;
  // With expectedVersion, a concurrent change is not overwritten: the mutation fails with
  // VERSION_CONFLICT.
  const { applyOrganization } = await graphql(token, APPLY, { input, version: before });
  if (before === 0) return 'created';
  if (applyOrganization.version === before) return 'unchanged';
  return `changed, version ${before} to ${applyOrganization.version}`;
}

async function main() {
  const file = process.argv[2] ?? join(fileURLToPath(new URL('.', import.meta.url)), 'organizations.json');
  const [token, organizations] = await Promise.all([findToken(), readOrganizations(file)]);
  const count = { created: 0, changed: 0, unchanged: 0, failed: 0 };
  for (const input of organizations) {
    try {
      const outcome = await apply(token, input);
      count[outcome.split(',')[0]] += 1;
      console.log(`${input.name.padEnd(16)} ${outcome}`);
    } catch (error) {
      count.failed += 1;
      console.error(`${input.name.padEnd(16)} FAILED: ${error.cause?.message ?? error.message}`);
    }
  }
  const { created, changed, unchanged, failed } = count;
  console.log(
    `${organizations.length} organizations: ${created} created, ${changed} changed, ${unchanged} unchanged, ${failed} failed`,
  );
  process.exitCode = failed === 0 ? 0 : 1;
}

main().catch((error) => {
  console.error(error.message);
  process.exitCode = 2;
});
