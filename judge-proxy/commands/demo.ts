/**
 * `npm run demo`: the whole chain on this machine, without key or network. The program in it sets HTTPS_PROXY and uses
 * the openai SDK; the origin and the judge model are local servers; everything between is the product.
 */

import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { launchEnvoy } from '../../envoy/launch.ts';
import { untilCarried } from '../../test/support/until-carried.ts';
import { openReader } from '../ledger/reader.ts';
import { type RunningProxy, startProxy } from '../main.ts';
import { CommandError, type CommandIo } from './command.ts';
import { prepareFolder } from './demo/folder.ts';
import { COMPOSE_PLACE, type DemoPlace, localPlace } from './demo/place.ts';
import { SCENARIOS } from './demo/scenarios.ts';
import { buildWorld } from './demo/world.ts';
import { guarded, readOptions } from './options.ts';
import { review } from './review.ts';

const HELP = `npm run demo [-- --json] [-- --no-envoy] [-- --folder DIR]

Starts Envoy, the judge proxy, a local OpenAI-compatible origin and a local judge model, sends ${SCENARIOS.length} exchanges
through the chain with the openai SDK, and shows their verdicts. No API key, no network.

  --json         print { "verdicts": [ … ] } alone
  --no-envoy     without Envoy
  --folder DIR   where certificates, ledger and log are put (data/demo); the last run's are removed
  --compose      as the service of docker-compose.yml, behind the Envoy beside it
`;

export async function demo(args: readonly string[], io: CommandIo): Promise<number> {
  return await guarded(io, HELP, async () => {
    const options = readOptions(args, {
      json: { type: 'boolean' },
      'no-envoy': { type: 'boolean' },
      folder: { type: 'string' },
      compose: { type: 'boolean' },
      help: { type: 'boolean' },
    });
    if (options.help) {
      io.stdout.write(HELP);
      return 0;
    }
    const say = (line: string) => void (options.json ? io.stderr : io.stdout).write(`${line}\n`);
    const place = options.compose ? COMPOSE_PLACE : localPlace(options.folder, options['no-envoy'] === true);
    await prepareFolder(place.folder);
    say(`Starting origin, judge model, judge proxy${options['no-envoy'] ? '' : ' and Envoy'} …`);
    await using parts = new AsyncDisposableStack();
    const world = await buildWorld(place);
    parts.defer(() => world.close());
    const proxy = await startProxy(world.config, { log: createWriteStream(join(place.folder, 'judge-proxy.log')) });
    parts.defer(() => proxy.close('done'));
    const proxyUrl = await bringUpEdge(place, proxy, options['no-envoy'] === true, parts, io);
    say(`\nA program with HTTPS_PROXY=${proxyUrl} and the openai SDK sends ${SCENARIOS.length} exchanges:\n`);
    await runClient(proxyUrl, world.caFile, say, io);
    await untilJudged(world.ledgerUrl, io.signal);
    if (!options.json) say('\nTheir verdicts, from the ledger:\n');
    const shown = await review(
      ['list', '--limit', '50', '--ledger', world.ledgerUrl, ...(options.json ? ['--json'] : [])],
      io,
    );
    if (!options.json) say(further(place));
    return shown;
  });
}

/** The address that the program is given: our own Envoy, the one beside us, or the judge proxy itself. */
async function bringUpEdge(
  place: DemoPlace,
  proxy: RunningProxy,
  withoutEnvoy: boolean,
  parts: AsyncDisposableStack,
  io: CommandIo,
): Promise<string> {
  if (place.proxyUrl !== null) {
    await untilCarried(place.proxyUrl, 'api.openai.com:443', AbortSignal.any([io.signal, AbortSignal.timeout(60_000)]));
    return place.proxyUrl;
  }
  if (withoutEnvoy) return `http://127.0.0.1:${proxy.ports.plain ?? 0}`;
  const envoy = await launchEnvoy({
    listen: { host: '127.0.0.1', port: 0 },
    adminPort: 0,
    judge: { host: '127.0.0.1', port: proxy.ports.proxy },
    certDir: place.certFolder,
    hop: 'h2',
    workDir: join(place.folder, 'envoy'),
    accessLog: join(place.folder, 'envoy-access.log'),
    concurrency: 1,
    progress: (line: string) => io.stderr.write(`${line}\n`),
  });
  parts.defer(() => envoy.stop());
  return `http://127.0.0.1:${envoy.port}`;
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

function further(place: DemoPlace): string {
  const ledger = `sqlite:${join(place.folder, 'ledger.db')}`;
  const review =
    place.proxyUrl === null ? 'npm run review --' : 'docker compose run --rm demo node judge-proxy/cli.ts review';
  return `
Look further (ID: the first characters will do):

  ${review} show ID --ledger ${ledger}
      one exchange: conversation, evidence, criteria
  ${review} list --label violation --ledger ${ledger}
      the findings alone
  ${review} costs --ledger ${ledger}
      what judging costs, beside what was judged
  ${review} list --connections --ledger ${ledger}
      what passed unread or was refused

The log, with one line a verdict: ${join(place.folder, 'judge-proxy.log')}
For real traffic: ${place.proxyUrl === null ? 'npm start' : 'docker compose up'}
`;
}
