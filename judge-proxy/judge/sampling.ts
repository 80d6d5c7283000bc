/** Which exchanges the model is asked about, where a route asks about a part of them. */

import { hash } from 'node:crypto';

export interface Sampled {
  /** Probability with which an exchange like this one is asked about: what a rate computed from verdicts divides by. */
  readonly probability: number;
  readonly asked: boolean;
}

/**
 * @param probability of the route, 0 to 1
 * @param hit a rule found something: such an exchange is always asked about
 * @param draw 0 ≤ draw < 1, uniform
 */
export function sample(probability: number, hit: boolean, draw: number): Sampled {
  if (hit) return { probability: 1, asked: true };
  return { probability, asked: draw < probability };
}

/** More than a double's mantissa needs would only be rounded away. */
const BITS = 48;

/**
 * The draw of an exchange: the same for each of its windows, for each try of its job, and after a restart. A new draw
 * a try would make the true probability another one than the verdict says. Ids are ours and random (UUIDv7), so no
 * client can choose its draw.
 * @returns 0 ≤ draw < 1
 */
export function drawOf(exchangeId: string): number {
  return Number.parseInt(hash('sha256', exchangeId).slice(0, BITS / 4), 16) / 2 ** BITS;
}
