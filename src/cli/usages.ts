export const KEY_USAGE = `nestjs-sessions key [--append <env file>] [--name SESSION_KEY]

Prints a new key: 256 random bits as base64url. With --append, adds it to an env file instead and does not print it.
The file is created with mode 600. An existing variable is not changed.`;

export const EXPLAIN_USAGE = `nestjs-sessions explain <cookie> [--name <session>] [--key <key>]… [--env-file <file>] [--key-env SESSION_KEY]
                        [--transport cookie] [--storage <file>] [--module <file>] [--show]

Explains a cookie or header value: its creation time, its key, and why it is refused. <cookie> is the
value, name=value, or a whole Cookie header. Use - to read it from standard input.

--key       a key, newest first; may be repeated. Default: the variable --key-env. A key on a command line stays in the
            history of the shell: prefer --env-file.
--storage   a JavaScript file that exports a SessionStorage, to look up an id.
--module    the root module of the application: its names, keys, storages and lifetimes.
--show      prints the content of the session, too.`;

export const CHECK_USAGE = `nestjs-sessions check <module file> [--fixtures <folder>] [--strict]

Starts the application without listening and prints its sessions, warnings, and the lines of OWASP ASVS chapter 7 that
its configuration does not meet. Exit code 1 if it does not start; with --strict, also if there is a warning.

--fixtures reads saved sessions, <folder>/<session>.json or <folder>/<session>.<anything>.json, with the classes of
this build, and names each field that would be lost. Exit code 1 if there is one.`;

export const ASVS_USAGE = `nestjs-sessions asvs <module file> [--json]

Starts the application without listening and prints the 19 requirements of OWASP ASVS 5.0 chapter 7 for its
configuration: met, by option (name of the option), yours (what to do), no (what to change).`;
