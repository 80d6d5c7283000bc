import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { exchangeFilter } from '../../../../contract/requests.ts';
import { needs, signedInRoute } from '../../app/parent-routes.tsx';
import { searchOf } from '../../app/search.ts';

export const exchangesRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/exchanges',
  validateSearch: searchOf(exchangeFilter),
  component: lazyRouteComponent(() => import('./page.tsx')),
  ...needs('exchanges:read'),
});
