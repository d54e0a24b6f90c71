// Prints whether this CommonJS application and the ES modules it loads meet the same classes.
import required = require('nestjs-sessions');

async function compare(): Promise<void> {
  const imported = await import('nestjs-sessions');
  console.log(required.SessionsModule === imported.SessionsModule && required.SessionError === imported.SessionError);
}

void compare();
