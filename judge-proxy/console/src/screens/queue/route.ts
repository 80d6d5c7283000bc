import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { z } from 'zod';
import { QUEUES } from '../../../../ledger/acts.ts';
import { needs, signedInRoute } from '../../app/parent-routes.tsx';
import { searchOf } from '../../app/search.ts';

const search = z.strictObject({
  queue: z.enum(QUEUES).optional(),
  blind: z.enum(['true', 'false']).optional(),
  opinions: z.enum(['1', '2', '3']).optional(),
});

export const queueRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/queue',
  validateSearch: searchOf(search),
  component: lazyRouteComponent(() => import('./page.tsx')),
  ...needs('labels:write'),
});
