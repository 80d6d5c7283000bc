import type { PeriodTimes } from '../../shared/period.ts';

/** The period of the overview, as the list of exchanges takes it. */
export type LinkedPeriod = PeriodTimes & { readonly route?: string; readonly client?: string };
