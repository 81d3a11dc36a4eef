/** An address to listen on or connect to, as parseListenAddress reads it. */
export const ADDRESS = 'unix:<path> or <host>:<port>';
/** Several addresses, as parseListenAddresses reads them. */
export const ADDRESSES = 'a comma-separated list of unix:<path> or <host>:<port>';
/** A base URL that paths are appended to. */
export const BASE_URL = 'an http:// or https:// URL without user, query and fragment';
/** Path of a PEM file. */
export const FILE = 'the path of a PEM file';
/** Characters that shared secrets between planes consist of. */
export const SECRET_CHARACTERS = 'visible ASCII characters without spaces and commas';
