import { defaultFieldResolver, type GraphQLSchema } from 'graphql';
import type { RequestContext } from '../request/context';
import { ApiError } from '../../errors/api-error';
import { ACCESS_RULES, type AccessRule, type RootArguments } from './access-rules';
import { ROLE_RANK } from '../../tenancy/tokens/role';
import type { Viewer } from '../../tenancy/tokens/viewer';

/** Throws FORBIDDEN unless the rule lets the viewer in. */
export function authorize(viewer: Viewer, rule: AccessRule, args: RootArguments): void {
  if (ROLE_RANK[viewer.role] < ROLE_RANK[rule.role])
    throw new ApiError('FORBIDDEN', `This needs a token of role ${rule.role}; yours has ${viewer.role}.`);
  if (viewer.organization === undefined || rule.scoped) return;
  if (rule.organization === undefined || rule.organization(args) !== viewer.organization.name)
    throw new ApiError('FORBIDDEN', `Your token is bound to the organization ${viewer.organization.name}.`);
}

/**
 * Puts the access rules in front of every root field of the schema: the one place where roles are checked.
 * Throws an Error when rules and fields don't match one to one, so that no field can be forgotten.
 */
export function guardRootFields(schema: GraphQLSchema): void {
  const unused = new Set(Object.keys(ACCESS_RULES));
  for (const type of [schema.getQueryType(), schema.getMutationType()]) {
    for (const field of Object.values(type?.getFields() ?? {})) {
      const name = `${type!.name}.${field.name}`;
      const rule = ACCESS_RULES[name];
      if (rule === undefined) throw new Error(`${name} has no access rule`);
      unused.delete(name);
      const resolve = field.resolve ?? defaultFieldResolver;
      field.resolve = (source, args: RootArguments, context: RequestContext, info) => {
        authorize(context.viewer, rule, args);
        return resolve(source, args, context, info) as unknown;
      };
    }
  }
  if (unused.size > 0) throw new Error(`access rules without a field: ${[...unused].join(', ')}`);
}
