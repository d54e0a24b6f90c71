import { isHttp2, type RawResponse } from './raw-exchange.js';

const REFUSED = [
  ['setHeader', 'set'],
  ['setHeaders', 'set'],
  ['appendHeader', 'append'],
  ['removeHeader', 'remove'],
] as const;

/**
 * As if the head were sent.
 * @param swallows ignore header changes instead of throwing.
 * @returns undoes it.
 */
export function pretendHeadSent(
  response: RawResponse,
  ended: () => boolean,
  swallows: () => boolean = () => false,
): () => void {
  const { statusCode } = response;
  const statusMessage = isHttp2(response) ? undefined : response.statusMessage;
  const covered: Array<readonly [name: string, before: PropertyDescriptor | undefined]> = [];
  const cover = (name: string, descriptor: PropertyDescriptor): void => {
    covered.push([name, Object.getOwnPropertyDescriptor(response, name)]);
    Object.defineProperty(response, name, { configurable: true, ...descriptor });
  };
  cover('headersSent', { get: () => true });
  cover('writableEnded', { get: ended });
  for (const [name, verb] of REFUSED) {
    const refuse = (): RawResponse => {
      if (swallows()) return response;
      throw headersSent(response, verb);
    };
    cover(name, { writable: true, value: refuse });
  }
  return () => {
    for (const [name, before] of covered) {
      if (before) Object.defineProperty(response, name, before);
      else Reflect.deleteProperty(response, name);
    }
    if (response.statusCode !== statusCode) response.statusCode = statusCode;
    if (!isHttp2(response) && response.statusMessage !== statusMessage) response.statusMessage = statusMessage!;
  };
}

export function swallowHeaders(response: RawResponse): void {
  for (const [name] of REFUSED) {
    Object.defineProperty(response, name, { configurable: true, writable: true, value: () => response });
  }
}

export function headersSent(response: RawResponse, verb: string): Error {
  return isHttp2(response)
    ? Object.assign(new Error('Response has already been initiated.'), { code: 'ERR_HTTP2_HEADERS_SENT' })
    : Object.assign(new Error(`Cannot ${verb} headers after they are sent to the client`), {
        code: 'ERR_HTTP_HEADERS_SENT',
      });
}
