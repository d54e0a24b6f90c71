import type { SessionCall } from '../../call/session-call.js';
import { SessionConfigurationError, SessionTooLargeError } from '../../errors/session.errors.js';
import { checkHeaderName } from '../../transport/header-name.js';
import type { SessionTransport } from '../../transport/session-transport.js';
import type { SessionTransportTransformer } from '../../transformer/session-transport-transformer.js';
import { textOfHeader } from './ktor-cookie-encoding.js';

const MAX_CANDIDATES = 8;
const MAX_HEADER_BYTES = 8000;
const CONTROL = /[\u0000-\u0008\u000a-\u001f\u007f]/;

/** Ktor's `SessionTransportHeader`: UTF-8 without encoding. Cannot be cleared. */
export class KtorHeaderTransport implements SessionTransport {
  readonly kind = 'header';
  readonly name: string;
  readonly requestHeader: string;
  readonly transformers: readonly SessionTransportTransformer[];
  readonly #exposed: boolean;

  /**
   * @param options.exposed adds the name to `Access-Control-Expose-Headers`. Default `false`.
   * @throws {SessionConfigurationError} for an invalid name.
   */
  constructor(
    name: string,
    transformers: readonly SessionTransportTransformer[] = [],
    options: { readonly exposed?: boolean } = {},
  ) {
    checkHeaderName(name);
    this.name = name;
    this.requestHeader = name;
    this.transformers = transformers;
    this.#exposed = options.exposed ?? false;
  }

  receive(call: SessionCall): ReadonlyArray<string | undefined> {
    const value = call.requestHeader(this.name.toLowerCase());
    if (value === undefined) return [];
    if (value.length > MAX_HEADER_BYTES) return [undefined];
    return candidates(textOfHeader(value));
  }

  /** @throws {SessionConfigurationError} for a control character, {SessionTooLargeError} above 8000 bytes. */
  send(call: SessionCall, value: string): void {
    if (CONTROL.test(value)) {
      throw new SessionConfigurationError(
        `The value of header "${this.name}" contains a control character. Add a transformer such as Encrypt.`,
      );
    }
    const bytes = Buffer.from(value, 'utf8');
    if (bytes.length > MAX_HEADER_BYTES) throw new SessionTooLargeError(this.name, bytes.length, MAX_HEADER_BYTES, []);
    call.setHeader(this.name, bytes.toString('latin1'));
    if (this.#exposed) call.setHeader('Access-Control-Expose-Headers', this.name);
  }

  clear(): void {}

  toString(): string {
    return `SessionTransportHeader: ${this.name}`;
  }
}

// Node.js joins lines by a comma, which a value may contain; Ktor uses the first line.
function candidates(value: string): readonly string[] {
  const values = [value];
  for (let at = value.indexOf(', '); at !== -1 && values.length < MAX_CANDIDATES; at = value.indexOf(', ', at + 2)) {
    values.push(value.slice(0, at));
  }
  return values;
}
