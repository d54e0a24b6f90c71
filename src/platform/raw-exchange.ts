import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';

export type RawRequest = IncomingMessage | Http2ServerRequest;

export type RawResponse = ServerResponse | Http2ServerResponse;

export function rawRequestOf(request: unknown): RawRequest | undefined {
  const candidate = (request as { raw?: unknown } | undefined)?.raw ?? request;
  return isObject(candidate) && isObject(candidate['headers']) ? (candidate as unknown as RawRequest) : undefined;
}

export function rawResponseOf(response: unknown): RawResponse | undefined {
  const candidate = (response as { raw?: unknown } | undefined)?.raw ?? response;
  return isObject(candidate) && typeof candidate['writeHead'] === 'function'
    ? (candidate as unknown as RawResponse)
    : undefined;
}

/** `undefined` for HTTP/2, pipelining, or a sent response. */
export function currentResponseOf(request: RawRequest): RawResponse | undefined {
  if (request.httpVersionMajor !== 1) return undefined;
  const socket = request.socket as { _httpMessage?: ServerResponse | null } | undefined;
  if (!socket) return undefined;
  const { _httpMessage: response } = socket;
  return response?.req === request ? response : undefined;
}

export function isUpgrade(request: RawRequest): boolean {
  return (request as { upgrade?: unknown }).upgrade === true;
}

export function isHttp2(response: RawResponse): response is Http2ServerResponse {
  return 'stream' in response;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
