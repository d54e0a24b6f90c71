// Prints whether this CommonJS application and its ES modules use the same classes.
import required = require('nestjs-sessions');

async function compare(): Promise<void> {
  const imported: Record<string, unknown> = await import('nestjs-sessions');
  console.log(Object.entries(required).every(([name, value]) => Object.is(imported[name], value)));
}

void compare();
