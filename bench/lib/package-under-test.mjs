// The package as it is published, not its sources.
export * from '../../dist/esm/index.js';
export * from '../../dist/esm/core/index.js';
export * from '../../dist/esm/directory/index.js';
export {
  SessionTransportTransformerDigest,
  SessionTransportTransformerEncrypt,
  SessionTransportTransformerMessageAuthentication,
} from '../../dist/esm/ktor/index.js';

/** An export of a sub-path, or `undefined` if this version of the package lacks it. */
export async function subPath(name) {
  try {
    return await import(`../../dist/esm/${name}/index.js`);
  } catch (error) {
    if (error.code === 'ERR_MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}
