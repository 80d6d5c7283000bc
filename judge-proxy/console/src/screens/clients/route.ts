import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { needs, signedInRoute } from '../../app/parent-routes.tsx';

export const clientsRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/clients',
  component: lazyRouteComponent(() => import('./page.tsx')),
  ...needs('exchanges:read'),
});
