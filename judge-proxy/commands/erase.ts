/**
 * `npm run erase`: erases from a ledger while the proxy is stopped. The ledger has one writer: while the proxy runs, that
 * is the proxy, and it erases by its console and its API.
 */

import { userInfo } from 'node:os';
import type { Config } from '../config/schema.ts';
import { ERASURE_TIERS, type ErasureTier } from '../ledger/acts.ts';
import type { ErasureReport, Ledger } from '../ledger/ledger.ts';
import { LedgerError, LookupError } from '../ledger/ledger-error.ts';
import { indexFile, removeIndex } from '../ledger/read-model/schema.ts';
import { openReader } from '../ledger/reader.ts';
import { retentionOrders } from '../ledger/retention.ts';
import { believeClock } from '../ledger/retention-clock.ts';
import { openLedger } from '../ledger/sqlite.ts';
import { systemClock } from '../telemetry/clock.ts';
import { createLog } from '../telemetry/log.ts';
import { CommandError, type CommandIo } from './command.ts';
import { DEFAULT_CONFIG, guarded, readConfig, readOptions, UsageError } from './options.ts';
import { confirmed } from './replay/confirm.ts';
import { oneLine } from './terminal-text.ts';

const HELP = `npm run erase -- --exchange ID | --client NAME --tier TIER [options]
npm run erase -- --retention-now [options]

Erases what the ledger keeps of an exchange, or of everything that a client did. It cannot be undone. The judge proxy has
to be stopped; while it runs, erase in its console or by POST /api/erasures. What was erased, when and by whom is recorded.

  --exchange ID   this exchange
  --client NAME   all exchanges of this client; with metadata its connections, too
  --tier TIER     sealed     the sealed originals
                  text       those, and all words: what the judge saw, quotes, explanations, previews, notes
                  metadata   those, and the records themselves: only their places in the chain stay
  --retention-now everything that ledger.retention keeps no longer, by the clock of this machine: when the proxy holds
                  erasing back because that clock leapt, and it is right
  --yes           does not ask
  --config FILE   configuration that names the ledger (${DEFAULT_CONFIG})
  --json          what was done as one JSON object

Exit code 0 done, 1 not or not all of it, 2 wrong arguments.
`;

const OPTIONS = {
  exchange: { type: 'string' },
  client: { type: 'string' },
  tier: { type: 'string' },
  'retention-now': { type: 'boolean' },
  yes: { type: 'boolean' },
  config: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean' },
} as const;

interface Order {
  readonly scope:
    | { readonly kind: 'exchange'; readonly exchange_id: string }
    | { readonly kind: 'client'; readonly client: string };
  readonly tier: ErasureTier;
  readonly yes: boolean;
  readonly json: boolean;
}

export async function erase(args: readonly string[], io: CommandIo): Promise<number> {
  return await guarded(io, HELP, async () => {
    const values = readOptions(args, OPTIONS);
    if (values.help) {
      io.stdout.write(HELP);
      return 0;
    }
    const order = orderOf(values);
    const config = await readConfig(values.config, io);
    if (order === 'retention') return await eraseByAge(config, values, io);
    await checkKnown(config.ledger.url, order);
    const ledger = await openForWriting(config);
    try {
      if (!(await agreed(described(order), order.yes, io))) throw new CommandError('Nothing was erased.');
      return tell(await carryOut(ledger, order, config), order, io);
    } finally {
      await ledger.close();
    }
  });
}

/** What retention would erase if it believed the clock; from then on it does. */
async function eraseByAge(config: Config, flags: { yes?: boolean; json?: boolean }, io: CommandIo): Promise<number> {
  const now = systemClock.now();
  const actor = { kind: 'cli', name: userInfo().username } as const;
  const orders = retentionOrders(config.ledger.retention, now, actor);
  if (orders.length === 0) throw new CommandError('ledger.retention of the configuration keeps everything for ever.');
  // A reader first: it says so of a ledger that is not there, and makes none.
  await openReader(config.ledger.url).close();
  const ledger = await openForWriting(config);
  try {
    const times = orders.map(({ tier, scope }) => `${tier} from before ${scope.before}`).join(', ');
    const what = `${times} (it is ${new Date(now).toISOString()} by the clock of this machine)`;
    if (!(await agreed(what, flags.yes === true, io))) throw new CommandError('Nothing was erased.');
    const reports: ErasureReport[] = [];
    for (const order of orders) reports.push(await ledger.erase(order));
    await believeClock(ledger, now);
    removeIndex(indexFile(config.ledger.url));
    return tellOfAges(reports, orders, flags.json === true, io);
  } finally {
    await ledger.close();
  }
}

