/** A key as an application would have it, in base64url, and its 32 bytes. */
export const KEY = 'bTJ5x0zq8Wc1vKf4RaY7uNd2Ls9Ph6GtEi3Oo5MkXjQ';
export const KEY_BYTES = Buffer.from(KEY, 'base64url');
