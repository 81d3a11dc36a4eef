import { Role } from '../types/enums';

/** The arguments of a root field. */
export type RootArguments = Readonly<Record<string, unknown>>;

/**
 * Who may use a root field. `organization` returns the organization that the field is about: a
 * token bound to another organization is refused, whether or not the organization exists. Without
 * `organization`, the field needs role ADMIN, unless it is `scoped`: then a bound token only sees
 * its own organization.
 */
export interface AccessRule {
  readonly role: Role;
  readonly organization?: (args: RootArguments) => unknown;
  readonly scoped?: true;
}

const READ_SCOPED: AccessRule = { role: Role.READER, scoped: true };
const ADMIN: AccessRule = { role: Role.ADMIN };

/**
 * The access rules of all queries and mutations. The schema cannot be built if a root field has no
 * rule, or a rule has no field. Objects below a root field belong to the organization that the root
 * field was allowed for.
 */
export const ACCESS_RULES: Readonly<Record<string, AccessRule>> = {
  'Query.viewer': READ_SCOPED,
  'Query.buildInfo': READ_SCOPED,
  'Query.node': READ_SCOPED,
  'Query.organization': within(Role.READER, 'name'),
  'Query.organizations': READ_SCOPED,
  'Query.repository': within(Role.READER, 'organization'),
  'Query.manifest': within(Role.READER, 'organization'),
  'Query.auditEvents': READ_SCOPED,
  'Query.systemSettings': READ_SCOPED,
  'Query.vulnerability': READ_SCOPED,
  'Mutation.createOrganization': ADMIN,
  'Mutation.updateOrganization': within(Role.MANAGER, 'name'),
  'Mutation.applyOrganization': {
    role: Role.MANAGER,
    organization: (args) => (args['input'] as { readonly name?: unknown } | undefined)?.name,
  },
  'Mutation.deleteOrganization': ADMIN,
  'Mutation.validateProxyCache': { role: Role.MANAGER, scoped: true },
  'Mutation.createRobot': within(Role.MANAGER, 'organization'),
  'Mutation.rotateRobotSecret': within(Role.MANAGER, 'organization'),
  'Mutation.setRobotExpiration': within(Role.MANAGER, 'organization'),
  'Mutation.setRobotOrganizations': ADMIN,
  'Mutation.deleteRobot': within(Role.MANAGER, 'organization'),
  'Mutation.createApiToken': ADMIN,
  'Mutation.revokeApiToken': ADMIN,
  'Mutation.setTagExpiration': within(Role.MANAGER, 'organization'),
  'Mutation.deleteTag': within(Role.MANAGER, 'organization'),
  'Mutation.restoreTag': within(Role.MANAGER, 'organization'),
  'Mutation.purgeRepository': within(Role.MANAGER, 'organization'),
  'Mutation.collectGarbage': ADMIN,
  'Mutation.rescanManifest': within(Role.MANAGER, 'organization'),
  'Mutation.updateSystemSettings': ADMIN,
};

function within(role: Role, argument: string): AccessRule {
  return { role, organization: (args) => args[argument] };
}
