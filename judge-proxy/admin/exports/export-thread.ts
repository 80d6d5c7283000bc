/** Thread that reads the ledger for a download: its pages and formats take no time from traffic. A text for each wish. */

import { parentPort, workerData } from 'node:worker_threads';
import type { Format } from '../../exports/formats.ts';
import type { Subject } from '../../exports/record.ts';
import { exportText } from '../../exports/run-export.ts';
import type { Selection } from '../../exports/selection.ts';
import { openRecordPages } from '../../ledger/record-pages.ts';

export interface ExportOrder {
  /** `sqlite:PATH` */
  readonly url: string;
  readonly format: Format;
  readonly subject: Subject;
  readonly selection: Selection;
  /** Last position that is read: what comes later is for another download. */
  readonly upTo: number;
}

/** The next text, null at the end. */
export type FromExport = string | null;

if (parentPort !== null) {
  const port = parentPort;
  const { url, format, subject, selection, upTo } = workerData as ExportOrder;
  const pages = openRecordPages(url);
  const texts = exportText({
    ...{ pages, format, selection, after: 0, upTo },
    strict: false,
    subjects: [subject],
    progress: () => undefined,
  });
  port.on('message', async () => {
    const { done, value } = await texts.next();
    if (done === true) pages.close();
    port.postMessage((done === true ? null : value) satisfies FromExport);
    if (done === true) port.close();
  });
}
