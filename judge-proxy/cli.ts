/** The command line: a table of commands, each a function of its arguments and streams that returns an exit code. */

import process from 'node:process';
import type { Command, CommandIo } from './commands/command.ts';

interface Entry {
  readonly summary: string;
  /** Loaded when it is called: `review` must not pay for the proxy. */
  readonly load: () => Promise<Command>;
}

const COMMANDS: Readonly<Record<string, Entry>> = {
  start: {
    summary: 'certificates, judge proxy, ledger and Envoy in one go (npm start)',
    load: async () => (await import('./commands/start.ts')).start,
  },
  serve: {
    summary: 'the judge proxy alone, behind an Envoy that runs elsewhere',
    load: async () => (await import('./commands/serve.ts')).serve,
  },
  demo: {
    summary: 'a dozen exchanges through the whole chain, without key or network (npm run demo)',
    load: async () => (await import('./commands/demo.ts')).demo,
  },
  review: {
    summary: 'the ledger in the terminal: list, show ID, tail (npm run review)',
    load: async () => (await import('./commands/review.ts')).review,
  },
  users: {
    summary: 'users of the review console: list, add, reset a lost password (npm run users)',
    load: async () => (await import('./commands/users.ts')).users,
  },
  verify: {
    summary: 'checks that the ledger is what was written, and names the first record that is not (npm run verify)',
    load: async () => (await import('./commands/verify.ts')).verify,
  },
  erase: {
    summary: 'erases from the ledger while the proxy is stopped (npm run erase)',
    load: async () => (await import('./commands/erase.ts')).erase,
  },
  export: {
    summary: 'records of the ledger for other systems: JSONL, CSV, OCSF, OTLP, Elastic, Splunk (npm run export)',
    load: async () => (await import('./commands/export.ts')).exportRecords,
  },
  eval: {
    summary: 'how well a judge does on labelled pairs: a card (npm run eval)',
    load: async () => (await import('./commands/eval.ts')).evaluate,
  },
  replay: {
    summary: 'judges recorded exchanges again, and says what would change (npm run replay)',
    load: async () => (await import('./commands/replay.ts')).replay,
  },
  'check-policy': {
    summary: 'explains what is wrong with a rubric, or prints its hash and what it asks',
    load: async () => (await import('./commands/check-policy.ts')).checkPolicy,
  },
  'check-config': {
    summary: 'checks a configuration, prints it with its defaults and says which route wins',
    load: async () => (await import('./commands/check-config.ts')).checkConfig,
  },
  docs: {
    summary: 'writes the generated pages of docs/, or with --check says which are out of date',
    load: async () => (await import('./commands/docs.ts')).docs,
  },
};

const HELP = `judge-proxy COMMAND [options]

${Object.entries(COMMANDS)
  .map(([name, entry]) => `  ${name.padEnd(14)}${entry.summary}`)
  .join('\n')}

judge-proxy COMMAND --help tells more. Certificates: npm run certs -- --help
`;

/** Ends the first run of a command by `signal`; a second signal ends the process at once. */
function untilSignal(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(130);
      controller.abort(name);
    });
  }
  return controller.signal;
}

async function main([name, ...args]: readonly string[]): Promise<number> {
  const entry = name !== undefined && Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (entry === undefined) {
    const asked = name === undefined || name === '--help' || name === 'help';
    (asked ? process.stdout : process.stderr).write(asked ? HELP : `There is no command '${name}'.\n\n${HELP}`);
    return asked ? 0 : 2;
  }
  const { stdout, stderr, env } = process;
  const io: CommandIo = {
    ...{ stdout, stderr, env, signal: untilSignal() },
    // Opened by whoever asks: an open standard input keeps a process alive.
    get stdin() {
      return process.stdin;
    },
  };
  const command = await entry.load();
  return await command(args, io);
}

// A reader that has seen enough (`review list | head`) closes the pipe: that is not a failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

const code = await main(process.argv.slice(2));
// Handles that belong to others (a pager's pipe, a debugger) must not keep a finished command alive.
process.exitCode = code;
if (code !== 0) process.exit(code);
