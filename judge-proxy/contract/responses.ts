/**
 * What the admin API answers, with the types of the ledger's own rows: a schema that drifts from them does not compile.
 * The server hands these schemas out as its description; every test of an endpoint holds its answers against them.
 */

export * from './answers/accounts.ts';
export * from './answers/exchanges.ts';
export * from './answers/operations.ts';
export * from './answers/policies.ts';
export * from './answers/quality.ts';
export * from './answers/replays.ts';
export * from './answers/review.ts';
