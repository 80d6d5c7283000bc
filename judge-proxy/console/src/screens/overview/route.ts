import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { z } from 'zod';
import { periodQuery } from '../../../../contract/requests.ts';
import { needs, signedInRoute } from '../../app/parent-routes.tsx';
import { searchOf } from '../../app/search.ts';

/** Either a span that moves with the clock, or two times. */
const search = periodQuery.extend({ last: z.enum(['1h', '24h', '7d', '30d']) });

export const overviewRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/',
  validateSearch: searchOf(search),
  component: lazyRouteComponent(() => import('./page.tsx')),
  ...needs('exchanges:read'),
});
