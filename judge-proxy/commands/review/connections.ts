/** `review list --connections`: what was relayed unread, or refused. */

import type { LedgerReader } from '../../ledger/ledger.ts';
import type { ConnectionRecord } from '../../ledger/records.ts';
import type { CommandIo } from '../command.ts';
import { oneLine } from '../terminal-text.ts';
import { SHORT_ID, summary } from './list.ts';
import type { ReviewOptions } from './options.ts';
import { clockTime, type Mark, NOT_JUDGED, type Paint } from './paint.ts';
import { type Cell, table } from './table.ts';

const HEAD = ['TIME (UTC)', 'WHAT', 'HOST', 'ROUTE', 'CLIENT', 'BYTES UP / DOWN', 'SECONDS', 'REQUEST'];
const WIDTHS = [20, 22, 30, 14, 14, 18, 8];

export async function listConnections(
  reader: LedgerReader,
  { limit, before, json }: ReviewOptions,
  io: CommandIo,
  paint: Paint,
): Promise<void> {
  const connections = await reader.connections({ limit, ...(before === undefined ? {} : { before_seq: before }) });
  const next = connections.length === limit ? (connections.at(-1)?.seq ?? null) : null;
  if (json) {
    io.stdout.write(`${JSON.stringify({ connections, before: next })}\n`);
    return;
  }
  if (connections.length === 0) io.stdout.write('No connection was relayed unread or refused.\n');
  else io.stdout.write(`${table(HEAD, WIDTHS, connections.map(cells), io, paint)}\n`);
  if (next !== null) io.stdout.write(`Older ones: add --before ${next}\n`);
  io.stdout.write(`${summary(await reader.stats(), paint)}\n`);
}

function cells(connection: ConnectionRecord): Cell[] {
  const { ts, host, port, route, client, bytes_up, bytes_down, duration_ms, request_id } = connection;
  return [
    [clockTime(ts)],
    what(connection),
    [`${oneLine(host)}:${port}`],
    [oneLine(route ?? '—')],
    [oneLine(client)],
    [`${bytes_up} / ${bytes_down}`],
    [(duration_ms / 1000).toFixed(1)],
    [oneLine(request_id.slice(0, SHORT_ID))],
  ];
}

function what({ action, error_code, reason }: ConnectionRecord): (string | Mark)[] {
  const why = reason === null ? [] : [oneLine(reason)];
  if (error_code !== null) return [{ text: error_code, style: 'red' }, ...why];
  return [action === 'tunnel' ? { ...NOT_JUDGED, text: `${NOT_JUDGED.text}: tunnel` } : action, ...why];
}
