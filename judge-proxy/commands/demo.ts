/**
 * `npm run demo`: the whole chain on this machine, without key or network. The program in it sets HTTPS_PROXY and uses
 * the openai SDK; the origin and the judge model are local servers; everything between is the product.
 */

import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { launchEnvoy, type RunningEnvoy } from '../../envoy/launch.ts';
import { openReader } from '../ledger/reader.ts';
import { type RunningProxy, startProxy } from '../main.ts';
import { CommandError, type CommandIo } from './command.ts';
import { SCENARIOS } from './demo/scenarios.ts';
import { buildWorld, type DemoWorld } from './demo/world.ts';
import { guarded, readOptions } from './options.ts';
import { review } from './review.ts';

const HELP = `npm run demo [-- --json] [-- --no-envoy] [-- --folder DIR]

Starts Envoy, the judge proxy, a local OpenAI-compatible origin and a local judge model, sends ${SCENARIOS.length} exchanges
through the chain with the openai SDK, and shows their verdicts. No API key, no network.

  --json         print { "verdicts": [ … ] } alone
  --no-envoy     without Envoy
  --folder DIR   where certificates, ledger and log are put (data/demo, emptied first)
`;

export async function demo(args: readonly string[], io: CommandIo): Promise<number> {
  return await guarded(io, HELP, async () => {
    const options = readOptions(args, {
      json: { type: 'boolean' },
      'no-envoy': { type: 'boolean' },
      folder: { type: 'string' },
      help: { type: 'boolean' },
    });
    if (options.help) {
      io.stdout.write(HELP);
      return 0;
    }
    const folder = resolve(options.folder ?? 'data/demo');
    const say = (line: string) => void (options.json ? io.stderr : io.stdout).write(`${line}\n`);
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    say('Starting origin, judge model, judge proxy' + (options['no-envoy'] ? ' …' : ' and Envoy …'));
    await using parts = new AsyncDisposableStack();
    const world = await buildWorld(folder, options['no-envoy'] === true);
    parts.defer(() => world.close());
    const log = createWriteStream(join(folder, 'judge-proxy.log'));
    const proxy = await startProxy(world.config, { log });
    parts.defer(() => proxy.close('done'));
    const envoy = options['no-envoy'] ? null : await startEnvoy(world, proxy, folder, io);
    if (envoy !== null) parts.defer(() => envoy.stop());
    const proxyUrl = `http://127.0.0.1:${envoy?.port ?? proxy.ports.plain ?? 0}`;
    say(`\nA program with HTTPS_PROXY=${proxyUrl} and the openai SDK sends ${SCENARIOS.length} exchanges:\n`);
    await runClient(proxyUrl, world.caFile, say, io);
    await untilJudged(world.ledgerUrl, io.signal);
    if (!options.json) say('\nTheir verdicts, from the ledger:\n');
    const shown = await review(
      ['list', '--limit', '50', '--ledger', world.ledgerUrl, ...(options.json ? ['--json'] : [])],
      io,
    );
    if (!options.json) say(further(folder));
    return shown;
  });
}

async function startEnvoy(world: DemoWorld, proxy: RunningProxy, folder: string, io: CommandIo): Promise<RunningEnvoy> {
  return await launchEnvoy({
    listen: { host: '127.0.0.1', port: 0 },
    adminPort: 0,
    judge: { host: '127.0.0.1', port: proxy.ports.proxy },
    certDir: world.certFolder,
    hop: 'h2',
    workDir: join(folder, 'envoy'),
    accessLog: join(folder, 'envoy-access.log'),
    concurrency: 1,
    progress: (line: string) => io.stderr.write(`${line}\n`),
  });
}

/** Runs the SDK in a process of its own, with nothing of ours but three environment variables. */
async function runClient(proxyUrl: string, caFile: string, say: (line: string) => void, io: CommandIo): Promise<void> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'demo/client.ts')], {
    env: {
      ...process.env,
      HTTPS_PROXY: proxyUrl,
      NO_PROXY: '',
      no_proxy: '',
      NODE_USE_ENV_PROXY: '1',
      NODE_EXTRA_CA_CERTS: caFile,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    signal: io.signal,
  });
  const complaints: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => complaints.push(line));
  let number = 0;
  createInterface({ input: child.stdout }).on('line', (line) => {
    const { title, outcome } = JSON.parse(line) as { title: string; outcome: string };
    number += 1;
    const short = outcome.replaceAll(/\s+/g, ' ');
    say(`  ${String(number).padStart(2)}  ${title.padEnd(38)} ${short.length > 60 ? `${short.slice(0, 59)}…` : short}`);
  });
  const code = await new Promise<number | null>((done, fail) => {
    child.once('error', fail);
    child.once('close', done);
  });
  if (code !== 0)
    throw new CommandError(`The demo's client failed (exit code ${code}):\n${complaints.slice(-5).join('\n')}`);
}

/** Until no job waits for the judge: the ledger is asked, since it is the ledger that is shown afterwards. */
async function untilJudged(ledgerUrl: string, signal: AbortSignal): Promise<void> {
  const reader = await openReader(ledgerUrl);
  try {
    for (;;) {
      const { jobs, open } = await reader.stats();
      if ((jobs === 0 && open === 0) || signal.aborted) return;
      await new Promise((done) => setTimeout(done, 50));
    }
  } finally {
    await reader.close();
  }
}

function further(folder: string): string {
  const ledger = `sqlite:${join(folder, 'ledger.db')}`;
  return `
Look further:

  npm run review -- show ID --ledger ${ledger}          one exchange: conversation, evidence, criteria
  npm run review -- list --label violation --ledger ${ledger}
  npm run review -- list --connections --ledger ${ledger}   what passed unread or was refused

The log with one line a verdict: ${join(folder, 'judge-proxy.log')}
For real traffic: npm start
`;
}
