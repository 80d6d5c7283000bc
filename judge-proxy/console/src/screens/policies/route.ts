import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { needs, signedInRoute } from '../../app/parent-routes.tsx';

export const policiesRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/policies',
  component: lazyRouteComponent(() => import('./page.tsx')),
  ...needs('policies:read'),
});

export const policyRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/policies/$judge',
  component: lazyRouteComponent(() => import('./policy-page.tsx')),
  ...needs('policies:read'),
});
