import { z } from 'zod';
import { periodQuery } from '../../../contract/requests.ts';
import { SPANS } from './period.ts';

/** Either a span that moves with the clock, or two times. */
export const periodSearch = periodQuery.extend({ last: z.enum(SPANS) });
