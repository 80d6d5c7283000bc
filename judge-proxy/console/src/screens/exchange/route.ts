import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { z } from 'zod';
import { needs, signedInRoute } from '../../app/parent-routes.tsx';
import { searchOf } from '../../app/search.ts';

const search = z.strictObject({ view: z.enum(['conversation', 'raw']) });

export const exchangeRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/exchanges/$id',
  validateSearch: searchOf(search),
  component: lazyRouteComponent(() => import('./page.tsx')),
  ...needs('exchanges:read'),
});