function tellOfAges(
  reports: readonly ErasureReport[],
  orders: ReturnType<typeof retentionOrders>,
  json: boolean,
  io: CommandIo,
): number {
  const lines = reports.map(({ exchanges, records }, index) => {
    const { tier, scope } = orders[index] ?? { tier: '', scope: { before: '' } };
    return `Erased ${tier} from before ${scope.before}: ${exchanges} exchanges, ${records} records.`;
  });
  io.stdout.write(json ? `${JSON.stringify({ erasures: reports })}\n` : `${lines.join('\n')}\n`);
  return reports.some(({ left }) => left > 0) ? 1 : 0;
}

interface Values {
  readonly exchange?: string;
  readonly client?: string;
  readonly tier?: string;
  readonly 'retention-now'?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** @throws {UsageError} */
function orderOf(values: Values): Order | 'retention' {
  const { exchange, client } = values;
  if (values['retention-now'] === true) {
    if (exchange ?? client ?? values.tier) throw new UsageError('--retention-now goes with none of the others.');
    return 'retention';
  }
  if ((exchange === undefined) === (client === undefined)) throw new UsageError('Give --exchange or --client.');
  const tier = ERASURE_TIERS.find((known) => known === values.tier);
  if (tier === undefined) throw new UsageError(`--tier is one of ${ERASURE_TIERS.join(', ')}.`);
  const scope =
    client === undefined
      ? ({ kind: 'exchange', exchange_id: exchange ?? '' } as const)
      : ({ kind: 'client', client } as const);
  return { scope, tier, yes: values.yes === true, json: values.json === true };
}

/** A prefix names an exchange to read; to erase one it takes its whole id. */
async function checkKnown(url: string, { scope }: Order): Promise<void> {
  const reader = openReader(url);
  try {
    if (scope.kind !== 'exchange') return;
    const view = await reader.exchange(scope.exchange_id);
    if (view?.opened.exchange_id === scope.exchange_id) return;
    throw new CommandError(
      view === null
        ? 'The ledger has no such exchange, or nothing of it any more.'
        : `Give the whole id: ${view.opened.exchange_id}`,
    );
  } catch (error) {
    throw error instanceof LookupError ? new CommandError(error.message) : error;
  } finally {
    await reader.close();
  }
}

async function openForWriting(config: Config): Promise<Ledger> {
  const { url, durability, checkpoints } = config.ledger;
  try {
    const log = createLog({ level: 'silent', format: 'json', verdictFields: [] });
    return await openLedger({ url, durability, clock: systemClock, log, checkpoints });
  } catch (error) {
    if (!(error instanceof LedgerError) || error.reason !== 'in_use') throw error;
    throw new CommandError(
      'The judge proxy runs, and it alone writes its ledger. Erase in its console or by POST /api/erasures, or stop the proxy and run this again.',
    );
  }
}

async function agreed(what: string, yes: boolean, io: CommandIo): Promise<boolean> {
  if (yes) return true;
  if (io.stdin?.isTTY !== true) throw new UsageError('There is nobody to ask: give --yes.');
  return await confirmed(`Erase ${what}? This cannot be undone. [y/N] `, io);
}

function described({ scope, tier }: Order): string {
  const of = scope.kind === 'exchange' ? `exchange ${scope.exchange_id}` : `client ${oneLine(scope.client)}`;
  return `${tier} of ${of}`;
}

async function carryOut(ledger: Ledger, { scope, tier }: Order, config: Config): Promise<ErasureReport> {
  const actor = { kind: 'cli', name: userInfo().username } as const;
  const report = await ledger.erase({ actor, reason: 'request', tier, scope });
  // It has words and names of its own, and is made anew from the ledger at the next start.
  if (tier !== 'sealed') removeIndex(indexFile(config.ledger.url));
  return report;
}

function tell(report: ErasureReport, order: Order, io: CommandIo): number {
  const { exchanges, records, left, kept, erasure_id } = report;
  const lines = [`Erased ${described(order)}: ${exchanges} exchanges, ${records} records (erasure ${erasure_id}).`];
  if (left > 0) lines.push(`Left for later: ${left} exchanges that are open, or wait for their verdict.`);
  if (kept > 0) {
    lines.push(`Kept: ${kept} records from before schema 5, whose hash is of the record itself. See docs/ledger.md.`);
  }
  io.stdout.write(order.json ? `${JSON.stringify(report)}\n` : `${lines.join('\n')}\n`);
  return left + kept > 0 ? 1 : 0;
}
