import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { needs, signedInRoute } from '../../app/parent-routes.tsx';

export const sinksRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/sinks',
  component: lazyRouteComponent(() => import('./page.tsx')),
  ...needs('sinks:read'),
});
