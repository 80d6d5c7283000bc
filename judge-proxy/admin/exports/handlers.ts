/** The endpoint of downloads: records as a file, in the formats of `npm run export`. */

import { hash } from 'node:crypto';
import type { Query } from '../../contract/endpoints.ts';
import type { Format } from '../../exports/formats.ts';
import { BESIDE_SUBJECTS } from '../../exports/record.ts';
import { isNameless, type Selection } from '../../exports/selection.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { type Clock, timestamp } from '../../telemetry/clock.ts';
import type { Handlers } from '../handlers.ts';
import { instants } from '../period.ts';
import { ApiProblem } from '../problems.ts';
import { exportTexts } from './export-texts.ts';

export interface ExportParts {
  readonly ledger: Pick<Ledger, 'append' | 'head'>;
  /** `sqlite:PATH` of the same ledger, for the thread that reads it. */
  readonly ledgerUrl: string;
  readonly clock: Clock;
}

/** Downloads at one time: each has a thread and some megabytes. */
const MOST = 2;

const FILES: Readonly<Record<Format, readonly [type: string, ending: string]>> = {
  jsonl: ['application/x-ndjson', 'jsonl'],
  csv: ['text/csv; charset=utf-8', 'csv'],
  ocsf: ['application/x-ndjson', 'ocsf.jsonl'],
  otlp: ['application/x-ndjson', 'otlp.jsonl'],
  elastic: ['application/x-ndjson', 'ecs.jsonl'],
  hec: ['application/x-ndjson', 'hec.jsonl'],
};

export function createExportHandlers({ ledger, ledgerUrl, clock }: ExportParts): Pick<Handlers, 'export'> {
  let open = 0;
  return {
    export: async ({ query }, { act, signal }) => {
      const { format, subject, ...given } = query;
      checkPossible(query);
      signal.throwIfAborted();
      if (open >= MOST) throw new ApiProblem('too_many_requests', `${MOST} downloads are running.`);
      open += 1;
      // Ends with the answer, however it ends.
      signal.addEventListener('abort', () => {
        open -= 1;
      });
      const selection: Selection = instants(given);
      const upTo = (await ledger.head())?.seq ?? 0;
      // Recorded first: what leaves the machine without a record would be the worse mistake.
      const after = { format, subject, up_to_seq: upTo, ...told(selection) };
      await ledger.append([{ kind: 'act', record: act('export.download', subject, null, after) }]);
      const [type, ending] = FILES[format];
      return {
        ...{ type, name: `judge-proxy-${subject}-${timestamp(clock).slice(0, 19)}Z.${ending}` },
        body: exportTexts({ url: ledgerUrl, format, subject, selection, upTo }, signal),
      };
    },
  };
}

/** @throws {ApiProblem} `invalid_request` for what a format or a filter has nothing to say about */
function checkPossible({ format, subject, label, min_severity, route, client }: Query<'export'>): void {
  if (format === 'ocsf' && subject === 'connections') {
    throw refused('query.subject', 'connections are no calls of an API: OCSF has verdicts and exchanges');
  }
  if (format !== 'jsonl' && format !== 'csv' && BESIDE_SUBJECTS.some((one) => one === subject)) {
    throw refused('query.subject', 'there are the formats jsonl and csv of these');
  }
  if (subject === 'verdicts') return;
  if (label !== undefined) throw refused('query.label', 'is asked of verdicts alone');
  if (min_severity !== undefined) throw refused('query.min_severity', 'is asked of verdicts alone');
  if (!isNameless(subject)) return;
  if (route !== undefined) throw refused('query.route', 'is nothing that these records have');
  if (client !== undefined) throw refused('query.client', 'is nothing that these records have');
}

function refused(path: string, message: string): ApiProblem {
  return new ApiProblem('invalid_request', undefined, [{ path, message }]);
}

/** As the record of the download tells it: the name of a client must not outlive what is erased of it. */
function told({ client, ...selection }: Selection): Readonly<Record<string, unknown>> {
  return { ...selection, ...(client === undefined ? {} : { client_sha256: hash('sha256', client) }) };
}
