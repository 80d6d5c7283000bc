/** A ledger that keeps its records in memory, tells of each, and commits when the test lets it. */

import { EventEmitter } from 'node:events';
import type { ConnectionRecord, ExchangeCompleted, ExchangeOpened } from '../../ledger/records.ts';

/** The ledger's writing side, in memory. */
export class MemoryLedger {
  readonly opened: ExchangeOpened[] = [];
  readonly completed: ExchangeCompleted[] = [];
  readonly connections: ConnectionRecord[] = [];
  /** Everything in the order in which it was asked for, and `request` when the origin got one. */
  readonly order: string[] = [];
  /** Emits `open`, `complete`, `connection` with the record, when it was asked for. */
  readonly events = new EventEmitter();
  /** Awaited before a record counts as committed. */
  openGate: () => Promise<void> = async () => {};
  completeGate: () => Promise<void> = async () => {};

  async open(record: ExchangeOpened): Promise<void> {
    this.opened.push(record);
    this.events.emit('open', record);
    await this.openGate();
    this.order.push('open');
  }

  async complete(record: ExchangeCompleted): Promise<void> {
    this.events.emit('complete', record);
    await this.completeGate();
    this.completed.push(record);
    this.order.push('complete');
    this.events.emit('completed', record);
  }

  /** Nothing went before. */
  async earlier(): Promise<null> {
    return null;
  }

  async connection(record: ConnectionRecord): Promise<void> {
    this.connections.push(record);
    this.events.emit('connection', record);
  }
}
