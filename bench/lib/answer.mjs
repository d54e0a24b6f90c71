/** Answers a parent's messages `{ ask, … }` by the functions of the same name; see lib/child.mjs. */
export function answer(functions) {
  const respond = async ({ ask, ...parameters }) => {
    try {
      process.send({ answer: await functions[ask](parameters) });
    } catch (error) {
      process.send({ error: error?.stack ?? String(error) });
    }
  };
  process.on('message', (message) => void respond(message));
  // The parent has exited.
  process.on('disconnect', () => process.exit());
  process.on('SIGTERM', () => process.exit());
}
