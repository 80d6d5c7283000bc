/** Thread that answers questions to the ledger: a slow one delays neither traffic nor the writer. */

import { parentPort, workerData } from 'node:worker_threads';
import type { LedgerReader } from './ledger.ts';
import { LookupError } from './ledger-error.ts';
import { type ErasureReader, openReader } from './reader.ts';
import type { Value } from './tables/statements-of-tables.ts';

type Asked = LedgerReader & ErasureReader;

/** A question and its argument, by the names of LedgerReader and ErasureReader. */
export type Question = {
  [K in Exclude<keyof Asked, 'close'>]: readonly [name: K, ...argument: Parameters<Asked[K]>];
}[Exclude<keyof Asked, 'close'>];

export type ToReader = readonly [id: number, question: Question] | 'close';

export type FromReader =
  | readonly [id: number, ok: true, answer: unknown]
  | readonly [id: number, ok: false, kind: 'lookup' | 'failed', message: string];

export interface ReaderData {
  readonly url: string;
}

if (parentPort !== null) {
  const port = parentPort;
  const reader = openReader((workerData as ReaderData).url);
  port.on('message', async (message: ToReader) => {
    if (message === 'close') {
      await reader.close();
      port.close();
      return;
    }
    const [id, question] = message;
    port.postMessage(await answered(id, reader, question));
  });
}

async function answered(id: number, reader: Asked, question: Question): Promise<FromReader> {
  try {
    return [id, true, await ask(reader, question)];
  } catch (error) {
    const message = error instanceof Error ? error.message : 'unknown';
    return [id, false, error instanceof LookupError ? 'lookup' : 'failed', message];
  }
}

function ask(reader: Asked, question: Question): Promise<unknown> {
  switch (question[0]) {
    case 'verdicts':
      return reader.verdicts(question[1]);
    case 'unjudged':
      return reader.unjudged(question[1]);
    case 'exchange':
      return reader.exchange(question[1]);
    case 'connections':
      return reader.connections(question[1]);
    case 'stats':
      return reader.stats();
    case 'costs':
      return reader.costs(question[1]);
    case 'earlier':
      return reader.earlier(question[1]);
    case 'spending':
      return reader.spending(question[1]);
    case 'rows':
      return reader.rows(question[1], ...(question.slice(2) as Value[]));
    case 'sealed':
      return reader.sealed(question[1]);
    case 'erasable':
      return reader.erasable(question[1]);
    case 'erasuresUnderWay':
      return reader.erasuresUnderWay();
    case 'head':
      return reader.head(question[1]);
    default:
      return question satisfies never;
  }
}
