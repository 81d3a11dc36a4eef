import type { IncomingHttpHeaders } from 'undici/types/header';

/** Response headers by lower-case name. */
export class ResponseHeaders {
  constructor(private readonly raw: IncomingHttpHeaders) {}

  /** The first value; undefined = not there. */
  get(name: string): string | undefined {
    const value = this.raw[name.toLowerCase()];
    return Array.isArray(value) ? value[0] : value;
  }

  /** All values of a header that may be repeated. */
  all(name: string): readonly string[] {
    const value = this.raw[name.toLowerCase()];
    return value === undefined ? [] : Array.isArray(value) ? value : [value];
  }

  /** Content-Length in bytes; undefined where there is none or it is no number. */
  get contentLength(): number | undefined {
    const value = this.get('content-length');
    return value !== undefined && /^\d{1,15}$/.test(value) ? Number(value) : undefined;
  }

  /** Content-Encoding in lower case; undefined = the bytes are as they are. */
  get contentEncoding(): string | undefined {
    const value = this.get('content-encoding')?.trim().toLowerCase() ?? '';
    return value === '' || value === 'identity' ? undefined : value;
  }
}
