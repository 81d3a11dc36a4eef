import { defaultFieldResolver, type GraphQLSchema } from 'graphql';
import type { GraphqlContext } from '../request/context';
import { ApiError } from '../../errors/api-error';
import { ACCESS_RULES, type AccessRule, type RootArguments } from './access-rules';
import { ROLE_RANK } from '../../tenancy/tokens/role';
import type { Viewer } from '../../tenancy/tokens/viewer';

/** Throws FORBIDDEN unless the rule allows the viewer. */
export function authorize(viewer: Viewer, rule: AccessRule, args: RootArguments): void {
  if (ROLE_RANK[viewer.role] < ROLE_RANK[rule.role])
    throw new ApiError(
      'FORBIDDEN',
      `This field needs a token of role ${rule.role}; your token has role ${viewer.role}.`,
    );
  if (viewer.organization === undefined || rule.scoped) return;
  if (rule.organization === undefined || rule.organization(args) !== viewer.organization.name)
    throw new ApiError(
      'FORBIDDEN',
      `Your token is bound to organization '${viewer.organization.name}' and has no access to others.`,
    );
}

/**
 * Checks the access rules before every root field of the schema. This is the only place where roles
 * are checked. Throws an Error if rules and fields do not match one to one, so that no field can be
 * forgotten.
 */
export function guardRootFields(schema: GraphQLSchema): void {
  const unused = new Set(Object.keys(ACCESS_RULES));
  for (const type of [schema.getQueryType(), schema.getMutationType()]) {
    for (const field of Object.values(type?.getFields() ?? {})) {
      const name = `${type!.name}.${field.name}`;
      const rule = ACCESS_RULES[name];
      if (rule === undefined) throw new Error(`The root field ${name} has no access rule.`);
      unused.delete(name);
      const resolve = field.resolve ?? defaultFieldResolver;
      field.resolve = (source, args: RootArguments, context: GraphqlContext, info) => {
        authorize(context.viewer, rule, args);
        return resolve(source, args, context, info) as unknown;
      };
    }
  }
  if (unused.size > 0) throw new Error(`These access rules have no root field: ${[...unused].join(', ')}`);
}
