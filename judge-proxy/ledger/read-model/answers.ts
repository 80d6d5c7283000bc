/** The questions of the read model, answered from the index and the ledger behind it. Runs in a thread of its own. */

import { clientList } from './client-list.ts';
import { exchangeList } from './exchange-list.ts';
import { rowsById, rowsBySeq } from './exchange-rows.ts';
import { IndexDb } from './index-db.ts';
import { LedgerSource } from './ledger-source.ts';
import { overview } from './overview.ts';
import type { Question } from './protocol.ts';
import { queueCounts, queueItems } from './queues.ts';
import { auditRows, labelRows, shadowAgreement, shadowRows, similar } from './reviews.ts';
import { openIndexForReading } from './schema.ts';

export class Answers {
  readonly #db: IndexDb;
  readonly #source: LedgerSource;

  /** @throws what SQLite throws, LedgerError */
  constructor(url: string, file: string) {
    this.#source = new LedgerSource(url);
    this.#db = new IndexDb(openIndexForReading(file));
  }

  /** @throws {BadCursorError}, and what SQLite throws */
  answer(question: Question): unknown {
    return this.#db.atOnce(() => this.#answered(question));
  }

  #answered(question: Question): unknown {
    const [db, source] = [this.#db, this.#source];
    switch (question[0]) {
      case 'exchanges':
        return exchangeList(db, source, question[1], question[2]);
      case 'rows':
        return rowsById(db, source, question[1]);
      case 'rowsBySeq':
        return rowsBySeq(db, source, question[1]);
      case 'overview':
        return overview(db, question[1]);
      case 'clients':
        return clientList(db, question[1], question[2]);
      case 'queue':
        return queueItems(db, source, question[1]);
      case 'queueCounts':
        return queueCounts(db, question[1]);
      case 'similar':
        return similar(db, source, question[1], question[2]);
      case 'labels':
        return labelRows(db, source, question[1]);
      case 'shadows':
        return shadowRows(db, question[1]);
      case 'shadowAgreement':
        return shadowAgreement(db, question[1]);
      case 'audit':
        return auditRows(db, source, question[1], question[2]);
      default:
        return question satisfies never;
    }
  }

  close(): void {
    this.#db.close();
    this.#source.close();
  }
}
