import type { IncomingHttpHeaders } from 'undici/types/header';
import { decodableCodings } from './content-encoding';

/** Response headers by lower-case name. */
export class ResponseHeaders {
  constructor(private readonly raw: IncomingHttpHeaders) {}

  /** Returns the first value of a header; undefined = not present. */
  get(name: string): string | undefined {
    const value = this.raw[name.toLowerCase()];
    return Array.isArray(value) ? value[0] : value;
  }

  /** Returns all values of a header that may be repeated. */
  all(name: string): readonly string[] {
    const value = this.raw[name.toLowerCase()];
    return value === undefined ? [] : Array.isArray(value) ? value : [value];
  }

  /** Returns Content-Length in bytes; undefined if it is missing or invalid. */
  get contentLength(): number | undefined {
    const value = this.get('content-length');
    return value !== undefined && /^\d{1,15}$/.test(value) ? Number(value) : undefined;
  }

  /**
   * Returns the codings in Content-Encoding that can be decoded, in the order in which they were
   * applied; empty = the bytes are not encoded.
   */
  get codings(): readonly string[] {
    return decodableCodings(this.all('content-encoding').join(','));
  }
}
