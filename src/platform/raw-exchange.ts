import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';

/** Node's own request, whichever platform and protocol it came through. */
export type RawRequest = IncomingMessage | Http2ServerRequest;

/** Node's own response. Both kinds behave alike as far as sessions need them. */
export type RawResponse = ServerResponse | Http2ServerResponse;

/** Node's request behind a platform's: Fastify's `request.raw`, Express' request itself. */
export function rawRequestOf(request: unknown): RawRequest | undefined {
  const candidate = (request as { raw?: unknown } | undefined)?.raw ?? request;
  return isObject(candidate) && isObject(candidate['headers']) ? (candidate as unknown as RawRequest) : undefined;
}

/** Node's response behind a platform's: Fastify's `reply.raw`, Express' response itself. */
export function rawResponseOf(response: unknown): RawResponse | undefined {
  const candidate = (response as { raw?: unknown } | undefined)?.raw ?? response;
  return isObject(candidate) && typeof candidate['writeHead'] === 'function'
    ? (candidate as unknown as RawResponse)
    : undefined;
}

/**
 * The response that Node is sending on a request's connection, where it is the one to this request: always of HTTP/1, but
 * for a client that did not wait for the answer to its last request, and until all is sent.
 */
export function currentResponseOf(request: RawRequest): RawResponse | undefined {
  // The socket of HTTP/2 is a proxy that knows nothing of it.
  if (request.httpVersionMajor !== 1) return undefined;
  const socket = request.socket as { _httpMessage?: ServerResponse | null } | undefined;
  if (!socket) return undefined;
  const { _httpMessage: response } = socket;
  return response?.req === request ? response : undefined;
}

/** Whether Node gave the connection away for this request, so that no response belongs to it: a WebSocket's upgrade. */
export function isUpgrade(request: RawRequest): boolean {
  return (request as { upgrade?: unknown }).upgrade === true;
}

/** Whether it came through HTTP/2, whose responses warn about or lack a few things of HTTP/1. */
export function isHttp2(response: RawResponse): response is Http2ServerResponse {
  return 'stream' in response;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
