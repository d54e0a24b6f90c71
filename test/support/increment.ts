/** Source text for a separate process: increments the session `counter` of `storage`, in parallel with others. */
export const INCREMENT = `
  let current = await storage.read('counter');
  for (;;) {
    const value = String(Number(current.value) + 1);
    const result = await storage.replace('counter', { value, expiresAt }, current.version);
    if (result.status === 'replaced') break;
    current = result.current;
  }
`;
