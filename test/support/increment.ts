/** Source text for a process of its own: adds one to the session `counter` of `storage`, whoever else does so meanwhile. */
export const INCREMENT = `
  let current = await storage.read('counter');
  for (;;) {
    const value = String(Number(current.value) + 1);
    const result = await storage.replace('counter', { value, expiresAt }, current.version);
    if (result.status === 'replaced') break;
    current = result.current;
  }
`;
