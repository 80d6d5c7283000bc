/** The handlers of users, tokens and the audit. */

import type { AuditFilter, PageRequest } from '../../ledger/read-model/rows.ts';
import type { Handlers } from '../handlers.ts';
import type { AccountParts, AuditParts } from './account-parts.ts';
import { createTokenHandlers } from './token-handlers.ts';
import { createUserHandlers } from './user-handlers.ts';

type AccountHandlers = ReturnType<typeof createUserHandlers> & ReturnType<typeof createTokenHandlers>;

export function createAccountHandlers(parts: AccountParts): AccountHandlers {
  return { ...createUserHandlers(parts), ...createTokenHandlers(parts) };
}

export function createAuditHandlers({ readModel }: AuditParts): Pick<Handlers, 'audit'> {
  return {
    audit: async ({ query: { cursor, limit, ...given } }) => {
      const filter = present(given) as AuditFilter;
      const page = present({ cursor, limit }) as unknown as PageRequest;
      return await readModel.audit(filter, page);
    },
  };
}

/** Without keys whose value is undefined. */
function present(given: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}
