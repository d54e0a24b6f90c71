import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';

/** Node's request of any platform and protocol. */
export type RawRequest = IncomingMessage | Http2ServerRequest;

/** Node's response; both kinds behave alike here. */
export type RawResponse = ServerResponse | Http2ServerResponse;

/** Fastify's `request.raw` or Express' request. */
export function rawRequestOf(request: unknown): RawRequest | undefined {
  const candidate = (request as { raw?: unknown } | undefined)?.raw ?? request;
  return isObject(candidate) && isObject(candidate['headers']) ? (candidate as unknown as RawRequest) : undefined;
}

/** Fastify's `reply.raw` or Express' response. */
export function rawResponseOf(response: unknown): RawResponse | undefined {
  const candidate = (response as { raw?: unknown } | undefined)?.raw ?? response;
  return isObject(candidate) && typeof candidate['writeHead'] === 'function'
    ? (candidate as unknown as RawResponse)
    : undefined;
}

/** The response to an HTTP/1 request, unless it is sent completely, or the client is pipelining. */
export function currentResponseOf(request: RawRequest): RawResponse | undefined {
  // The socket of HTTP/2 is a proxy without it.
  if (request.httpVersionMajor !== 1) return undefined;
  const socket = request.socket as { _httpMessage?: ServerResponse | null } | undefined;
  if (!socket) return undefined;
  const { _httpMessage: response } = socket;
  return response?.req === request ? response : undefined;
}

/** Whether Node gave the connection away, as for a WebSocket, so that there is no response. */
export function isUpgrade(request: RawRequest): boolean {
  return (request as { upgrade?: unknown }).upgrade === true;
}

/** Lacks some HTTP/1 features, or warns about them. */
export function isHttp2(response: RawResponse): response is Http2ServerResponse {
  return 'stream' in response;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
