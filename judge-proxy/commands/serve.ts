/** `judge-proxy serve`: the judge proxy alone; Envoy runs elsewhere (docker compose, another machine). */

import { startProxy } from '../main.ts';
import { firstUserNote } from './banner.ts';
import { aborted, type CommandIo } from './command.ts';
import { prepareConsole } from './console.ts';
import { DEFAULT_CONFIG, guarded, readOptions, readRunningConfig } from './options.ts';

const HELP = `judge-proxy serve [--config FILE] [--no-build]

Runs the judge proxy: the mTLS listener that Envoy connects to, ledger, judge, health and metrics.
Stops on SIGINT or SIGTERM: open exchanges get limits.drain to end.

  --config FILE   configuration (${DEFAULT_CONFIG})
  --no-build      serves the console as it was built, also when its sources changed since
`;

export async function serve(args: readonly string[], io: CommandIo): Promise<number> {
  return await guarded(io, HELP, async () => {
    const options = readOptions(args, {
      config: { type: 'string' },
      'no-build': { type: 'boolean' },
      help: { type: 'boolean' },
    });
    if (options.help) {
      io.stdout.write(HELP);
      return 0;
    }
    const config = await readRunningConfig(options.config, io);
    if (options['no-build'] !== true) await prepareConsole(io);
    const proxy = await startProxy(config);
    // On standard error: standard output is the log, and the log is kept.
    if (proxy.firstUser !== null) io.stderr.write(firstUserNote(proxy.firstUser, proxy.consoleUrl));
    await aborted(io.signal);
    await proxy.close(String(io.signal.reason));
    return 0;
  });
}
