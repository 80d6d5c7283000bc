/** Sinks as administrators see them: where records go, what waits, and a test event. */

import type { Ledger } from '../../ledger/ledger.ts';
import type { Sinks } from '../../sinks/sinks.ts';
import type { Handlers } from '../handlers.ts';
import { ApiProblem } from '../problems.ts';

export interface SinkHandlerParts {
  readonly sinks: Pick<Sinks, 'rows' | 'test'>;
  readonly ledger: Pick<Ledger, 'append'>;
}

export function createSinkHandlers({ sinks, ledger }: SinkHandlerParts): Pick<Handlers, 'list_sinks' | 'test_sink'> {
  return {
    list_sinks: async () => sinks.rows(),
    test_sink: async ({ params: { name } }, context) => {
      if (!sinks.rows().some((row) => row.name === name)) throw new ApiProblem('not_found');
      await ledger.append([{ kind: 'act', record: context.act('sink.test', name, null, null) }]);
      const code = await sinks.test(name);
      if (code === undefined) throw new ApiProblem('not_found');
      if (code !== null) throw new ApiProblem('not_possible', `The sink did not take it: ${code}.`);
      return sinks.rows();
    },
  };
}
