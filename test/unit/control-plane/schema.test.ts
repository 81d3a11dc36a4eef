import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  buildSchema,
  type GraphQLArgument,
  type GraphQLInputField,
  type GraphQLNamedType,
  type GraphQLSchema,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
} from 'graphql';
import { packageRoot } from '../../../common/runtime/package-root';
import { printGraphqlSchema } from '../../../control-plane/src/graphql/print-schema';
import { buildGraphqlSchema } from '../../../control-plane/src/graphql/schema';

const file = (name: string): string => readFileSync(join(packageRoot(), 'schema', name), 'utf8');

/** A schema as lines that name every part of it with its type, nullability and default. */
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

  test('is what schema/schema.graphql says (npm run generate:schema writes it)', () => {
    expect(file('schema.graphql')).toBe(printGraphqlSchema(emitted));
  });

  test('describes every query and mutation, or the type that it gives', () => {
    const undescribed = [emitted.getQueryType(), emitted.getMutationType()]
      .flatMap((type) => Object.values(type!.getFields()))
      .filter((field) => !field.description);
    expect(undescribed.map((field) => field.name)).toEqual([]);
  });
});
