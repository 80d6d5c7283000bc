/** `npm run verify`: is the ledger what was written? Read-only, also while the proxy runs. */

import { existsSync } from 'node:fs';
import { keyId } from '../ledger/checkpoint.ts';
import { publicPem, readPublicKey } from '../ledger/checkpoint-key.ts';
import { verifyLedger } from '../ledger/verify.ts';
import { systemClock } from '../telemetry/clock.ts';
import { CommandError, type CommandIo } from './command.ts';
import { guarded, UsageError } from './options.ts';
import { paintFor } from './review/paint.ts';
import { readVerifyArguments, type VerifyArguments } from './verify-options.ts';
import { createVerifyProgress } from './verify-progress.ts';
import { printReport } from './verify-report.ts';

const HELP = `npm run verify [-- options]

Checks that each record of the ledger is the one that was written, in its place, that contents and tables are what the
records say, and that signed checkpoints agree. Names the first record that is not.

Options
  --ledger URL         ledger to check ($JUDGE_PROXY_LEDGER, or sqlite:data/ledger.db)
  --config FILE        check the ledger of this configuration, and all of its checkpoint files
  --from SEQ, --to SEQ only this part
  --checkpoints FILE   checkpoints that were kept elsewhere, or a log that carries them; may be given several times
                       (the file beside the ledger)
  --public-key FILE    key that signed them, PEM (the one beside the ledger)
  --show-key           prints the public key, to be kept where the ledger is not
  --json               the whole report as one JSON object

Exit code 0 the ledger holds, 1 it does not, 2 it could not be checked.
`;

export async function verify(args: readonly string[], io: CommandIo): Promise<number> {
  let checked = false;
  const code = await guarded(io, HELP, async () => {
    const options = await readVerifyArguments(args, io);
    if (options.help) {
      io.stdout.write(HELP);
      return 0;
    }
    if (options.showKey) return showKey(options, io);
    const holds = await check(options, io);
    checked = true;
    return holds ? 0 : 1;
  });
  // A script must be able to tell a ledger that was changed from one that it did not find.
  return code === 1 && !checked ? 2 : code;
}

function showKey({ publicKey }: VerifyArguments, io: CommandIo): number {
  if (!existsSync(publicKey)) throw new CommandError(`${publicKey} does not exist: the first start makes it.`);
  io.stdout.write(publicPem(readPublicKey(publicKey)));
  return 0;
}

async function check(options: VerifyArguments, io: CommandIo): Promise<boolean> {
  const { url, from, to, checkpoints } = options;
  const publicKey = keyFor(options);
  const progress = createVerifyProgress(io.stderr, systemClock);
  const started = systemClock.monotonic();
  const report = await verifyLedger({
    ...{ url, from, to, checkpoints, publicKey, signal: io.signal },
    progress: progress.step,
  })
    .catch((error: unknown) => {
      if (io.signal.aborted) throw new CommandError('Stopped before the end: nothing is said about the ledger.');
      throw error;
    })
    .finally(() => progress.end());
  const ms = systemClock.monotonic() - started;
  const key_id = publicKey === null ? null : keyId(publicKey);
  if (options.json) io.stdout.write(`${JSON.stringify({ ...report, key_id, duration_ms: Math.round(ms) })}\n`);
  else io.stdout.write(printReport(report, key_id, ms, paintFor(io)));
  return report.holds;
}

/** @throws {UsageError} when there are checkpoints and no key: then half of the check would be left out in silence */
function keyFor({ publicKey, checkpoints }: VerifyArguments) {
  if (existsSync(publicKey)) return readPublicKey(publicKey);
  if (!checkpoints.some((file) => existsSync(file))) return null;
  throw new UsageError(`There are checkpoints, but no public key at ${publicKey}. Name it with --public-key.`);
}
