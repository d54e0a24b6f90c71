/** Makes the exception that a transport of Nest shows to its clients: `WsException`, `RpcException`. */
export type TransportException = new (error: string | object) => Error;

const EXCEPTION = Symbol.for('nestjs-sessions:transport-exception');

interface Transported {
  [EXCEPTION]?: TransportException;
}

/** Records on a gateway, or on a controller with message handlers, which exception its transport understands. */
export function rememberException(type: object, exception: TransportException | undefined): void {
  if (exception) Object.defineProperty(type, EXCEPTION, { value: exception, configurable: true });
}

/** The exception that the transport of a gateway or controller understands, where it is known. */
export function exceptionOf(type: object | undefined): TransportException | undefined {
  const transported: Transported | undefined = type;
  return transported?.[EXCEPTION];
}

/** `WsException` of the application's own @nestjs/websockets. `undefined` where that cannot be found. */
export async function loadWsException(): Promise<TransportException | undefined> {
  try {
    return named(await import('@nestjs/websockets'), 'WsException');
  } catch {
    return undefined;
  }
}

/** `RpcException` of the application's own @nestjs/microservices. `undefined` where that cannot be found. */
export async function loadRpcException(): Promise<TransportException | undefined> {
  try {
    return named(await import('@nestjs/microservices'), 'RpcException');
  } catch {
    return undefined;
  }
}

// Node sees the names that a CommonJS package of Nest 11 re-exports only as its default export.
function named(module: object, name: string): TransportException | undefined {
  const { default: whole, ...rest } = module as { default?: object };
  const exception: unknown = { ...whole, ...rest }[name as never];
  return typeof exception === 'function' ? (exception as TransportException) : undefined;
}
