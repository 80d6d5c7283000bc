/**
 * Which exchanges are in the control sample: drawn by their id, so that queue, labels and figures agree on it for ever.
 * The draw is not that by which routes sample for the model (judge/sampling.ts): with one draw for both, every exchange
 * of the control sample would be one that the model was asked about, and recall would be that of the asked alone.
 */

import { hash } from 'node:crypto';

/** What a double holds exactly. */
const BITS = 52;

/** @returns integer, 0 ≤ draw < 2^52, uniform over ids */
export function controlDraw(exchangeId: string): number {
  return Number.parseInt(hash('sha256', `control\n${exchangeId}`).slice(0, BITS / 4), 16);
}

/** Draws below this are in a sample of that rate, 0 to 1. */
export function drawLimit(rate: number): number {
  return rate * 2 ** BITS;
}

export function isDrawn(exchangeId: string, rate: number): boolean {
  return controlDraw(exchangeId) < drawLimit(rate);
}
