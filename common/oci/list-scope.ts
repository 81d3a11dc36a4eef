/** The token scope of `/v2/_catalog`, as distribution and its clients write it. */
export const LIST_SCOPE = 'registry:catalog:*';
