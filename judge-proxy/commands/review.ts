/** `npm run review -- list | show ID | tail | costs`: the ledger in the terminal, read-only, also while the proxy runs. */

import type { LedgerReader } from '../ledger/ledger.ts';
import { LookupError } from '../ledger/ledger-error.ts';
import { openReader } from '../ledger/reader.ts';
import { systemClock } from '../telemetry/clock.ts';
import { CommandError, type CommandIo } from './command.ts';
import { guarded, UsageError } from './options.ts';
import { listConnections } from './review/connections.ts';
import { showCosts } from './review/costs.ts';
import { list } from './review/list.ts';
import { ledgerUrl, type ReviewOptions, readReviewOptions } from './review/options.ts';
import { paintFor } from './review/paint.ts';
import { showExchange } from './review/show.ts';
import { tail } from './review/tail.ts';
import { oneLine } from './terminal-text.ts';

const HELP = `npm run review -- list | show ID | tail | costs  [options]

  list       verdicts, newest first, and the exchanges that have none
  show ID    one exchange: verdict, criteria, evidence, conversation, place in the chain
             ID is that of exchange, verdict or request, or its first characters (6 at least)
  tail       the last verdicts, then each new one, until Ctrl-C
  costs      what the traffic cost and what judging it cost, by route and by client

Options
  --ledger URL     ledger to read ($JUDGE_PROXY_LEDGER, or sqlite:data/ledger.db)
  --config FILE    read the ledger of this configuration instead
  --limit N        rows of a page (20; 1000 at most)
  --before SEQ     list: only what stands before this position in the ledger
  --label WORD     clean, violation or undetermined
  --severity WORD  this severity or graver: none, low, medium, high, critical
  --route NAME, --client NAME, --host NAME, --api NAME
  --connections    list: tunnels and refusals, which no judge saw
  --since TIME, --until TIME
                   costs: exchanges of this time, 2026-01-31 or 2026-01-31T12:00Z (UTC), or 36h or 7d back from now
  --json           list: { "verdicts": [ … ] }; show: the whole exchange; tail: one verdict a line; costs: all sums
`;

export async function review(args: readonly string[], io: CommandIo): Promise<number> {
  return await guarded(io, HELP, async () => {
    const options = readReviewOptions(args, systemClock.now());
    const [action, ...rest] = options.words;
    if (options.help) {
      io.stdout.write(HELP);
      return 0;
    }
    const run = ACTIONS.get(action ?? '');
    if (run === undefined) throw new UsageError(action === undefined ? 'Say what to do.' : `There is no '${action}'.`);
    if (rest.length !== (action === 'show' ? 1 : 0)) {
      throw new UsageError(action === 'show' ? 'show takes one ID.' : `${action} takes options only.`);
    }
    const reader = openReader(await ledgerUrl(options, io));
    try {
      await run(reader, options, io);
      return 0;
    } finally {
      await reader.close();
    }
  });
}

type Action = (reader: LedgerReader, options: ReviewOptions, io: CommandIo) => Promise<void>;

const ACTIONS: ReadonlyMap<string, Action> = new Map<string, Action>([
  ['list', (reader, options, io) => (options.connections ? listConnections : list)(reader, options, io, paintFor(io))],
  ['show', show],
  ['costs', (reader, options, io) => showCosts(reader, options, io, paintFor(io))],
  ['tail', (reader, options, io) => tail(reader, options, io, paintFor(io))],
]);

async function show(reader: LedgerReader, { words, json }: ReviewOptions, io: CommandIo): Promise<void> {
  const id = words[1] ?? '';
  const view = await reader.exchange(id).catch((error: unknown) => {
    throw error instanceof LookupError ? new CommandError(error.message) : error;
  });
  if (view === null) throw new CommandError(`The ledger has no exchange, verdict or request '${oneLine(id)}'.`);
  if (!json) {
    io.stdout.write(showExchange(view, paintFor(io)));
    return;
  }
  const parsed = (json: string | null): unknown => (json === null ? null : JSON.parse(json));
  const [content, request_content] = [parsed(view.content), parsed(view.request_content)];
  io.stdout.write(`${JSON.stringify({ ...view, content, request_content })}\n`);
}
