/** The permissions of a token, from most to least. */
export const Role = { ADMIN: 'ADMIN', MANAGER: 'MANAGER', READER: 'READER' } as const;
export type Role = (typeof Role)[keyof typeof Role];

/** The order of roles: a role may do everything that a role with a smaller number may do. */
export const ROLE_RANK: Readonly<Record<Role, number>> = { ADMIN: 3, MANAGER: 2, READER: 1 };
