import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { needs, signedInRoute } from '../../app/parent-routes.tsx';
import { searchOf } from '../../app/search.ts';
import { periodSearch } from '../../shared/period-search.ts';

export const clientsRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/clients',
  validateSearch: searchOf(periodSearch),
  component: lazyRouteComponent(() => import('./page.tsx')),
  ...needs('exchanges:read'),
});
