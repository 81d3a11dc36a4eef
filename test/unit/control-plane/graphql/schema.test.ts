import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  buildSchema,
  type GraphQLArgument,
  type GraphQLInputField,
  type GraphQLInputObjectType,
  type GraphQLNamedType,
  type GraphQLObjectType,
  type GraphQLSchema,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  isRequiredArgument,
  isRequiredInputField,
} from 'graphql';
import { packageRoot } from '../../../../common/runtime/package-root';
import { API_ERROR_CODES } from '../../../../control-plane/src/errors/api-error-codes';
import { printGraphqlSchema } from '../../../../control-plane/src/graphql/print-schema';
import { buildGraphqlSchema } from '../../../../control-plane/src/graphql/schema';

const file = (name: string): string => readFileSync(join(packageRoot(), 'schema', name), 'utf8');

/** Returns one line for each part of a schema, with its type, nullability and default. */
function describe_(schema: GraphQLSchema): readonly string[] {
  return Object.values(schema.getTypeMap())
    .filter((type) => !type.name.startsWith('__'))
    .flatMap((type) => [`${kindOf(type)} ${type.name}`, ...parts(type)]);
}

function kindOf(type: GraphQLNamedType): string {
  return type.constructor.name;
}

function parts(type: GraphQLNamedType): readonly string[] {
  if (isEnumType(type)) return type.getValues().map((value) => `${type.name}.${value.name}`);
  if (isInputObjectType(type)) return Object.values(type.getFields()).map((field) => `${type.name}.${input(field)}`);
  if (!isObjectType(type) && !isInterfaceType(type)) return [];
  const fields = Object.values(type.getFields()).flatMap((field) => [
    `${type.name}.${field.name}: ${String(field.type)}`,
    ...field.args.map((argument) => `${type.name}.${field.name}(${input(argument)})`),
  ]);
  return [...fields, ...type.getInterfaces().map((each) => `${type.name} implements ${each.name}`)];
}

function input(value: GraphQLArgument | GraphQLInputField): string {
  const fallback = value.defaultValue === undefined ? '' : ` = ${JSON.stringify(value.defaultValue)}`;
  return `${value.name}: ${String(value.type)}${fallback}`;
}

describe('the GraphQL schema', () => {
  const emitted = buildGraphqlSchema();

  test('has every type, field, argument, value, nullability and default of the contract', () => {
    const have = new Set(describe_(buildSchema(printGraphqlSchema(emitted))));
    const missing = describe_(buildSchema(file('contract.graphql'))).filter((line) => !have.has(line));
    expect(missing).toEqual([]);
  });

  test('requires no argument and no input field that the contract does not have', () => {
    const contract = buildSchema(file('contract.graphql'));
    const known = new Set(describe_(contract).map((line) => line.replace(/:.*/, '')));
    const needed = Object.values(emitted.getTypeMap()).flatMap((type) => {
      // Clients of the contract never use a type that it does not have.
      if (contract.getType(type.name) === undefined) return [];
      if (isInputObjectType(type))
        return Object.values(type.getFields())
          .filter(isRequiredInputField)
          .map((field) => `${type.name}.${field.name}`);
      if (!isObjectType(type) && !isInterfaceType(type)) return [];
      // The same holds for fields.
      const fields = Object.values(type.getFields()).filter(({ name }) => known.has(`${type.name}.${name}`));
      return fields.flatMap((field) =>
        field.args.filter(isRequiredArgument).map((argument) => `${type.name}.${field.name}(${argument.name}`),
      );
    });
    expect(needed.length).toBeGreaterThan(30);
    expect(needed.filter((name) => !known.has(name))).toEqual([]);
  });

  test('matches schema/schema.graphql (written by npm run generate:schema)', () => {
    expect(file('schema.graphql')).toBe(printGraphqlSchema(emitted));
  });

  test('describes every query and mutation, or the type that it returns', () => {
    const undescribed = [emitted.getQueryType(), emitted.getMutationType()]
      .flatMap((type) => Object.values(type!.getFields()))
      .filter((field) => !field.description);
    expect(undescribed.map((field) => field.name)).toEqual([]);
  });

  test('describes every input field, and the meaning of null in UpstreamStatus', () => {
    const undescribed = Object.values(emitted.getTypeMap())
      .filter((type) => isInputObjectType(type) || type.name === 'UpstreamStatus')
      .flatMap((type) => Object.values((type as GraphQLInputObjectType | GraphQLObjectType).getFields()))
      .filter((field) => !field.description);
    expect(undescribed.map((field) => field.name)).toEqual([]);
  });

  test('mentions the unit of every number of seconds', () => {
    const seconds = Object.values(emitted.getTypeMap()).flatMap((type) =>
      isInputObjectType(type) || isObjectType(type)
        ? Object.values(type.getFields()).filter(({ name }) => name.endsWith('Seconds'))
        : [],
    );
    expect(seconds.length).toBeGreaterThan(8);
    for (const { name, description } of seconds)
      expect([name, description]).toEqual([name, expect.stringMatching(/seconds/)]);
  });

  test('lists every error code, and no description names another one', () => {
    const text = printGraphqlSchema(emitted);
    for (const [code, { meaning }] of Object.entries(API_ERROR_CODES))
      expect(text).toContain(`- \`${code}\`: ${meaning}`);
    const named = [...text.matchAll(/Errors: ([^"]*)/g)].flatMap(([, list]) => list!.match(/\b[A-Z_]{4,}\b/g) ?? []);
    expect(named.length).toBeGreaterThan(20);
    expect(named.filter((code) => !Object.hasOwn(API_ERROR_CODES, code))).toEqual([]);
  });

  test('lists the specific errors of every mutation', () => {
    const silent = Object.values(emitted.getMutationType()!.getFields())
      // Deleting a missing object is not an error, and a name may be any text.
      .filter(({ type, description }) => String(type) !== 'Boolean!' && !description?.includes('Errors: '))
      .map(({ name }) => name);
    expect(silent).toEqual([]);
  });
});
