/** What a token may do, from most to least. */
export const Role = { ADMIN: 'ADMIN', MANAGER: 'MANAGER', READER: 'READER' } as const;
export type Role = (typeof Role)[keyof typeof Role];

/** How far a role reaches: a larger number may do all that a smaller one may. */
export const ROLE_RANK: Readonly<Record<Role, number>> = { ADMIN: 3, MANAGER: 2, READER: 1 };
