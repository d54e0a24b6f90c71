/** `WsException` or `RpcException`. */
export type TransportException = new (error: string | object) => Error;

const EXCEPTION = Symbol.for('nestjs-sessions:transport-exception');

interface Transported {
  [EXCEPTION]?: TransportException;
}

export interface ToldError {
  readonly status: 'error';
  readonly code: string;
  readonly message: string;
}

const TOLD = Symbol.for('nestjs-sessions:told-error');

/** Creates a {@link ToldError}, marked for {@link forwardExceptions}. */
export function toldError(code: string, message: string): ToldError {
  const told: ToldError = { status: 'error', code, message };
  return Object.defineProperty(told, TOLD, { value: true });
}

interface NativeSocket {
  readonly readyState?: unknown;
  send?(text: string): void;
  on?(event: string, listener: (payload: unknown) => void): void;
}

/** Sends rejections to native WebSockets. Nest 11 only emits them on the server's own object. */
export function forwardExceptions(socket: NativeSocket): void {
  if (typeof socket.readyState !== 'number' || typeof socket.send !== 'function') return;
  socket.on?.('exception', (payload) => {
    const isOurs = typeof payload === 'object' && payload !== null && Object.hasOwn(payload, TOLD);
    if (isOurs) socket.send?.(JSON.stringify({ event: 'exception', data: payload }));
  });
}

export function rememberException(type: object, exception: TransportException | undefined): void {
  if (exception) Object.defineProperty(type, EXCEPTION, { value: exception, configurable: true });
}

export function exceptionOf(type: object | undefined): TransportException | undefined {
  const transported: Transported | undefined = type;
  return transported?.[EXCEPTION];
}

/** `undefined` if the application has no @nestjs/websockets. */
export async function loadWsException(): Promise<TransportException | undefined> {
  try {
    return named(await import('@nestjs/websockets'), 'WsException');
  } catch {
    return undefined;
  }
}

/** `undefined` if the application has no @nestjs/microservices. */
export async function loadRpcException(): Promise<TransportException | undefined> {
  try {
    return named(await import('@nestjs/microservices'), 'RpcException');
  } catch {
    return undefined;
  }
}

// Node exposes re-exports of Nest 11's CommonJS packages only on the default export.
function named(module: object, name: string): TransportException | undefined {
  const { default: whole, ...rest } = module as { default?: object };
  const exception: unknown = { ...whole, ...rest }[name as never];
  return typeof exception === 'function' ? (exception as TransportException) : undefined;
}
